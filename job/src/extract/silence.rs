//! Why a page may have given no item at all, for whoever writes the manifest. Pure.

use sms_crds::v1alpha1::{ExtractSpec, HtmlExtract, JsonExtract, JsonLdExtract};

/// Which selector or program found nothing, and what to try.
pub fn why_nothing(extract: &ExtractSpec) -> String {
    match extract {
        ExtractSpec { json: Some(json), .. } => of_json(json),
        ExtractSpec { html: Some(html), .. } => of_html(html),
        ExtractSpec { ical: Some(_), .. } => {
            "spec.extract.ical found no event in its time window: set past or horizon, or try preview --now with a time \
             at which the calendar has events"
                .to_owned()
        }
        ExtractSpec { feed: Some(_), .. } => {
            "spec.extract.feed found no entry: look at spec.fetch.url in a browser, the feed may be empty or another one"
                .to_owned()
        }
        ExtractSpec {
            json_ld: Some(json_ld),
            ..
        } => of_json_ld(json_ld),
        _ => "spec.extract names no extractor".to_owned(),
    }
}

fn of_json(json: &JsonExtract) -> String {
    let program = json.items.as_deref().unwrap_or(".");
    let within = json
        .within
        .as_ref()
        .map(|css| format!(" in the JSON of within: {css:?}"))
        .unwrap_or_default();
    format!(
        "spec.extract.json.items {program:?} found nothing{within}: compare the path with the page; `items: .` and \
         preview --format json show what the page has"
    )
}

fn of_html(html: &HtmlExtract) -> String {
    let css = html.items.as_deref().unwrap_or_default();
    format!(
        "spec.extract.html.items {css:?} matches no element: compare the selector with the page's source, which has less \
         than the browser's inspector shows; a page that scripts fill often holds its events as json or jsonLd"
    )
}

fn of_json_ld(json_ld: &JsonLdExtract) -> String {
    let types = if json_ld.types.is_empty() {
        "Event or one of its sub-types".to_owned()
    } else {
        json_ld.types.join(", ")
    };
    let microdata = if json_ld.microdata {
        ""
    } else {
        "; microdata: true reads itemprop attributes too"
    };
    format!(
        "spec.extract.jsonLd found no object of type {types}: name the page's own types in spec.extract.jsonLd.types{microdata}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_words_name_the_selector_or_program_and_a_remedy() {
        for (extract, expected) in [
            (
                json!({"json": {"items": ".evnts"}}),
                "json.items \".evnts\" found",
            ),
            (
                json!({"json": {"within": "#data"}}),
                "items \".\" found nothing in the JSON of within: \"#data\"",
            ),
            (
                json!({"html": {"items": ".card", "fields": {}}}),
                "html.items \".card\" matches no element",
            ),
            (json!({"ical": {}}), "set past or horizon"),
            (json!({"feed": {}}), "spec.fetch.url"),
            (json!({"jsonLd": {"types": ["Party"]}}), "of type Party: "),
        ] {
            let spec: ExtractSpec = serde_json::from_value(extract.clone()).unwrap();
            let told = why_nothing(&spec);
            assert!(told.contains(expected), "{extract}: {told}");
        }
    }
}
