//! The `json` extractor: a page that is JSON, or a script of an HTML page that holds some. Pure.

mod direct;
mod stream;

use serde_json::Value;
use sms_crds::v1alpha1::JsonExtract;

use super::{
    error::{ExtractError, PlanError},
    fields::{FieldFailures, FieldPrograms},
    html::{CompiledSelector, compile_selector},
    item::{ItemList, SourceItem},
    jq::{Program, Variables},
    kind::{ReadOptions, with_document},
    literal,
    page::Page,
    wanted::Wanted,
};
use crate::event::RawItem;
pub(crate) use stream::ItemSink;

/// A compiled `json` extractor.
pub struct JsonPlan {
    within: Option<CompiledSelector>,
    within_text: String,
    attribute: Option<String>,
    variable: Option<String>,
    /// `items` gets a list of every script's value.
    slurp: bool,
    items: Program,
    fields: FieldPrograms,
    /// What of a page the programs look at, where all of them are plain paths.
    wanted: Option<Wanted>,
}

impl JsonPlan {
    /// Compiles the selectors and programs at `path` of the manifest.
    pub fn compile(spec: &JsonExtract, path: &str) -> Result<Self, PlanError> {
        let within = match &spec.within {
            Some(css) => Some(compile_selector(css, &format!("{path}.within"))?),
            None => None,
        };
        let items = Program::compile(spec.items.as_deref().unwrap_or("."), format!("{path}.items"))?;
        let fields = FieldPrograms::compile(&spec.fields, path)?;
        let wanted = match (items.path(), fields.paths()) {
            (Some(items), Some(fields)) if !fields.is_empty() => Some(Wanted::new(items, fields.into_iter())),
            _ => None,
        };
        Ok(Self {
            within,
            within_text: spec.within.clone().unwrap_or_default(),
            attribute: spec.attribute.clone(),
            variable: spec.variable.clone(),
            slurp: spec.slurp,
            items,
            fields,
            wanted,
        })
    }

    /// The items of a page, its JSON (null unless it is wanted), and the field programs that failed on some items.
    pub fn read(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<(ItemList, Value, FieldFailures), ExtractError> {
        if let Some(direct) = self.direct(page, variables, options) {
            let (list, failures) = direct?;
            return Ok((list, Value::Null, failures));
        }
        let documents = self.documents(page)?;
        let document = match documents.as_slice() {
            _ if !(options.want_document || self.needs_document()) => Value::Null,
            [single] => single.clone(),
            several => Value::from(several.to_vec()),
        };
        let variables = with_document(variables, &document, self.needs_document());
        let (list, failures) = self.items(documents, &variables, options)?;
        Ok((list, document, failures))
    }

    /// The JSON of the page: one value, or a list of them where several scripts match `within`.
    fn documents(&self, page: &Page<'_>) -> Result<Vec<Value>, ExtractError> {
        let text = page.text();
        match &self.within {
            Some(selector) if !page.looks_like_json() => {
                let html = page.html()?;
                match &self.attribute {
                    Some(name) => self.read_scripts(&html.attributes(selector, name)),
                    None => self.read_scripts(&html.scripts(selector)),
                }
            }
            _ => serde_json::from_str(without_guard(text))
                .or_else(|error| {
                    literal::called_value(text)
                        .filter(|_| self.variable.is_none())
                        .or_else(|| literal::assigned_value(text, self.variable.as_deref()).ok())
                        .ok_or(error)
                })
                .map(|value| vec![value])
                .map_err(|error| parse_error(text, &error)),
        }
    }

    fn read_scripts(&self, scripts: &[String]) -> Result<Vec<Value>, ExtractError> {
        let fail = |problem: String| ExtractError::Parse {
            format: "JSON",
            problem,
        };
        if scripts.is_empty() {
            return Err(fail(format!(
                "no element of the page matches within: {:?}{}",
                self.within_text,
                self.attribute
                    .as_ref()
                    .map(|name| format!(" and has the attribute {name:?}"))
                    .unwrap_or_default()
            )));
        }
        let mut first_problem = None;
        let mut found = Vec::new();
        for script in scripts.iter().filter(|script| !script.trim().is_empty()) {
            match literal::assigned_value(script, self.variable.as_deref()) {
                Ok(value) => found.push(value),
                Err(problem) => {
                    first_problem.get_or_insert(problem);
                }
            }
        }
        if found.is_empty() && self.variable.is_none() {
            found.extend(scripts.iter().filter_map(|script| literal::called_value(script)));
        }
        if found.is_empty() {
            let problem = first_problem.unwrap_or_else(|| "the matched elements are empty".to_owned());
            return Err(fail(format!("within {:?}: {problem}", self.within_text)));
        }
        Ok(if self.slurp {
            vec![Value::Array(found)]
        } else {
            found
        })
    }

    /// The items of `documents`, at most `max_items`, and the field programs that failed on some. Of an item nobody wants
    /// untouched the fields alone are kept.
    fn items(
        &self,
        documents: Vec<Value>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<(ItemList, FieldFailures), ExtractError> {
        let mut list = ItemList::default();
        let mut failures = FieldFailures::default();
        for document in documents {
            // One more than the limit tells "just full" from "cut".
            let outputs = self
                .items
                .take(document, variables, options.max_items + 1)
                .map_err(|problem| ExtractError::Program {
                    path: self.items.place().to_owned(),
                    problem,
                })?;
            for output in outputs {
                let elements = match output {
                    Value::Array(elements) => elements,
                    Value::Null => continue,
                    other => vec![other],
                };
                for raw in elements {
                    if list.items.len() >= options.max_items {
                        list.truncated = true;
                        failures.absorb(FieldFailures::none(list.items.len()));
                        return Ok((list, failures));
                    }
                    let item = self.item(raw, list.items.len(), variables, options.want_item, &mut failures);
                    list.items.push(item);
                }
            }
        }
        failures.absorb(FieldFailures::none(list.items.len()));
        Ok((list, failures))
    }

    /// Names of the declared fields.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.names()
    }

    fn item(
        &self,
        raw: Value,
        index: usize,
        variables: &Variables,
        want_item: bool,
        failures: &mut FieldFailures,
    ) -> SourceItem {
        let kept = if want_item { raw.clone() } else { Value::Null };
        let fields = match raw {
            Value::Object(own) if self.fields.is_empty() => RawItem::from(own),
            other => self.fields.take(other, index, variables, failures),
        };
        SourceItem { fields, raw: kept }
    }

    /// Whether a program of this extractor looks at the whole page.
    pub fn needs_document(&self) -> bool {
        self.fields.mentions("$document")
    }
}

/// JSON without what some servers put before it so that it cannot be loaded as a script.
fn without_guard(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    [")]}',", ")]}'", "for(;;);", "for (;;);", "while(1);"]
        .iter()
        .find_map(|guard| text.strip_prefix(guard))
        .unwrap_or(text)
}

fn parse_error(text: &str, error: &serde_json::Error) -> ExtractError {
    let start: String = text.trim_start().chars().take(40).collect();
    let hint = if start.starts_with('<') {
        "; the page is HTML: use within to name the script that holds the JSON, or another extractor"
    } else {
        ""
    };
    ExtractError::Parse {
        format: "JSON",
        problem: format!("{error}; it begins with {start:?}{hint}"),
    }
}
