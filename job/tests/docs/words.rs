//! The documentation comments of the vocabularies in `crds/src`. IO: reads files.

use std::fs;

use super::repository;

/// Name and meaning of each variant of the enum `name`.
pub fn variants(name: &str) -> Vec<(String, String)> {
    let file = match name {
        "ConditionReason" => "conditions.rs",
        "Reason" | "SkipReason" => "report/reason.rs",
        _ => "report.rs",
    };
    let source = fs::read_to_string(repository().join("crds/src").join(file)).unwrap();
    let (_, tail) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = tail.split_once("\n}").unwrap();
    let mut variants = Vec::new();
    let mut meaning = String::new();
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            meaning.push_str(words);
        } else if let Some(variant) = line.strip_suffix(',') {
            variants.push((variant.to_owned(), std::mem::take(&mut meaning).trim().to_owned()));
        }
    }
    variants
}

/// Meaning of one variant.
pub fn meaning(name: &str, variant: &str) -> String {
    let found = variants(name).into_iter().find(|(known, _)| known == variant);
    found.unwrap_or_else(|| panic!("{name} has no {variant}")).1
}
