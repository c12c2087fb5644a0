//! The `json` extractor: a page that is JSON, or a script of an HTML page that holds some. Pure.

use serde_json::Value;
use sms_crds::v1alpha1::JsonExtract;

use super::{
    error::{ExtractError, PlanError},
    fields::FieldPrograms,
    html::{CompiledSelector, compile_selector},
    item::{ItemList, SourceItem},
    jq::{Program, Variables},
    kind::ReadOptions,
    literal,
    page::Page,
};
use crate::event::RawItem;

/// A compiled `json` extractor.
pub struct JsonPlan {
    within: Option<CompiledSelector>,
    within_text: String,
    variable: Option<String>,
    items: Program,
    fields: FieldPrograms,
}

impl JsonPlan {
    /// Compiles the selectors and programs at `path` of the manifest.
    pub fn compile(spec: &JsonExtract, path: &str) -> Result<Self, PlanError> {
        let within = match &spec.within {
            Some(css) => Some(compile_selector(css, &format!("{path}.within"))?),
            None => None,
        };
        Ok(Self {
            within,
            within_text: spec.within.clone().unwrap_or_default(),
            variable: spec.variable.clone(),
            items: Program::compile(spec.items.as_deref().unwrap_or("."), format!("{path}.items"))?,
            fields: FieldPrograms::compile(&spec.fields, path)?,
        })
    }

    /// The JSON of the page: one value, or a list of them where several scripts match `within`.
    pub fn documents(&self, page: &Page<'_>) -> Result<Vec<Value>, ExtractError> {
        let text = page.text();
        match &self.within {
            Some(selector) if !page.looks_like_json() => self.from_scripts(&page.html()?.scripts(selector)),
            _ => serde_json::from_str(text.trim_start_matches('\u{feff}'))
                .or_else(|error| literal::assigned_value(text, self.variable.as_deref()).map_err(|_| error))
                .map(|value| vec![value])
                .map_err(|error| parse_error(text, &error)),
        }
    }

    fn from_scripts(&self, scripts: &[String]) -> Result<Vec<Value>, ExtractError> {
        let fail = |problem: String| ExtractError::Parse {
            format: "JSON",
            problem,
        };
        if scripts.is_empty() {
            return Err(fail(format!(
                "no element of the page matches within: {:?}",
                self.within_text
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
        if found.is_empty() {
            let problem = first_problem.unwrap_or_else(|| "the matched elements are empty".to_owned());
            return Err(fail(format!("within {:?}: {problem}", self.within_text)));
        }
        Ok(found)
    }

    /// The items of `documents`, at most `max_items`. Of an item nobody wants untouched the fields alone are kept.
    pub fn items(
        &self,
        documents: Vec<Value>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<ItemList, ExtractError> {
        let mut list = ItemList::default();
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
                        return Ok(list);
                    }
                    list.items
                        .push(self.item(raw, list.items.len(), variables, options.want_item));
                }
            }
        }
        Ok(list)
    }

    fn item(&self, raw: Value, index: usize, variables: &Variables, want_item: bool) -> SourceItem {
        let kept = if want_item { raw.clone() } else { Value::Null };
        let fields = match raw {
            Value::Object(own) if self.fields.is_empty() => own,
            other => self.fields.read(&other, RawItem::new(), index, variables),
        };
        SourceItem { fields, raw: kept }
    }

    /// Whether a program of this extractor looks at the whole page.
    pub fn needs_document(&self) -> bool {
        self.fields.mentions("$document")
    }
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

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use serde_json::json;

    use super::*;
    use crate::document::Document;

    fn titles(spec: &Value, body: &str) -> Vec<Value> {
        let plan = JsonPlan::compile(
            &serde_json::from_value(spec.clone()).unwrap(),
            "spec.extract.json",
        )
        .unwrap();
        let document = Document {
            body: body.as_bytes().to_vec(),
            ..Document::default()
        };
        let options = ReadOptions {
            now: Timestamp::UNIX_EPOCH,
            zone: &TimeZone::UTC,
            max_items: 100,
            want_text: false,
            want_item: false,
            want_document: false,
        };
        let documents = plan.documents(&Page::new(&document)).unwrap();
        let list = plan.items(documents, &Variables::default(), &options).unwrap();
        list.items
            .into_iter()
            .map(|item| item.fields["title"].clone())
            .collect()
    }

    #[test]
    fn a_script_that_holds_a_list_is_one_document() {
        let spec = json!({ "within": "script#shows", "items": ".[]" });
        let one = r#"<script id="shows">[{"title": "A"}, {"title": "B"}]</script>"#;
        assert_eq!(titles(&spec, one), ["A", "B"]);
    }

    #[test]
    fn several_scripts_are_several_documents() {
        let spec = json!({ "within": "script.show", "items": "." });
        let two =
            r#"<script class="show">{"title": "A"}</script><script class="show">{"title": "B"}</script>"#;
        assert_eq!(titles(&spec, two), ["A", "B"]);
    }
}
