//! The canary, in every way of writing it, and the search for it. IO: reads files.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memmem;

/// The part that survives every way of writing a text but base64.
const CORE: &str = "canary7f3e91";

/// The secret: with characters that addresses, forms and HTML write otherwise.
pub const CANARY: &str = "canary7f3e91/+=&x";

/// The secret as part of the authority of an address.
pub const IN_AUTHORITY: &str = "canary7f3e91%2F%2B%3D%26x";

/// The user whose password it is.
pub const USER: &str = "vera";

/// What was searched, and where the canary was found.
#[derive(Default)]
pub struct Search {
    pub places: usize,
    pub bytes: usize,
    pub hits: Vec<String>,
}

impl Search {
    /// Searches bytes; `place` names them.
    pub fn look(&mut self, place: &str, bytes: &[u8]) {
        self.places += 1;
        self.bytes += bytes.len();
        let base64 = BASE64_STANDARD.encode(CANARY);
        let pair = BASE64_STANDARD.encode(format!("{USER}:{CANARY}"));
        let lower = bytes.to_ascii_lowercase();
        for form in [CORE, &base64, &pair] {
            if let Some(at) = memmem::find(&lower, form.to_ascii_lowercase().as_bytes()) {
                let around = &bytes[at.saturating_sub(80)..(at + 40).min(bytes.len())];
                self.hits
                    .push(format!("{place}: {}", String::from_utf8_lossy(around)));
            }
        }
    }

    /// Searches every file below a folder, except those in `secrets/`, where it is meant to be.
    pub fn look_below(&mut self, place: &str, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("secrets") {
                    self.look_below(place, &path);
                }
            } else {
                let bytes = fs::read(&path).unwrap();
                self.look(&format!("{place}: {}", path.display()), &bytes);
            }
        }
    }

    pub fn figure(&self) -> String {
        format!(
            "{} hits in {} texts and files, {} KiB",
            self.hits.len(),
            self.places,
            self.bytes / 1024
        )
    }
}

#[test]
fn the_search_finds_every_form() {
    let encoded = BASE64_STANDARD.encode(format!("x {USER}:{CANARY}"));
    for text in [
        CANARY,
        IN_AUTHORITY,
        "canary7f3e91&#x2F;",
        &BASE64_STANDARD.encode(CANARY),
    ] {
        let mut search = Search::default();
        search.look("here", format!("before {text} after").as_bytes());
        assert!(!search.hits.is_empty(), "{text}");
    }
    let mut search = Search::default();
    search.look("elsewhere", encoded.as_bytes());
    assert!(search.hits.is_empty(), "another text in base64 is another text");
}
