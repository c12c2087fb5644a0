//! Which pages are read in bounded time and memory whatever they hold. Pure.
//!
//! Such a page needs no process of its own (ADR 0016).

use sms_crds::ScrapeSource;

use super::{path::Path, plan::DEFAULT_MAX_ITEMS};
use crate::document::Document;

/// Most bytes of a page times what each of them may become: the page's own tree, and each field's copy of it. A tree was
/// seen to take up to 75 times the space of its text (`[{"":0},{"":0},…`), so that this is less than 80 MiB.
const MAX_COPIED_BYTES: usize = 1 << 20;

/// Most items, which are a few hundred bytes each even where the page has two for one.
const MAX_ITEMS: usize = DEFAULT_MAX_ITEMS;

/// Whether `source` reads one page of JSON by plain paths and by nothing that is somebody else's code: no selector, no jq
/// program, no pattern.
pub fn is_plain(source: &ScrapeSource) -> bool {
    let extract = &source.spec.extract;
    let Some(json) = &extract.json else {
        return false;
    };
    let is_path = |program: &str| Path::parse(program).is_some();
    let is_alone = extract.lookups.is_empty()
        && extract.transform.is_none()
        && extract.include.is_empty()
        && extract.exclude.is_empty()
        && extract.follow.is_none()
        && extract.dates.is_none()
        && source.spec.fetch.pages.is_none();
    let max_items = extract.max_items.map(usize::try_from);
    is_alone
        && max_items.is_none_or(|max| max.is_ok_and(|max| max <= MAX_ITEMS))
        && json.within.is_none()
        && json.variable.is_none()
        && json.items.as_deref().is_none_or(is_path)
        && json.fields.values().all(|program| is_path(program))
}

/// Whether `document` is read in bounded time and memory: by [`is_plain`] means, JSON from its first letter, and not too
/// large for the number of fields.
pub fn is_bounded(source: &ScrapeSource, document: &Document) -> bool {
    let fields = source
        .spec
        .extract
        .json
        .as_ref()
        .map_or(0, |json| json.fields.len());
    is_plain(source)
        && document.body.len().saturating_mul(fields + 1) <= MAX_COPIED_BYTES
        && matches!(first_letter(&document.body), Some(b'{' | b'['))
}

/// The first byte that is no white space of JSON (RFC 8259, section 2).
fn first_letter(body: &[u8]) -> Option<u8> {
    body.iter()
        .copied()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn source(extract: &Value, pages: &Value) -> ScrapeSource {
        serde_json::from_value(json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": "club" },
            "spec": { "fetch": { "url": "https://club.example", "pages": pages }, "extract": extract },
        }))
        .unwrap()
    }

    fn page(body: impl Into<Vec<u8>>) -> Document {
        Document {
            body: body.into(),
            ..Document::default()
        }
    }

    fn reads(extract: &Value) -> bool {
        is_bounded(&source(extract, &Value::Null), &page("{}"))
    }

    #[test]
    fn json_by_plain_paths_is_bounded() {
        assert!(reads(&json!({ "json": {} })));
        assert!(reads(
            &json!({ "json": { "items": ".a[]", "fields": { "title": ".b.c[0]?" } } })
        ));
        assert!(reads(
            &json!({ "json": { "slurp": true }, "defaults": { "venue": "Club" }, "maxItems": 10_000 })
        ));
    }

    #[test]
    fn what_runs_the_code_or_patterns_of_a_manifest_or_has_no_small_limit_is_not() {
        for extract in [
            json!({ "html": { "items": "li" } }),
            json!({ "jsonLd": {} }),
            json!({ "ical": {} }),
            json!({ "feed": {} }),
            json!({ "json": { "items": "[.a[] | .b]" } }),
            json!({ "json": { "fields": { "title": ".a | ascii_downcase" } } }),
            json!({ "json": { "within": "script" } }),
            json!({ "json": { "variable": "data" } }),
            json!({ "json": {}, "transform": "." }),
            json!({ "json": {}, "include": [{ "field": "title", "pattern": "a" }] }),
            json!({ "json": {}, "exclude": [{ "field": "title", "pattern": "a" }] }),
            json!({ "json": {}, "follow": { "url": ".url", "json": {} } }),
            json!({ "json": {}, "lookups": { "a": { "json": {}, "key": ".id" } } }),
            json!({ "json": {}, "dates": { "order": "dayFirst" } }),
            json!({ "json": {}, "maxItems": 10_001 }),
        ] {
            assert!(!reads(&extract), "{extract}");
        }
        let paged = source(&json!({ "json": {} }), &json!({ "parameter": "page" }));
        assert!(!is_bounded(&paged, &page("{}")));
    }

    #[test]
    fn a_large_page_is_not_and_more_fields_make_a_page_larger() {
        let bare = source(&json!({ "json": {} }), &Value::Null);
        let body = |bytes: usize| page(format!("[{}", " ".repeat(bytes - 1)));
        assert!(is_bounded(&bare, &body(MAX_COPIED_BYTES)));
        assert!(!is_bounded(&bare, &body(MAX_COPIED_BYTES + 1)));
        let fields = source(&json!({ "json": { "fields": { "title": ".a" } } }), &Value::Null);
        assert!(is_bounded(&fields, &body(MAX_COPIED_BYTES / 2)));
        assert!(!is_bounded(&fields, &body(MAX_COPIED_BYTES / 2 + 1)));
    }

    #[test]
    fn a_page_that_does_not_begin_like_json_is_not() {
        let source = source(&json!({ "json": {} }), &Value::Null);
        assert!(is_bounded(&source, &page("\r\n\t [1]")));
        for body in ["", "  ", "<html>", "callback({})", ")]}'\n{}", "5", "\u{feff}{}"] {
            assert!(!is_bounded(&source, &page(body)), "{body:?}");
        }
    }
}
