//! Runs the blocks of pages that are marked for it, in order. IO.
//!
//! | mark before a block | what happens |
//! | --- | --- |
//! | `<!-- file NAME -->` | the block is written to that file |
//! | `<!-- run -->`, `<!-- run, exit code 2 -->` | it is run, and has to end so |
//! | `<!-- run in background -->` | it is started and goes on until the page ends |
//! | `<!-- in a cluster -->` | nothing here: `.ci/tutorial-cluster` runs it |
//! | `<!-- output contains -->` | the run before it printed each of its lines; `…` stands for anything |

use std::{fs, path::Path};

use super::{
    markdown::{self, Block},
    place::{Place, Printed},
    repository, user_pages,
};

/// White space, and the lines of tables, as one space.
fn plain(text: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || "│┆|┌┐└┘├┤┬┴┼─═╞╪╡╌".contains(c);
    text.split(is_gap)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether one line of `text` has the parts of `wanted` between `…`, in order.
pub fn has_line(text: &str, wanted: &str) -> bool {
    let wanted = plain(wanted);
    let parts: Vec<&str> = wanted
        .split('…')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    text.lines().map(plain).any(|line| {
        let mut rest = line.as_str();
        parts.iter().all(|part| {
            rest.find(part).is_some_and(|at| {
                rest = &rest[at + part.len()..];
                true
            })
        })
    })
}

/// Fails where a line of `block` was not printed.
pub fn expect_output(page: &Path, block: &Block, printed: &Printed) {
    for wanted in block.text.lines().filter(|line| !plain(line).is_empty()) {
        assert!(
            has_line(&printed.text, wanted),
            "{}:{}: not printed: {wanted}\nprinted:\n{}",
            page.display(),
            block.line,
            printed.text
        );
    }
}

/// Runs a page; returns how many blocks it ran.
fn follow(page: &Path) -> usize {
    let blocks = markdown::blocks(&fs::read_to_string(page).unwrap());
    if !blocks.iter().any(|block| block.mark("run").is_some()) {
        return 0;
    }
    let mut place = Place::new();
    place.start_venues();
    let mut last = None;
    let mut ran = 0;
    for block in &blocks {
        if let Some(name) = block.mark("file") {
            place.write(name, &block.text);
        }
        match block.mark("run") {
            Some("in background") => place.start(block.text.trim()),
            Some(end) => {
                let wanted: i32 = end
                    .strip_prefix("exit code ")
                    .map_or(0, |code| code.parse().unwrap());
                let printed = place.run(&block.text);
                assert_eq!(
                    printed.code,
                    wanted,
                    "{}:{}:\n{}\nprinted:\n{}",
                    page.display(),
                    block.line,
                    block.text,
                    printed.text
                );
                place.keep_exports(&block.text);
                last = Some(printed);
                ran += 1;
            }
            None => {}
        }
        if let (Some(_), Some(printed)) = (block.mark("output contains"), &last) {
            expect_output(page, block, printed);
        }
    }
    ran
}

#[test]
fn the_commands_of_the_readme_work() {
    assert!(follow(&repository().join("README.md")) >= 5);
}

#[test]
fn the_commands_of_the_tutorial_work() {
    assert!(follow(&repository().join("docs/tutorial.md")) >= 8);
}

#[test]
fn the_commands_of_all_other_pages_work() {
    let own = ["README.md", "docs/tutorial.md"].map(|page| repository().join(page));
    let ran: usize = user_pages()
        .iter()
        .filter(|page| !own.contains(page))
        .map(|page| follow(page))
        .sum();
    assert!(ran >= 2, "{ran}");
}

#[test]
fn output_is_compared_by_words() {
    let table = "┌──┐\n│ start ┆ title │\n│ Fri 2026-05-01 20:00 ┆ A  band │\n";
    assert!(has_line(table, "│ Fri … 20:00 ┆ A band │"));
    assert!(!has_line(table, "start … A band"));
    assert!(!has_line(table, "A band … Fri"));
}
