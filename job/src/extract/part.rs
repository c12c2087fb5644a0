//! A page of JSON of which only what paths ask for was made. Pure.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::path::{Path, StepKind, mismatch, position, take_single, type_name};

/// A value, or the shape of one with parts of it. Objects are no maps: of the keys only the few that are asked for are
/// there, and finding one among those is cheaper than hashing it.
#[derive(Debug)]
pub(super) enum Part<'w> {
    /// With everything in it; or a scalar of which only the type counts.
    Whole(Value),
    /// An array.
    List(Vec<Part<'w>>),
    /// An object.
    Object(Vec<(Cow<'w, str>, Part<'w>)>),
}

impl Part<'_> {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Whole(value) => type_name(value),
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// As a value.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Whole(value) => value,
            Self::List(list) => list.into_iter().map(Self::into_value).collect(),
            Self::Object(entries) => {
                let owned = |(key, part): (Cow<'_, str>, Self)| (key.into_owned(), part.into_value());
                Value::Object(entries.into_iter().map(owned).collect::<Map<_, _>>())
            }
        }
    }

    /// The elements of an array, nothing for null, else the value itself: what an output of `items` stands for.
    pub(super) fn into_items(self) -> Vec<Self> {
        match self {
            Self::List(list) => list,
            Self::Whole(Value::Array(list)) => list.into_iter().map(Self::Whole).collect(),
            Self::Whole(Value::Null) => Vec::new(),
            other => vec![other],
        }
    }

    /// What [`Path::take_single`] gives of the value that this is a part of.
    ///
    /// # Errors
    /// Those of [`Path::run`].
    pub(super) fn take_single(&mut self, path: &Path) -> Result<Option<Value>, String> {
        let mut current = self;
        for (at, step) in path.steps().iter().enumerate() {
            current = match (&step.kind, current) {
                (_, Self::Whole(value)) => return take_single(&path.steps()[at..], value),
                (StepKind::Key(key), Self::Object(entries)) => {
                    match entries.iter_mut().find(|(known, _)| known == key) {
                        Some((_, part)) => part,
                        None => return Ok(Some(Value::Null)),
                    }
                }
                (StepKind::Index(index), Self::List(list)) => match position(list.len(), *index) {
                    Some(at) => &mut list[at],
                    None => return Ok(Some(Value::Null)),
                },
                _ if step.optional => return Ok(None),
                (kind, other) => return Err(mismatch(kind, other.type_name())),
            };
        }
        let found = std::mem::replace(current, Self::Whole(Value::Null));
        Ok(Some(found.into_value()))
    }

    /// What [`Path::take`] gives of the value that this is a part of.
    ///
    /// # Errors
    /// Those of [`Path::run`].
    pub(super) fn take(self, path: &Path) -> Result<Vec<Self>, String> {
        let mut current = vec![self];
        for step in path.steps() {
            let mut next = Vec::with_capacity(current.len());
            for part in current {
                match (&step.kind, part) {
                    (_, Self::Whole(value)) => {
                        let mut found = Vec::new();
                        step.take(value, &mut found)?;
                        next.extend(found.into_iter().map(Self::Whole));
                    }
                    (StepKind::Key(key), Self::Object(mut entries)) => {
                        let at = entries.iter().position(|(known, _)| known == key);
                        next.push(at.map_or(Self::Whole(Value::Null), |at| entries.swap_remove(at).1));
                    }
                    (StepKind::Index(index), Self::List(mut list)) => {
                        let at = position(list.len(), *index);
                        next.push(at.map_or(Self::Whole(Value::Null), |at| list.swap_remove(at)));
                    }
                    (StepKind::Each, Self::List(list)) => next.extend(list),
                    (StepKind::Each, Self::Object(entries)) => {
                        next.extend(entries.into_iter().map(|(_, part)| part));
                    }
                    _ if step.optional => {}
                    (kind, other) => return Err(mismatch(kind, other.type_name())),
                }
            }
            current = next;
        }
        Ok(current)
    }
}
