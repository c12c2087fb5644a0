//! The `jsonLd` kind: JSON-LD, and microdata if asked. Pure.

use std::borrow::Cow;

use serde_json::Value;
use sms_crds::v1alpha1::JsonLdExtract;

use super::{ReadOptions, Reading, raw_names, reading, with_document};
use crate::extract::{
    error::{ExtractError, PlanError},
    fields::FieldPrograms,
    html::{CompiledSelector, compile_selector, microdata},
    jq::Variables,
    json_ld::{self, Json},
    page::Page,
};

/// What the type of a script of JSON-LD holds, in lower case.
const SCRIPT_TYPE: &str = "ld+json";

/// JSON-LD and microdata.
pub struct JsonLdKind {
    scripts: CompiledSelector,
    types: Vec<String>,
    microdata: bool,
    pub(super) fields: FieldPrograms,
}

impl JsonLdKind {
    pub(super) fn compile(spec: &JsonLdExtract, path: &str) -> Result<Self, PlanError> {
        Ok(Self {
            scripts: compile_selector(&format!("script[type*=\"{SCRIPT_TYPE}\" i]"), path)?,
            types: spec.types.clone(),
            microdata: spec.microdata,
            fields: FieldPrograms::compile(&spec.fields, path)?,
        })
    }

    pub(super) fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<Reading, ExtractError> {
        let scripts = self.scripts(page)?;
        let (mut values, warnings) = json_ld::scripts_to_values(&scripts);
        if self.microdata && !page.looks_like_json() {
            values.extend(microdata::items(page.html()?).into_iter().map(Json::from));
        }
        if values.is_empty() {
            let problem = match warnings.first() {
                Some(warning) => warning.clone(),
                None => "the page holds no script of type application/ld+json".to_owned(),
            };
            return Err(ExtractError::Parse {
                format: "JSON-LD",
                problem,
            });
        }
        let document = if self.fields.mentions("$document") {
            values.iter().map(Value::from).collect()
        } else {
            Value::Null
        };
        let variables = with_document(variables, &document, !document.is_null());
        let mut list = json_ld::read_objects(&values, &self.types, &raw_names(&self.fields, options));
        list.warnings.extend(warnings);
        if list.items.len() > options.max_items {
            list.items.truncate(options.max_items);
            list.truncated = true;
        }
        Ok(Reading {
            document,
            ..reading(list, &self.fields, &variables)
        })
    }
    /// The page itself where it is JSON, else its scripts.
    fn scripts<'p>(&self, page: &'p Page<'_>) -> Result<Vec<Cow<'p, str>>, ExtractError> {
        if page.looks_like_json() {
            return Ok(vec![Cow::Borrowed(page.text())]);
        }
        let scanned = match self.microdata {
            true => None,
            false => page.scanned_scripts(SCRIPT_TYPE),
        };
        match scanned {
            Some(scripts) => Ok(scripts),
            None => Ok(page
                .html()?
                .scripts(&self.scripts)
                .into_iter()
                .map(Cow::Owned)
                .collect()),
        }
    }
}
