//! Feeds that are broken or mean harm.

use std::{fmt::Write as _, time::Duration};

use super::*;
use crate::processor_time::within;

fn tags_removed(html: &str) -> String {
    scraper::Html::parse_fragment(html)
        .root_element()
        .text()
        .collect()
}

fn items(feed: &str) -> ItemList {
    read(feed.as_bytes(), 1_000, tags_removed, &RawNames::All).unwrap()
}

fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>")
}

fn problem(feed: &str) -> String {
    match read(feed.as_bytes(), 10, tags_removed, &RawNames::All) {
        Err(ExtractError::Parse {
            format: "a feed",
            problem,
        }) => problem,
        other => panic!("expected a parse error, got {other:?}"),
    }
}

fn quickly<T>(work: impl FnOnce() -> T) -> T {
    within(Duration::from_secs(30), work)
}

#[test]
fn what_is_no_feed_is_named() {
    assert!(problem("<!doctype html>\n<html><body></body></html>").ends_with("found an HTML page"));
    assert!(problem("<?xml version='1.0'?><urlset/>").ends_with("found an XML document <urlset>"));
    assert!(problem("Not found").contains("found text that starts with \"Not found\""));
    assert!(problem("").contains("found text"));
    assert!(problem("<?xml version='1.0'?>").contains("found XML without elements"));
    assert!(problem("{\"error\": 1}").contains("found JSON without a list"));
    assert!(problem("{\"items\": [").contains("EOF"));
}

#[test]
fn entities_do_not_grow_and_reach_nothing() {
    let mut feed = "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY lol0 'lol'>".to_owned();
    for n in 1..20 {
        write!(
            feed,
            "<!ENTITY lol{n} '{}'>",
            format!("&lol{};", n - 1).repeat(10)
        )
        .unwrap();
    }
    feed += "<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>";
    feed += &rss("<item><title>&lol19; &xxe;</title></item>");
    assert_eq!(quickly(|| items(&feed)).items[0].fields["title"], "&lol19; &xxe;");
}

#[test]
fn deep_nesting_is_refused_except_inside_texts() {
    let deep = format!("<rss>{}", "<a>".repeat(1_000_000));
    assert!(matches!(
        quickly(|| read(deep.as_bytes(), 10, tags_removed, &RawNames::All)),
        Err(ExtractError::Limit(_))
    ));
    let text = rss(&format!(
        "<item><title>t</title><ev:x>{}</ev:x></item>",
        "<a>".repeat(1_000_000)
    ));
    assert!(matches!(
        quickly(|| read(text.as_bytes(), 10, tags_removed, &RawNames::All)),
        Err(ExtractError::Limit(_))
    ));
    let paragraphs = rss(&format!(
        "<item><description>{}</description><guid>1</guid></item>",
        "<p>x<br>".repeat(2_000)
    ));
    let list = quickly(|| {
        read(
            paragraphs.as_bytes(),
            10,
            |html| html.len().to_string(),
            &RawNames::All,
        )
    })
    .unwrap();
    assert_eq!(list.items[0].fields["id"], "1");
    assert_eq!(list.items[0].fields["description"], "16000");
}

#[test]
fn many_attributes_namesakes_and_unclosed_entries_take_linear_time() {
    let mut attributes = "<item><x ".to_owned();
    for n in 0..200_000 {
        write!(attributes, "a{n}='' ").unwrap();
    }
    let feed = rss(&(attributes + "/></item><item>" + &"<category>c</category>".repeat(50_000)));
    let list = quickly(|| items(&feed));
    assert_eq!(list.items.len(), 2);
    assert_eq!(list.items[1].fields["categories"], serde_json::json!(["c"]));
    let authors = format!(
        "<item>{}</item>",
        "<author><name>n</name></author>".repeat(30_000)
    );
    quickly(|| items(&rss(&authors)));
}

#[test]
fn unclosed_elements_and_stray_ends_lose_no_entry() {
    let list = items(
        "<rss><channel></b><item><title>One<item><title>Two</title><guid>2</item>\
         <item><title>Three</titel><link>http://a/3</link></item>",
    );
    let titles: Vec<_> = list
        .items
        .iter()
        .map(|item| item.fields["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles.len(), 3);
    assert_eq!(titles[..2], ["One", "Two"]);
    assert!(titles[2].starts_with("Three"));
    assert_eq!(list.items[1].fields["id"], "2");
}

#[test]
fn a_feed_that_breaks_off_is_partial_and_its_last_entry_is_left_out() {
    let list = items("<rss><channel><item><title>One</title></item><item><title>Tw");
    assert_eq!(list.items.len(), 1);
    assert!(list.truncated);
    assert_eq!(
        list.warnings,
        ["the feed breaks off: the last entry is not closed"]
    );
    let list = items("<rss><channel><item><title>One</title></item><item><title");
    assert_eq!(list.items.len(), 1);
    assert!(list.truncated);
}

#[test]
fn the_number_of_items_is_limited() {
    let feed = rss(&"<item><title>t</title></item>".repeat(5));
    let five = read(feed.as_bytes(), 5, tags_removed, &RawNames::All).unwrap();
    assert!(five.items.len() == 5 && !five.truncated);
    let four = read(feed.as_bytes(), 4, tags_removed, &RawNames::All).unwrap();
    assert!(four.items.len() == 4 && four.truncated);
}

#[test]
fn an_author_that_the_model_crate_stumbles_over_is_read() {
    let list = items(&rss(
        "<item><title>x</title><author>The Venue —info@venue.example</author></item>",
    ));
    assert_eq!(list.items[0].raw["authors"][0], "The Venue —info@venue.example");
}
