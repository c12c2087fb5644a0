//! Items of a page that is nothing but JSON, without making all of it. Pure.

use jaq_json::Val;
use serde::de::DeserializeSeed;
use serde_json::Value;

use super::{JsonPlan, without_guard};
use crate::{
    event::RawItem,
    extract::{
        error::ExtractError,
        fields::{FieldFailures, ItemVariables},
        item::{ItemList, SourceItem},
        jq::Variables,
        kind::ReadOptions,
        page::Page,
        part::Part,
        path::Path,
        wanted::Wanted,
    },
};

impl JsonPlan {
    /// The items of a page that is nothing but JSON, without the parts that nobody looks at or without the step over
    /// JSON values. `None` where the page is something else, or where it is wanted as it is.
    pub(super) fn direct(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Option<Result<(ItemList, FieldFailures), ExtractError>> {
        if !self.is_direct(page, options) {
            return None;
        }
        let text = without_guard(page.text());
        if let Some((wanted, items)) = self.parts_of(page, options) {
            let mut reader = serde_json::Deserializer::from_str(text);
            let page = wanted.deserialize(&mut reader).ok()?;
            reader.end().ok()?;
            return Some(self.items_of_part(page, items, variables, options));
        }
        match self.items.path() {
            None => {
                let page = Variables::parse(text).ok()?;
                Some(self.items_of_val(page, variables, options))
            }
            Some(_) => None,
        }
    }

    /// What `items` and the fields ask for, and where the items are, of a page of which no more than that is wanted.
    pub(super) fn parts_of(&self, page: &Page<'_>, options: &ReadOptions<'_>) -> Option<(&Wanted, &Path)> {
        let is_direct = self.is_direct(page, options) && !options.want_item;
        self.wanted.as_ref().zip(self.items.path()).filter(|_| is_direct)
    }

    /// Whether the page is nothing but JSON, and not wanted as it is.
    fn is_direct(&self, page: &Page<'_>, options: &ReadOptions<'_>) -> bool {
        let is_json = self.within.is_none() || page.looks_like_json();
        is_json && !options.want_document && !self.needs_document()
    }

    /// Like [`JsonPlan::items`], for a page of which only the parts were made that `items` and the fields ask for.
    fn items_of_part(
        &self,
        page: Part<'_>,
        items: &Path,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<(ItemList, FieldFailures), ExtractError> {
        let mut list = ItemList::default();
        let mut failures = FieldFailures::default();
        let outputs = page.take(items).map_err(|problem| self.items_failed(problem))?;
        // One more than the limit tells "just full" from "cut".
        let outputs = outputs.into_iter().take(options.max_items + 1);
        let mut parts = outputs.flat_map(Part::into_items);
        for part in parts.by_ref().take(options.max_items) {
            let index = list.items.len();
            let fields = self.fields.take_part(part, index, variables, &mut failures);
            let raw = Value::Null;
            list.items.push(SourceItem { fields, raw });
        }
        list.truncated = parts.next().is_some();
        failures.absorb(FieldFailures::none(list.items.len()));
        Ok((list, failures))
    }

    /// Like [`Self::items`], for a page as the interpreter has it.
    fn items_of_val(
        &self,
        document: Val,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<(ItemList, FieldFailures), ExtractError> {
        let mut list = ItemList::default();
        let mut failures = FieldFailures::default();
        let outputs = self
            .items
            .run_val(document, variables, options.max_items + 1)
            .map_err(|problem| self.items_failed(problem))?;
        let mut variables = ItemVariables::new(variables, &self.fields);
        for output in &outputs {
            let elements = match output {
                Val::Arr(elements) => elements.as_slice(),
                Val::Null => continue,
                other => std::slice::from_ref(other),
            };
            let room = options.max_items - list.items.len();
            list.truncated |= elements.len() > room;
            for raw in elements.iter().take(room) {
                let index = list.items.len();
                let item = self.item_of_val(raw, index, &mut variables, options, &mut failures);
                list.items.push(item);
            }
            if list.truncated {
                break;
            }
        }
        failures.absorb(FieldFailures::none(list.items.len()));
        Ok((list, failures))
    }

    fn item_of_val(
        &self,
        raw: &Val,
        index: usize,
        variables: &mut ItemVariables<'_>,
        options: &ReadOptions<'_>,
        failures: &mut FieldFailures,
    ) -> SourceItem {
        let kept = match options.want_item {
            true => Variables::json(raw),
            false => Value::Null,
        };
        if !self.fields.is_empty() {
            let fields = self.fields.read_val(raw, index, variables, failures);
            return SourceItem { fields, raw: kept };
        }
        let fields = match Variables::json(raw) {
            Value::Object(own) => RawItem::from(own),
            _ => RawItem::new(),
        };
        SourceItem { fields, raw: kept }
    }

    fn items_failed(&self, problem: String) -> ExtractError {
        ExtractError::Program {
            path: self.items.place().to_owned(),
            problem,
        }
    }
}
