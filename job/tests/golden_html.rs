//! Each folder of `golden/html` holds a page, an `HtmlExtract` and the items that come out. With `UPDATE_GOLDEN=1` the
//! items are written instead of compared.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sms_crds::v1alpha1::HtmlExtract;
use sms_job::extract::html::{HtmlLimits, HtmlPage, HtmlPlan, ItemOptions};

fn items_of(case: &Path) -> Result<Value, Box<dyn Error>> {
    let spec: HtmlExtract = serde_saphyr::from_str(&fs::read_to_string(case.join("spec.yaml"))?)?;
    let plan = HtmlPlan::compile(&spec, "spec.extract.html")?;
    let page = HtmlPage::parse(
        &fs::read_to_string(case.join("input.html"))?,
        &HtmlLimits::default(),
    )?;
    let items = plan.extract(
        &page,
        ItemOptions {
            want_text: false,
            max_items: 100,
        },
    )?;
    Ok(items
        .into_iter()
        .map(|item| json!({"fields": item.fields, "missing": item.missing}))
        .collect())
}

#[test]
fn every_golden_page_gives_its_items() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/html");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut cases = 0;
    let mut failures = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let case = entry.unwrap().path();
        let expected = case.join("expected.json");
        cases += 1;
        match items_of(&case) {
            Err(error) => failures.push(format!("{}: {error}", case.display())),
            Ok(found) if update => fs::write(&expected, format!("{found:#}\n")).unwrap(),
            Ok(found) => {
                let text = fs::read_to_string(&expected).unwrap();
                if serde_json::from_str::<Value>(&text).unwrap() != found {
                    failures.push(format!("{}:\n{found:#}", case.display()));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {cases} pages differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        cases >= 19,
        "only {cases} cases were found in {}",
        folder.display()
    );
}
