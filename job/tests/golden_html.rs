//! Each folder of `golden/html` holds a page, an `HtmlExtract` and the items that come out. With `UPDATE_GOLDEN=1` the
//! items are written instead of compared.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sms_crds::v1alpha1::HtmlExtract;
use sms_job::extract::html::{HtmlLimits, HtmlPage, HtmlPlan, ItemOptions};

fn items_of(case: &Path) -> Value {
    let read = |name: &str| {
        fs::read_to_string(case.join(name)).unwrap_or_else(|error| panic!("{case:?}/{name}: {error}"))
    };
    let spec: HtmlExtract =
        serde_saphyr::from_str(&read("spec.yaml")).unwrap_or_else(|error| panic!("{case:?}: {error}"));
    let plan =
        HtmlPlan::compile(&spec, "spec.extract.html").unwrap_or_else(|error| panic!("{case:?}: {error}"));
    let page = HtmlPage::parse(&read("input.html"), &HtmlLimits::default()).unwrap();
    let items = plan
        .extract(
            &page,
            ItemOptions {
                want_text: false,
                max_items: 100,
            },
        )
        .unwrap();
    items
        .into_iter()
        .map(|item| json!({"fields": item.fields, "missing": item.missing}))
        .collect()
}

#[test]
fn every_golden_page_gives_its_items() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/html");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut cases = 0;
    let mut failures = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let case = entry.unwrap().path();
        let found = items_of(&case);
        let expected = case.join("expected.json");
        cases += 1;
        if update {
            fs::write(&expected, format!("{found:#}\n")).unwrap();
        } else if serde_json::from_str::<Value>(&fs::read_to_string(&expected).unwrap()).unwrap() != found {
            failures.push(format!("{}:\n{found:#}", case.display()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {cases} pages differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        cases >= 18,
        "only {cases} cases were found in {}",
        folder.display()
    );
}
