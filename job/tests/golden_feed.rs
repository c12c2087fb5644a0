//! Feeds and the items they come to.

#[path = "golden/item_list.rs"]
mod item_list;

use std::{fs, path::Path};

use sms_job::extract::{feed::read, item::RawNames};

fn tags_removed(html: &str) -> String {
    let text: String = scraper::Html::parse_fragment(html)
        .root_element()
        .text()
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn feeds_are_read_as_expected() {
    item_list::check("feed", 8, |bytes, _| {
        read(bytes, 100, tags_removed, &RawNames::All).unwrap()
    });
}

/// What another reader can read, it reads the same.
#[test]
fn well_formed_feeds_are_read_as_feed_rs_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/feed");
    for (case, file) in [
        ("rss2", "input.xml"),
        ("atom", "input.xml"),
        ("rss1", "input.xml"),
        ("jsonfeed", "input.json"),
    ] {
        let bytes = fs::read(folder.join(case).join(file)).unwrap();
        let ours = read(&bytes, 100, str::to_owned, &RawNames::All).unwrap();
        let theirs = feed_rs::parser::parse(bytes.as_slice()).unwrap();
        assert_eq!(ours.items.len(), theirs.entries.len(), "{case}");
        for (item, entry) in ours.items.iter().zip(&theirs.entries) {
            let ours = |key: &str| item.raw[key].as_str().unwrap_or_default().trim().to_owned();
            let text = |text: &Option<feed_rs::model::Text>| {
                text.as_ref()
                    .map(|text| text.content.trim().to_owned())
                    .unwrap_or_default()
            };
            let instant = |at: &Option<chrono::DateTime<chrono::Utc>>| {
                at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
                    .unwrap_or_default()
            };
            assert_eq!(ours("title"), text(&entry.title), "{case}");
            assert_eq!(
                ours("link"),
                entry
                    .links
                    .first()
                    .map(|link| link.href.clone())
                    .unwrap_or_default(),
                "{case}"
            );
            assert_eq!(ours("published"), instant(&entry.published), "{case}");
            assert_eq!(ours("summary"), text(&entry.summary), "{case}");
            if case != "rss1" {
                assert_eq!(ours("id"), entry.id, "{case}");
                let terms: Vec<&str> = entry
                    .categories
                    .iter()
                    .map(|category| category.label.as_deref().unwrap_or(&category.term))
                    .collect();
                assert_eq!(item.raw["categories"], serde_json::json!(terms), "{case}");
            }
        }
    }
}
