//! What stands around the items of a page: look-up tables and the next page's address. Pure.

use serde_json::{Map, Value};

use super::{Session, shape::absolute};
use crate::extract::{
    error::ExtractError, fields::FieldFailures, jq::Variables, kind::ReadOptions, page::Page, plan::NextLink,
};

/// Most rows of one look-up table.
const MAX_ROWS: usize = 100_000;

impl Session {
    /// The tables of the page as `$lookups`, and the programs that failed in each.
    pub(super) fn lookups(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<(jaq_json::Val, Vec<(String, FieldFailures)>), ExtractError> {
        let mut tables = Map::new();
        let mut failures = Vec::new();
        for lookup in &self.plan.lookups {
            let reading = lookup.kind.read(
                page,
                variables,
                &ReadOptions {
                    max_items: MAX_ROWS,
                    want_item: false,
                    want_document: false,
                    ..*options
                },
            )?;
            failures.push((format!("lookups.{}", lookup.name), reading.failures));
            let mut table = Map::new();
            for row in reading.list.items {
                let row = Value::from(row.fields);
                let key = lookup
                    .key
                    .first(&row, variables)
                    .map_err(|problem| ExtractError::Program {
                        path: lookup.key.place().to_owned(),
                        problem,
                    })?;
                let key = match key {
                    Value::Null => continue,
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                table.entry(key).or_insert(row);
            }
            tables.insert(lookup.name.clone(), Value::Object(table));
        }
        Ok((Variables::value(&Value::Object(tables)), failures))
    }

    /// Absolute address of the next page, where the page names one.
    pub(super) fn next_address(
        &self,
        page: &Page<'_>,
        document: &Value,
        variables: &Variables,
    ) -> Result<Option<String>, ExtractError> {
        let found = match &self.plan.next {
            None => None,
            Some(NextLink::Css(selector)) => page.html()?.next_link(selector),
            Some(NextLink::Path(program)) => match program.first(document, variables) {
                Ok(Value::String(address)) => Some(address),
                Ok(_) => None,
                Err(problem) => {
                    return Err(ExtractError::Program {
                        path: program.place().to_owned(),
                        problem,
                    });
                }
            },
        };
        Ok(found
            .filter(|address| !address.trim().is_empty())
            .and_then(|address| absolute(&page.base_url(), &address)))
    }
}
