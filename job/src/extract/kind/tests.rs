//! What the extractors give for a page, where that is a matter of how they are put together.

use serde_json::{Value, json};
use sms_crds::v1alpha1::ExtractSpec;

use super::{Kind, ReadOptions};
use crate::{
    document::Document,
    extract::{jq::Variables, page::Page},
};

fn titles(spec: Value, html: &str) -> Vec<Value> {
    let spec: ExtractSpec = serde_json::from_value(spec).unwrap();
    let document = Document {
        url: "https://venue.example/".to_owned(),
        content_type: Some("text/html".to_owned()),
        body: html.as_bytes().to_vec(),
        ..Document::default()
    };
    let options = ReadOptions {
        now: jiff::Timestamp::UNIX_EPOCH,
        zone: &jiff::tz::TimeZone::UTC,
        max_items: 10,
        want_text: false,
        want_item: false,
        want_document: false,
    };
    let reading = Kind::of_extract(&spec, "spec.extract")
        .unwrap()
        .read(&Page::new(&document), &Variables::default(), &options)
        .unwrap();
    let items = reading.list.items.into_iter();
    items.map(|item| item.fields["title"].clone()).collect()
}

#[test]
fn a_single_script_with_an_array_is_that_array() {
    let page = r#"<script id="d">[{"title": "A"}, {"title": "B"}]</script>"#;
    let spec = json!({"json": {"within": "#d", "items": ".[] | select(.title != null)"}});
    assert_eq!(titles(spec, page), [json!("A"), json!("B")]);
}

#[test]
fn several_scripts_are_read_one_after_the_other() {
    let page = r#"<script class="d">{"e": [{"title": "A"}]}</script><script class="d">{"e": [{"title": "B"}]}</script>"#;
    let spec = json!({"json": {"within": ".d", "items": ".e"}});
    assert_eq!(titles(spec, page), [json!("A"), json!("B")]);
}
