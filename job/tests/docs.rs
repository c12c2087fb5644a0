//! The documentation is true: links resolve, generated parts are what the code says, manifests are valid and give
//! events, and the commands of the tutorial do what stands below them. `UPDATE_DOCS=1` rewrites the generated parts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "docs/commands.rs"]
mod commands;
#[path = "docs/generated.rs"]
mod generated;
#[path = "docs/limits.rs"]
mod limits;
#[path = "docs/links.rs"]
mod links;
#[path = "docs/manifests.rs"]
mod manifests;
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "docs/place.rs"]
mod place;
#[path = "docs/words.rs"]
mod words;

use std::path::{Path, PathBuf};

/// Folder of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Markdown files of the repository, without what is built or hidden.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![repository()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_skipped =
                name.starts_with('.') || ["target", "node_modules", "golden"].contains(&name.as_str());
            if path.is_dir() && !is_skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// Pages of `docs/` and the README: the user's.
fn user_pages() -> Vec<PathBuf> {
    let root = repository();
    pages()
        .into_iter()
        .filter(|page| page.starts_with(root.join("docs")) || *page == root.join("README.md"))
        .collect()
}
