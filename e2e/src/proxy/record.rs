//! Answers to lists, kept to be given once more. Pure.

use std::collections::HashMap;

use hyper::body::Bytes;

use super::Call;

/// The last answer to each list.
#[derive(Debug, Default)]
pub(super) struct Recorded(HashMap<(String, bool), Bytes>);

impl Recorded {
    /// Keeps an answer. Of a list in pages the last of the further ones is kept.
    pub(super) fn note(&mut self, call: &Call, answer: &Bytes) {
        self.0
            .insert((call.path.clone(), call.is_continued()), answer.clone());
    }

    /// The answer to the last such list.
    pub(super) fn of(&self, call: &Call) -> Option<Bytes> {
        self.0.get(&(call.path.clone(), call.is_continued())).cloned()
    }
}
