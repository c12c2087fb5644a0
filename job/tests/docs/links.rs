//! Every relative link of every page leads somewhere. IO: reads pages.

use std::{collections::BTreeSet, fs, path::Path};

use regex::Regex;

use super::{markdown, pages};

/// Names that headings of a page can be linked by, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        let Some(heading) = line.strip_prefix('#').filter(|_| !in_fence) else {
            continue;
        };
        let base: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            })
            .collect();
        let mut name = base.clone();
        let mut number = 0;
        while !anchors.insert(name.clone()) {
            number += 1;
            name = format!("{base}-{number}");
        }
    }
    anchors
}

fn problem(page: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() {
        page.to_owned()
    } else {
        page.parent()?.join(file)
    };
    if !file.exists() {
        return Some(format!("{}: {target} does not exist", page.display()));
    }
    let is_page = file.extension().is_some_and(|kind| kind == "md");
    let is_known =
        anchor.is_empty() || !is_page || anchors(&fs::read_to_string(&file).unwrap()).contains(anchor);
    (!is_known).then(|| format!("{}: {target} has no such heading", page.display()))
}

#[test]
fn every_relative_link_resolves() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut problems = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let prose = markdown::prose(&fs::read_to_string(&page).unwrap());
        for target in link.captures_iter(&prose).map(|found| found[1].to_owned()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            problems.extend(problem(&page, &target));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(seen > 50, "only {seen} links were found");
}
