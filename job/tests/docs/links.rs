//! Every relative link of every page leads somewhere, and the book holds every page of `docs/` once. IO: reads pages.

use std::{collections::BTreeSet, fs, path::Path};

use regex::Regex;

use super::{markdown, pages, repository};

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

/// Pages that `summary` names, in its order.
fn chapters(summary: &str) -> Vec<String> {
    let chapter = Regex::new(r"\]\(([^)\s]+\.md)\)").unwrap();
    let found = chapter.captures_iter(summary);
    found.map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_page_of_the_documentation_is_a_chapter_of_the_book() {
    let docs = repository().join("docs");
    let chapters = chapters(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap());
    let missing: Vec<String> = pages()
        .iter()
        .filter_map(|page| page.strip_prefix(&docs).ok())
        .map(|page| page.display().to_string())
        .filter(|page| page != "SUMMARY.md" && !chapters.contains(page))
        .map(|page| format!("- [{}]({page})", title(&docs.join(&page))))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/SUMMARY.md lacks\n{}",
        missing.join("\n")
    );
    let distinct: BTreeSet<&String> = chapters.iter().collect();
    assert_eq!(
        distinct.len(),
        chapters.len(),
        "a page is a chapter twice: {chapters:#?}"
    );
    assert!(chapters.len() > 30, "{chapters:#?}");
}

fn title(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let first = text.lines().find_map(|line| line.strip_prefix("# "));
    first
        .unwrap_or_else(|| panic!("{} has no heading", page.display()))
        .to_owned()
}
