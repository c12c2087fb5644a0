//! XML made to cost time or memory, or to read what is not its own.

use std::{fmt::Write as _, net::TcpListener};

use serde_json::json;

use crate::family::{Attack, attack, prove};

const LIMIT: &[&str] = &["LimitExceeded"];
const ENDS: &[&str] = &["LimitExceeded", "ParseFailed", "ok"];

fn feed(name: &str, body: impl Into<Vec<u8>>, ends: &'static [&'static str]) -> Attack {
    attack(
        name,
        "xml",
        body,
        json!({ "feed": { "fields": { "start": "\"2099-01-01\"" } } }),
        ends,
    )
}

/// A feed whose only title is `title`, behind the declarations `dtd`.
fn with_dtd(dtd: &str, title: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE r [{dtd}]><rss><channel><item><title>{title}</title><link>https://e.org/1</link></item></channel></rss>"
    )
}

#[test]
fn entities_that_multiply_or_reach_out() {
    let mut laughs = "<!ENTITY a0 \"lol\">".to_owned();
    for n in 1..12 {
        let _ = write!(
            laughs,
            "<!ENTITY a{n} \"{}\">",
            format!("&a{};", n - 1).repeat(10)
        );
    }
    // Whoever fetched the external part would connect here.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let outside = format!("http://{}/x.dtd", listener.local_addr().unwrap());
    let attacks = vec![
        feed("a billion laughs", with_dtd(&laughs, "&a11;"), ENDS),
        feed(
            "quadratic blow-up",
            with_dtd(
                &format!("<!ENTITY a \"{}\">", "x".repeat(1_000_000)),
                &"&a;".repeat(100_000),
            ),
            ENDS,
        ),
        feed(
            "an entity that is a file",
            with_dtd("<!ENTITY x SYSTEM \"file:///etc/passwd\">", "a &x; b"),
            ENDS,
        ),
        feed(
            "an entity that is a page",
            with_dtd(
                &format!("<!ENTITY x SYSTEM \"{outside}\"><!ENTITY % p SYSTEM \"{outside}\">%p;"),
                "&x;",
            ),
            ENDS,
        ),
        feed(
            "an entity of itself",
            with_dtd("<!ENTITY x \"&x;\">", "&x;"),
            ENDS,
        ),
        feed(
            "a declaration without end",
            format!("<!DOCTYPE {}", "[".repeat(5_000_000)),
            ENDS,
        ),
    ];
    prove(
        "XML: billion laughs, quadratic blow-up, external entities",
        attacks,
    );
    assert!(listener.accept().is_err(), "something connected");
}

#[test]
fn nesting_attributes_and_size() {
    let namespaces: String = (0..50_000).map(|n| format!(" xmlns:n{n}=\"u{n}\"")).collect();
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"x\"")).collect();
    let item = |content: &str| format!("<item><title>x</title>{content}</item>");
    let rss = |content: &str| format!("<rss><channel>{content}</channel></rss>");
    let attacks = vec![
        feed(
            "nested a million deep",
            format!("<rss><channel><item>{}", "<a>".repeat(1_000_000)),
            LIMIT,
        ),
        feed(
            "200 000 attributes",
            rss(&format!("<item{attributes}><title>x</title></item>")),
            ENDS,
        ),
        feed(
            "one attribute a million times",
            rss(&format!(
                "<item{}><title>x</title></item>",
                " a=\"x\"".repeat(1_000_000)
            )),
            ENDS,
        ),
        feed(
            "50 000 namespaces",
            format!(
                "<rss{namespaces}><channel>{}</channel></rss>",
                item("<n1:a>x</n1:a>").repeat(50_000)
            ),
            ENDS,
        ),
        feed("350 000 items", rss(&item("").repeat(330_000)), ENDS),
        feed(
            "half a million nested tags of HTML in a title",
            rss(&item(&format!(
                "<description>{}</description>",
                "&lt;div&gt;".repeat(500_000)
            ))),
            ENDS,
        ),
        feed(
            "hostile HTML in 2 000 items",
            rss(&item(&format!(
                "<description>{}</description>",
                "&lt;b a=1&gt;".repeat(300)
            ))
            .repeat(2_000)),
            ENDS,
        ),
        feed(
            "a comment of 9 MB",
            format!("<rss><!--{}", "-".repeat(9_000_000)),
            ENDS,
        ),
        feed(
            "a JSON feed of depth a million",
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":{}",
                "[".repeat(1_000_000)
            ),
            &["ParseFailed"],
        ),
        feed("zeros", vec![0; 9_000_000], ENDS),
    ];
    prove("XML: nesting, attributes and size", attacks);
}
