//! The items of a page on their way in: transform, include, exclude. Pure.

use std::rc::Rc;

use serde_json::Value;
use sms_crds::report::SkipReason;

use super::{
    Entry, LISTING, Session,
    shape::{title_of, transform},
    warn,
};
use crate::{
    event::{RawItem, Rejected},
    extract::{jq::Variables, kind::Reading},
};

impl Session {
    /// Transform, include and exclude for the items of a page.
    pub(super) fn take(&mut self, reading: Reading, variables: &Variables, base_url: &Rc<str>) {
        let wants_item = self.plan.mentions("$item");
        self.out.truncated |= reading.list.truncated;
        for warning in reading.list.warnings {
            warn(&mut self.out.warnings, warning);
        }
        let mut missing = reading.missing.into_iter();
        self.entries.reserve(reading.list.items.len());
        for item in reading.list.items {
            let index = self.out.found;
            self.out.found += 1;
            let missing = missing.next().unwrap_or_default();
            if let Some(tally) = self.tallies.get_mut(LISTING) {
                tally.see(Some(&item.fields));
            }
            let Some(program) = &self.plan.transform else {
                self.keep(item.fields, index, missing, variables, base_url);
                continue;
            };
            let mut of_item = variables.clone();
            of_item.index = Variables::value(&Value::from(index));
            if wants_item {
                of_item.item = Variables::value(&item.raw);
            }
            match transform(program, item.fields, index, &of_item) {
                Ok(items) => {
                    for fields in items {
                        self.keep(fields, index, missing.clone(), variables, base_url);
                    }
                }
                Err(rejected) => self.out.rejected.push(rejected),
            }
        }
    }

    /// Keeps an item that has fields and passes include and exclude.
    fn keep(
        &mut self,
        fields: RawItem,
        index: usize,
        missing: Vec<String>,
        variables: &Variables,
        base_url: &Rc<str>,
    ) {
        match self.refused(index, &fields, variables) {
            Some(rejected) => self.out.rejected.push(rejected),
            None => self.entries.push_back(Entry {
                index,
                fields,
                base_url: Rc::clone(base_url),
                missing,
            }),
        }
    }

    /// The rejection of an item that has no fields, or that a rule keeps out.
    pub(super) fn refused(&self, index: usize, fields: &RawItem, variables: &Variables) -> Option<Rejected> {
        if fields.is_empty() {
            return Some(Rejected {
                index,
                reason: SkipReason::MissingTitle,
                detail: "the item has no fields: name some in fields, or let items give objects".to_owned(),
                title: None,
            });
        }
        let rejected = |reason, detail| Rejected {
            index,
            reason,
            detail,
            title: title_of(fields),
        };
        for rule in &self.plan.include {
            match rule.passes(fields, variables) {
                Ok(true) => {}
                Ok(false) => {
                    return Some(rejected(
                        SkipReason::NotIncluded,
                        format!("no include rule: {}", rule.describe()),
                    ));
                }
                Err(problem) => return Some(rejected(SkipReason::TransformFailed, problem)),
            }
        }
        for rule in &self.plan.exclude {
            match rule.passes(fields, variables) {
                Ok(false) => {}
                Ok(true) => return Some(rejected(SkipReason::Excluded, rule.describe())),
                Err(problem) => return Some(rejected(SkipReason::TransformFailed, problem)),
            }
        }
        None
    }
}
