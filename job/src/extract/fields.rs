//! jq programs by field name. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    error::PlanError,
    jq::{Program, Variables},
};
use crate::event::RawItem;

/// The compiled `fields` of an extractor that reads with jq.
#[derive(Default)]
pub struct FieldPrograms(Vec<(String, Program)>);

/// Programs that failed on items. An item goes on without the field: one odd value must not cost the whole event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FieldFailures {
    /// Items that were read.
    items: usize,
    /// By the program's place in the manifest.
    programs: BTreeMap<String, ProgramFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ProgramFailure {
    /// Number of the first item.
    first: usize,
    /// What the program said there.
    problem: String,
    /// How many items.
    count: usize,
}

impl FieldFailures {
    /// None, for `items` items.
    pub fn none(items: usize) -> Self {
        Self {
            items,
            programs: BTreeMap::new(),
        }
    }

    /// Adds the failures of the next items.
    pub fn absorb(&mut self, next: Self) {
        for (place, failure) in next.programs {
            if let Some(known) = self.programs.get_mut(&place) {
                known.count += failure.count;
            } else {
                let first = self.items + failure.first;
                self.programs.insert(place, ProgramFailure { first, ..failure });
            }
        }
        self.items += next.items;
    }

    /// A line for each program.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let items = self.items;
        self.programs.iter().map(move |(place, failure)| {
            let ProgramFailure {
                first,
                problem,
                count,
            } = failure;
            match count {
                1 => format!("{place} failed on item {first}: {problem}"),
                _ => format!("{place} failed on {count} of {items} items, first on item {first}: {problem}"),
            }
        })
    }

    fn add(&mut self, place: &str, index: usize, problem: String) {
        if let Some(failure) = self.programs.get_mut(place) {
            failure.count += 1;
        } else {
            let failure = ProgramFailure {
                first: index,
                problem,
                count: 1,
            };
            self.programs.insert(place.to_owned(), failure);
        }
    }
}

impl FieldPrograms {
    /// Compiles every program; `path` is the extractor's place in the manifest.
    pub fn compile(fields: &BTreeMap<String, String>, path: &str) -> Result<Self, PlanError> {
        fields
            .iter()
            .map(|(name, source)| {
                Ok((
                    name.clone(),
                    Program::compile(source, format!("{path}.fields.{name}"))?,
                ))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether any program names `variable`.
    pub fn mentions(&self, variable: &str) -> bool {
        self.0.iter().any(|(_, program)| program.mentions(variable))
    }

    /// `defaults` with every field that a program gives for `raw`. Null and no output are a field that is missing: pages
    /// lack fields all the time. A program that fails gives nothing either, and is noted in `failures`.
    pub fn read(
        &self,
        raw: &Value,
        defaults: RawItem,
        index: usize,
        variables: &Variables,
        failures: &mut FieldFailures,
    ) -> RawItem {
        let variables = Variables {
            index: Variables::value(&Value::from(index)),
            ..variables.clone()
        };
        let mut fields = defaults;
        for (name, program) in &self.0 {
            match program.first(raw, &variables) {
                Ok(Value::Null) => {}
                Ok(value) => {
                    fields.insert(name.clone(), value);
                }
                Err(problem) => failures.add(program.place(), index, problem),
            }
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_program_that_fails_is_told_once_with_its_place_and_the_number_of_items() {
        let fields = BTreeMap::from([
            ("title".to_owned(), "error(\"boom\")".to_owned()),
            ("price".to_owned(), ".p | tonumber".to_owned()),
            ("venue".to_owned(), ".v.name".to_owned()),
            ("url".to_owned(), ".u // empty".to_owned()),
        ]);
        let programs = FieldPrograms::compile(&fields, "spec.extract.json").unwrap();
        let read = |items: &[Value]| {
            let mut failures = FieldFailures::none(items.len());
            for (index, item) in items.iter().enumerate() {
                programs.read(item, RawItem::new(), index, &Variables::default(), &mut failures);
            }
            failures
        };
        let mut failures = FieldFailures::default();
        failures.absorb(read(&[
            json!({"p": "1", "v": null}),
            json!({"p": "2", "v": {"name": "x"}}),
        ]));
        failures.absorb(read(&[json!({"p": "3"}), json!({"p": "free", "v": "Blue Moon"})]));
        let told: Vec<_> = failures.warnings().collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("spec.extract.json.fields.price failed on item 3: "),
            "{told:?}"
        );
        assert_eq!(
            told[1],
            "spec.extract.json.fields.title failed on 4 of 4 items, first on item 0: boom"
        );
        assert_eq!(
            told[2],
            "spec.extract.json.fields.venue failed on item 3: cannot take key \"name\" of a text"
        );
    }
}
