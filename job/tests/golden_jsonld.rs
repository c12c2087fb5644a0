//! JSON-LD and the items it comes to: objects in `input.json`, or the scripts of `input.html`.

#[path = "golden/item_list.rs"]
mod item_list;

use scraper::{Html, Selector};
use sms_job::extract::{
    item::RawNames,
    json_ld::{read_objects, scripts_to_values},
};

#[test]
fn objects_are_read_as_expected() {
    item_list::check("jsonld", 8, |bytes, extension| {
        let text = std::str::from_utf8(bytes).unwrap();
        if extension == "json" {
            return read_objects(&[serde_json::from_str(text).unwrap()], &[], &RawNames::All);
        }
        let selector = Selector::parse("script[type='application/ld+json']").unwrap();
        let page = Html::parse_document(text);
        let scripts: Vec<String> = page
            .select(&selector)
            .map(|script| script.text().collect())
            .collect();
        let (values, warnings) = scripts_to_values(&scripts);
        let mut list = read_objects(&values, &[], &RawNames::All);
        list.warnings.extend(warnings);
        list
    });
}
