//! How items change on their way: transform, merge, addresses. Pure.

use serde_json::Value;
use sms_crds::{report::SkipReason, v1alpha1::MergeRule};
use url::Url;

use super::super::{
    jq::{Program, Variables},
    path::type_name,
};
use crate::event::{RawItem, Rejected};

/// Most items that one transform may make of one.
const MAX_FROM_ONE: usize = 2_000;

/// The items that a program makes of one.
pub(super) fn transform(
    program: &Program,
    fields: RawItem,
    index: usize,
    variables: &Variables,
) -> Result<Vec<RawItem>, Rejected> {
    let title = title_of(&fields);
    let failed = |reason, detail| Rejected {
        index,
        reason,
        detail,
        title: title.clone(),
    };
    let outputs = program
        .run(&Value::from(fields), variables, MAX_FROM_ONE)
        .map_err(|problem| {
            failed(
                SkipReason::TransformFailed,
                format!("{}: {problem}", program.place()),
            )
        })?;
    let mut items = Vec::new();
    for output in outputs {
        let parts = match output {
            Value::Array(parts) => parts,
            other => vec![other],
        };
        for part in parts {
            match part {
                Value::Object(fields) => items.push(RawItem::from(fields)),
                Value::Null => {}
                other => {
                    let problem = format!(
                        "{} gave {}; an item is an object",
                        program.place(),
                        type_name(&other)
                    );
                    return Err(failed(SkipReason::TransformFailed, problem));
                }
            }
        }
    }
    if items.is_empty() {
        return Err(failed(
            SkipReason::Excluded,
            format!("{} gave nothing for it", program.place()),
        ));
    }
    Ok(items)
}

pub(super) fn merge(listing: RawItem, detail: &RawItem, rule: MergeRule) -> RawItem {
    let mut merged = listing.into_object();
    for (name, value) in detail.iter() {
        let empty = |value: &Value| matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty);
        let keep = rule == MergeRule::PreferListing && merged.get(name).is_some_and(|own| !empty(own));
        if !empty(value) && !keep {
            merged.insert(name.to_owned(), value.clone());
        }
    }
    RawItem::from(merged)
}

/// Makes the address fields of an item absolute.
pub(super) fn resolve_links(fields: &mut RawItem, base_url: &str) {
    for name in ["url", "ticketUrl", "image"] {
        if let Some(Value::String(address)) = fields.get_mut(name)
            && let Some(resolved) = absolute(base_url, address.trim())
            && !address.contains("://")
        {
            *address = resolved;
        }
    }
}

pub(super) fn absolute(base: &str, address: &str) -> Option<String> {
    match Url::parse(base) {
        Ok(base) => base.join(address).ok().map(String::from),
        Err(_) => Url::parse(address).ok().map(String::from),
    }
}

pub(super) fn title_of(fields: &RawItem) -> Option<String> {
    fields
        .get("title")
        .and_then(Value::as_str)
        .map(|title| title.chars().take(120).collect())
}
