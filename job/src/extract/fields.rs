//! jq programs by field name. Pure.

use std::{collections::BTreeMap, sync::Arc};

use jaq_json::Val;
use serde_json::Value;

use super::{
    error::PlanError,
    item::RawNames,
    jq::{Bound, Program, Variables},
    part::Part,
    path::{Path, StepKind},
};
use crate::event::RawItem;

/// The compiled `fields` of an extractor that reads with jq.
#[derive(Default)]
pub struct FieldPrograms {
    programs: Vec<(Arc<str>, Program)>,
    can_take: bool,
}

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

/// The variables of item after item. Where no program names the number of the item, all items have the same ones.
pub struct ItemVariables<'v> {
    variables: &'v Variables,
    bound: Bound,
    by_index: bool,
}

impl<'v> ItemVariables<'v> {
    /// For the items that `programs` read.
    pub fn new(variables: &'v Variables, programs: &FieldPrograms) -> Self {
        Self {
            variables,
            bound: variables.bound(),
            by_index: programs.mentions("$index"),
        }
    }

    /// Those of the item of this number.
    fn of(&mut self, index: usize) -> &Bound {
        if self.by_index {
            self.bound = self.variables.for_item(index).bound();
        }
        &self.bound
    }
}

impl FieldPrograms {
    /// Compiles every program; `path` is the extractor's place in the manifest.
    pub fn compile(fields: &BTreeMap<String, String>, path: &str) -> Result<Self, PlanError> {
        let programs = fields
            .iter()
            .map(|(name, source)| {
                Ok((
                    Arc::from(name.as_str()),
                    Program::compile(source, format!("{path}.fields.{name}"))?,
                ))
            })
            .collect::<Result<Vec<_>, PlanError>>()?;
        let can_take = can_take(&programs);
        Ok(Self { programs, can_take })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// Names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.programs.iter().map(|(name, _)| &**name)
    }

    /// Whether any program names `variable`.
    pub fn mentions(&self, variable: &str) -> bool {
        self.programs
            .iter()
            .any(|(_, program)| program.mentions(variable))
    }

    /// The names of an item's raw form that the programs look at.
    pub fn raw_names(&self) -> RawNames {
        let name = |path: &Path| match path.steps().first().map(|step| &step.kind) {
            Some(StepKind::Key(key)) => Some(key.clone()),
            _ => None,
        };
        let paths = self.paths();
        let names = paths.and_then(|paths| paths.into_iter().map(name).collect());
        names.map_or(RawNames::All, RawNames::Only)
    }

    /// Paths of the programs, where all of them are plain paths.
    pub fn paths(&self) -> Option<Vec<&Path>> {
        self.programs.iter().map(|(_, program)| program.path()).collect()
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
        // The interpreter's form of the item is made once, and only if a program is more than a path.
        let mut input = None;
        self.collect(defaults, index, failures, |program| match program.path() {
            Some(_) => program.first(raw, variables),
            None => {
                let (value, variables) =
                    input.get_or_insert_with(|| (Variables::value(raw), variables.for_item(index).bound()));
                program.first_of(value, variables)
            }
        })
    }

    /// Like [`Self::read`], for a value of the interpreter.
    pub fn read_val(
        &self,
        raw: &Val,
        index: usize,
        variables: &mut ItemVariables<'_>,
        failures: &mut FieldFailures,
    ) -> RawItem {
        let variables = variables.of(index);
        let fields = RawItem::with_capacity(self.programs.len());
        self.collect(fields, index, failures, |program| {
            program.first_of(raw, variables)
        })
    }

    /// Like [`Self::read`], for an item that nobody needs afterwards: where it is possible its values are moved.
    pub fn take(
        &self,
        mut raw: Value,
        index: usize,
        variables: &Variables,
        failures: &mut FieldFailures,
    ) -> RawItem {
        if !self.can_take {
            return self.read(&raw, RawItem::new(), index, variables, failures);
        }
        self.collect(
            RawItem::with_capacity(self.programs.len()),
            index,
            failures,
            |program| match program.path() {
                Some(path) => path
                    .take_single(&mut raw)
                    .map(|found| found.unwrap_or(Value::Null)),
                None => program.first(&raw, variables),
            },
        )
    }

    /// Like [`Self::take`], for an item of which only the parts were made that the programs, all of them paths, ask for.
    pub(super) fn take_part(
        &self,
        mut part: Part<'_>,
        index: usize,
        variables: &Variables,
        failures: &mut FieldFailures,
    ) -> RawItem {
        if !self.can_take {
            return self.take(part.into_value(), index, variables, failures);
        }
        let fields = RawItem::with_capacity(self.programs.len());
        self.collect(fields, index, failures, |program| match program.path() {
            Some(path) => part.take_single(path).map(|found| found.unwrap_or(Value::Null)),
            None => Ok(Value::Null),
        })
    }

    fn collect(
        &self,
        defaults: RawItem,
        index: usize,
        failures: &mut FieldFailures,
        mut read: impl FnMut(&Program) -> Result<Value, String>,
    ) -> RawItem {
        let mut fields = defaults;
        for (name, program) in &self.programs {
            match read(program) {
                Ok(Value::Null) => {}
                Ok(value) => {
                    fields.insert(name, value);
                }
                Err(problem) => failures.add(program.place(), index, problem),
            }
        }
        fields
    }
}

/// Whether each program's output can be taken out of an item without another one missing it.
fn can_take(programs: &[(Arc<str>, Program)]) -> bool {
    let paths: Option<Vec<_>> = programs.iter().map(|(_, program)| program.path()).collect();
    paths.is_some_and(|paths| {
        paths.iter().enumerate().all(|(at, path)| {
            let mut others = paths.iter().skip(at + 1);
            path.is_single() && !others.any(|other| path.overlaps(other))
        })
    })
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
