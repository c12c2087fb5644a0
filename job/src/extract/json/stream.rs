//! Items of a JSON page one by one while it is read: neither the page nor all of its items are ever there as values. Pure.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{JsonPlan, without_guard};
use crate::{
    event::RawItem,
    extract::{
        fields::FieldFailures,
        jq::Variables,
        kind::ReadOptions,
        page::Page,
        part::Part,
        path::{Path, StepKind},
        wanted::Wanted,
    },
};

/// Who takes the items of a page.
pub(crate) trait ItemSink {
    /// Takes the fields of the next item; tells whether there is room for more.
    fn item(&mut self, fields: RawItem) -> bool;

    /// Lets go of what it took: the items stand once more further on, and that place counts.
    fn restart(&mut self);
}

impl JsonPlan {
    /// Gives the items of a page to `sink`, those that [`JsonPlan::read`] would give; tells whether there were more than
    /// the limit, and the field programs that failed on some. `None` where the page cannot be read in this way, or not at
    /// all, or the sink has no room: what it has is then nothing.
    pub(crate) fn stream(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
        sink: &mut dyn ItemSink,
    ) -> Option<(bool, FieldFailures)> {
        let (wanted, items) = self.parts_of(page, options)?;
        let (keys, each) = place_of(items)?;
        let mut items = Items {
            plan: self,
            variables,
            each,
            limit: options.max_items,
            sink,
            outputs: 0,
            count: 0,
            truncated: false,
            failures: FieldFailures::default(),
        };
        let mut reader = serde_json::Deserializer::from_str(without_guard(page.text()));
        let walk = Walk {
            wanted,
            keys: &keys,
            items: &mut items,
        };
        let is_found = walk.deserialize(&mut reader).ok()?;
        reader.end().ok().filter(|()| is_found)?;
        items.failures.absorb(FieldFailures::none(items.count));
        Some((items.truncated, items.failures))
    }
}

/// The keys that lead to the array of the items, and whether each of its elements is an output of the path; else the array
/// is the only one. `None` of other paths.
fn place_of(path: &Path) -> Option<(Vec<&str>, bool)> {
    let (keys, each) = match path.steps() {
        [keys @ .., last] if last.kind == StepKind::Each => (keys, true),
        keys => (keys, false),
    };
    let keys = keys.iter().map(|step| match &step.kind {
        StepKind::Key(key) => Some(key.as_str()),
        _ => None,
    });
    let keys = keys.collect::<Option<_>>()?;
    Some((keys, each))
}

/// Items on their way to the sink.
struct Items<'r> {
    plan: &'r JsonPlan,
    variables: &'r Variables,
    each: bool,
    limit: usize,
    sink: &'r mut dyn ItemSink,
    outputs: usize,
    count: usize,
    truncated: bool,
    failures: FieldFailures,
}

impl Items<'_> {
    fn restart(&mut self) {
        (self.outputs, self.count, self.truncated) = (0, 0, false);
        self.failures = FieldFailures::default();
        self.sink.restart();
    }

    fn element(&mut self, part: Part<'_>) -> bool {
        if !self.each {
            return self.item(part);
        }
        self.outputs += 1;
        // One more than the limit tells "just full" from "cut".
        if self.outputs > self.limit.saturating_add(1) {
            return true;
        }
        part.into_items().into_iter().all(|part| self.item(part))
    }

    fn item(&mut self, part: Part<'_>) -> bool {
        if self.count == self.limit {
            self.truncated = true;
            return true;
        }
        let fields = &self.plan.fields;
        let fields = fields.take_part(part, self.count, self.variables, &mut self.failures);
        self.count += 1;
        self.sink.item(fields)
    }
}

/// Walks to the array of the items. Says whether it is there; anything else in its place is an error.
struct Walk<'w, 'i, 'r> {
    wanted: &'w Wanted,
    keys: &'i [&'i str],
    items: &'i mut Items<'r>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the array of the items")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        let Self { wanted, keys, items } = self;
        let (Some((key, keys)), Some(wanted)) = (
            keys.split_first(),
            keys.first().and_then(|key| wanted.at_key(key)),
        ) else {
            return Err(A::Error::custom("an object"));
        };
        let mut is_found = false;
        while let Some(is_this) = entries.next_key_seed(IsKey(key))? {
            if is_this {
                // Of a key that comes twice the last value counts.
                let items = &mut *items;
                is_found = entries.next_value_seed(Walk { wanted, keys, items })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(is_found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let Some(wanted) = self.wanted.of_elements().filter(|_| self.keys.is_empty()) else {
            return Err(A::Error::custom("an array"));
        };
        self.items.restart();
        while let Some(part) = list.next_element_seed(wanted)? {
            if !self.items.element(part) {
                return Err(A::Error::custom("too many items for one page"));
            }
        }
        Ok(true)
    }
}

/// Whether a key is this one.
struct IsKey<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
