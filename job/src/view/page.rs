//! The start page: which sources there are, and where their events can be had. Pure.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::tz::TimeZone;
use quick_xml::escape::escape;
use sha2::{Digest, Sha256};
use url::form_urlencoded::byte_serialize;

use crate::store::listing::StoredSource;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884}\
td.n{text-align:right}:root{color-scheme:light dark}";

/// The page may show its own style and nothing else: no script, no picture, no frame, no form.
pub fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page. Every address in it is relative, since a proxy may serve it below a path; `base_url` is where calendars can be
/// subscribed to, if that is known.
pub fn html(sources: &[StoredSource], base_url: Option<&str>) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Events</title>\n<style>{STYLE}</style>\
         \n<link rel=\"alternate\" type=\"text/calendar\" href=\"events.ics\"></head>\n<body>\n<h1>Events</h1>\n\
         <p>All sources: <a href=\"v1/events?from=today\">JSON</a>, <a href=\"events.ics\">iCalendar</a>{}.</p>\n",
        subscription(base_url, "events.ics")
    );
    if sources.is_empty() {
        page.push_str("<p>No source has run yet.</p>\n</body>\n</html>\n");
        return page;
    }
    page.push_str(
        "<table>\n<tr><th>Source</th><th>Upcoming</th><th>Stored</th><th>Last success (UTC)</th><th>Events</th></tr>\n",
    );
    for source in sources {
        let path: String = byte_serialize(source.source.as_bytes()).collect();
        let calendar = format!("sources/{path}/events.ics");
        let last = source.last_success.map_or_else(
            || "never".to_owned(),
            |at| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string(),
        );
        // Writing into a String cannot fail.
        let _ = writeln!(
            page,
            "<tr><td>{}<br><small>{}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{last}</td>\
             <td><a href=\"v1/events?from=today&amp;source={path}\">JSON</a> <a href=\"{calendar}\">iCalendar</a>{}</td></tr>",
            escape(source.api_name.as_str()),
            escape(source.source.as_str()),
            source.upcoming,
            source.events,
            subscription(base_url, &calendar),
        );
    }
    page.push_str(
        "</table>\n<p><a href=\"v1/sources\">Sources as JSON</a>. To subscribe to a calendar, give its address to your \
         calendar program.</p>\n</body>\n</html>\n",
    );
    page
}

/// A link that calendar programs open as a subscription.
fn subscription(base_url: Option<&str>, path: &str) -> String {
    let rest = base_url.and_then(|base| {
        base.strip_prefix("https://")
            .or_else(|| base.strip_prefix("http://"))
    });
    rest.map_or_else(String::new, |rest| {
        format!(
            ", <a href=\"webcal://{}\">subscribe</a>",
            escape(format!("{rest}{path}"))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> StoredSource {
        StoredSource {
            source: format!("default/{name}"),
            api_name: name.to_owned(),
            events: 12,
            upcoming: 3,
            last_success: Some("2026-05-10T01:02:03Z".parse().unwrap()),
            last_read: None,
        }
    }

    #[test]
    fn names_are_escaped_wherever_they_stand() {
        let page = html(&[source("\"><script>alert('x')</script>&amp;")], None);
        assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(page.contains("source=default%2F%22%3E%3Cscript"), "{page}");
    }

    #[test]
    fn a_source_has_its_numbers_and_links() {
        let page = html(&[source("blue_moon")], Some("https://x.example/a/"));
        for part in [
            "<td class=\"n\">3</td><td class=\"n\">12</td><td>2026-05-10 01:02</td>",
            "href=\"v1/events?from=today&amp;source=default%2Fblue_moon\"",
            "href=\"sources/default%2Fblue_moon/events.ics\"",
            "href=\"webcal://x.example/a/sources/default%2Fblue_moon/events.ics\"",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn the_policy_allows_the_style_of_the_page_by_its_hash() {
        let policy = content_security_policy();
        let page = html(&[], None);
        let style = page
            .split_once("<style>")
            .and_then(|(_, tail)| tail.split_once("</style>"))
            .unwrap()
            .0;
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
    }
}
