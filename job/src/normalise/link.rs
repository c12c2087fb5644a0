//! Addresses of pages, tickets and pictures. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::Url;

use super::{markup, text};

/// Longest address that is kept, in bytes.
const LONGEST: usize = 8192;

static CSS_URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"url\(\s*(?:&quot;|["'])?([^"')\s]+?)(?:&quot;|["'])?\s*\)"#).ok());
static SRCSET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(\S+?),?\s+[0-9.]+[wx]\s*(?:,|$)").ok());

/// Keys under which objects hold their address, best first.
const KEYS: &[&str] = &[
    "url",
    "src",
    "href",
    "contentUrl",
    "source_url",
    "original",
    "large",
    "full",
    "link",
    "@id",
];

/// The first http or https address in a value: a text, an object with `url`, or a list of them. Relative ones are
/// resolved against `base`; an absolute one stays as the page wrote it.
pub(super) fn resolve(value: &Value, base: Option<&Url>) -> Option<String> {
    // Breadth first with a budget instead of recursion: a value can be as deep as its page wants.
    let mut queue = std::collections::VecDeque::from([value]);
    let mut budget = 64;
    while let Some(value) = queue.pop_front() {
        budget -= 1;
        if budget == 0 {
            return None;
        }
        match value {
            Value::String(text) => {
                if let Some(found) = resolve_text(text, base) {
                    return Some(found);
                }
            }
            Value::Array(list) => queue.extend(list.iter().take(32)),
            Value::Object(object) => queue.extend(KEYS.iter().filter_map(|key| object.get(*key))),
            _ => {}
        }
    }
    None
}

fn resolve_text(raw: &str, base: Option<&Url>) -> Option<String> {
    if raw.len() > LONGEST {
        return None;
    }
    let decoded = if raw.contains('&') {
        markup::decode_entities(raw)
    } else {
        raw.to_owned()
    };
    let mut link = text::collapse(&decoded);
    // What a pattern cannot do without is looked for first: to compile one takes as long as some hundred addresses.
    for (pattern, needed) in [(&CSS_URL, "url("), (&SRCSET, " ")] {
        if !link.contains(needed) {
            continue;
        }
        if let Some(found) = pattern
            .as_ref()
            .and_then(|p| p.captures(&link))
            .and_then(|c| c.get(1))
        {
            link = found.as_str().to_owned();
        }
    }
    let link = link.replace(' ', "%20");
    if link.is_empty() || link == "#" || link == "#!" {
        return None;
    }
    if starts_with_ignoring_case(&link, "http://") || starts_with_ignoring_case(&link, "https://") {
        return Url::parse(&link).ok().filter(Url::has_host).map(|_| link);
    }
    if starts_with_ignoring_case(&link, "www.") {
        return Url::parse(&format!("https://{link}")).ok().map(String::from);
    }
    let resolved = match base {
        Some(base) => base.join(&link).ok()?,
        None if link.starts_with("//") => Url::parse(&format!("https:{link}")).ok()?,
        None => return None,
    };
    matches!(resolved.scheme(), "http" | "https").then(|| resolved.into())
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(value: &Value) -> Option<String> {
        resolve(
            value,
            Url::parse("https://example.org/shows/list?page=2").ok().as_ref(),
        )
    }

    #[test]
    fn relative_addresses_are_resolved_and_absolute_ones_stay_as_written() {
        let cases = [
            (
                "https://a.org/x?y=view%3devent%26id%3d1",
                "https://a.org/x?y=view%3devent%26id%3d1",
            ),
            (" HTTPS://A.org/ÄÖ ", "HTTPS://A.org/ÄÖ"),
            ("https://a.org", "https://a.org"),
            ("https://a.org/a b.jpg", "https://a.org/a%20b.jpg"),
            (
                "https://a.org/?a=1&amp;b=2&#038;c=3",
                "https://a.org/?a=1&b=2&c=3",
            ),
            ("//cdn.org/i.png", "https://cdn.org/i.png"),
            ("/node/1", "https://example.org/node/1"),
            ("detail", "https://example.org/shows/detail"),
            ("../up", "https://example.org/up"),
            ("?page=3", "https://example.org/shows/list?page=3"),
            (
                "#tw-event-dialog-1",
                "https://example.org/shows/list?page=2#tw-event-dialog-1",
            ),
            ("www.tickets.org/x", "https://www.tickets.org/x"),
            ("background-image: url('/i.jpg');", "https://example.org/i.jpg"),
            ("/a.jpg 300w, /b.jpg 600w", "https://example.org/a.jpg"),
        ];
        for (raw, expected) in cases {
            assert_eq!(resolved(&json!(raw)).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn everything_but_http_is_dropped() {
        for raw in [
            "mailto:a@b.c",
            "javascript:void(0)",
            "data:image/png;base64,AAAA",
            "tel:1",
            "ftp://a/b",
            "#",
            "",
            "  ",
            "https://",
            "wix:image://v1/x",
        ] {
            assert_eq!(resolved(&json!(raw)), None, "{raw}");
        }
        assert_eq!(resolved(&json!(5)), None);
        assert_eq!(
            resolve(&json!("/x"), Url::parse("file:///tmp/page.html").ok().as_ref()),
            None
        );
        assert_eq!(
            resolve(&json!("//a.org/x"), None).as_deref(),
            Some("https://a.org/x")
        );
    }

    #[test]
    fn objects_and_lists_give_their_first_address() {
        assert_eq!(
            resolved(&json!({"url": "/a"})).as_deref(),
            Some("https://example.org/a")
        );
        assert_eq!(
            resolved(&json!([null, "mailto:x", {"src": "/b"}])).as_deref(),
            Some("https://example.org/b")
        );
        assert_eq!(
            resolved(&json!({"url": {"url": "/deep"}})).as_deref(),
            Some("https://example.org/deep")
        );
        assert_eq!(resolved(&json!([])), None);
    }
}
