//! Manifests of the pages: valid, and those with a page beside them give events. IO: runs the binary.
//!
//! `<!-- preview PAGE NOW [ADDRESS=PAGE…] -->` before a manifest names a page that the same document writes with
//! `<!-- file PAGE -->`, the time to pretend, and detail pages. `<!-- output contains -->` after it is checked.

use std::{fs, path::Path};

use super::{
    commands::expect_output,
    markdown::{self, Block},
    place::Place,
    user_pages,
};

fn is_manifest(block: &Block) -> bool {
    block.language == "yaml" && block.text.contains("kind: ScrapeSource")
}

#[test]
fn every_manifest_of_the_pages_is_valid() {
    let mut seen = 0;
    for page in user_pages() {
        let blocks = markdown::blocks(&fs::read_to_string(&page).unwrap());
        for block in blocks
            .iter()
            .filter(|block| is_manifest(block) && block.mark("wrong").is_none())
        {
            let place = Place::new();
            place.write("manifest.yaml", &block.text);
            let printed = place.run("sms_scraper check manifest.yaml");
            assert_eq!(
                printed.code,
                0,
                "{}:{}: {}",
                page.display(),
                block.line,
                printed.text
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// Runs the manifests of `page` that name a page; returns how many.
fn preview(page: &Path) -> usize {
    let blocks = markdown::blocks(&fs::read_to_string(page).unwrap());
    let place = Place::new();
    let (mut seen, mut last) = (0, None);
    for block in &blocks {
        if let Some(name) = block.mark("file") {
            place.write(name, &block.text);
        }
        if let Some(words) = block.mark("preview") {
            let mut words = words.split_whitespace();
            let (fixture, now) = (words.next().unwrap(), words.next().unwrap());
            let details: String = words.fold(String::new(), |all, detail| all + " --detail '" + detail + "'");
            place.write("manifest.yaml", &block.text);
            let printed = place.run(&format!(
                "sms_scraper preview manifest.yaml --fixture {fixture} --now {now}{details}"
            ));
            let at = format!("{}:{}", page.display(), block.line);
            assert_eq!(printed.code, 0, "{at}: {}", printed.text);
            let has_events = printed
                .text
                .lines()
                .next()
                .is_some_and(|line| !line.contains(" 0 events"));
            assert!(has_events, "{at}: {}", printed.text);
            seen += 1;
            last = Some(printed);
        } else if block.mark("run").is_some() {
            last = None;
        }
        if let (Some(_), Some(printed)) = (block.mark("output contains"), &last) {
            expect_output(page, block, printed);
        }
    }
    seen
}

#[test]
fn every_manifest_with_a_page_gives_what_stands_below_it() {
    let seen: usize = user_pages().iter().map(|page| preview(page)).sum();
    assert!(seen > 8, "{seen}");
}
