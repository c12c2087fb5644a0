//! Events that are made while a page is read, on their way out. Pure.

use std::collections::VecDeque;

use super::Extraction;
use crate::event::{Event, Rejected};

/// Events in parts. All but the last part are JSON, which is half as large as the events are, and what goes out in the end.
#[derive(Default)]
pub(super) struct Parts {
    packed: VecDeque<Vec<u8>>,
    /// Of all that were packed.
    bytes: usize,
    open: Extraction,
    /// Entries of the open part.
    entries: usize,
}

impl Parts {
    /// Adds what became of an entry; a part has `limit` of them.
    pub(super) fn push(&mut self, made: Result<Vec<Event>, Rejected>, limit: usize) {
        match made {
            Ok(events) => self.open.events.extend(events),
            Err(rejected) => self.open.rejected.push(rejected),
        }
        self.entries += 1;
        if self.entries >= limit {
            self.pack();
        }
    }

    /// Adds those of the next page.
    pub(super) fn append(&mut self, next: Self) {
        if !next.packed.is_empty() {
            self.pack();
            self.packed.extend(next.packed);
            self.bytes += next.bytes;
        }
        self.open.extend(next.open);
        self.entries += next.entries;
    }

    /// The first part that is JSON.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.packed.pop_front()
    }

    /// The last part.
    pub(super) fn take_open(&mut self) -> Extraction {
        self.entries = 0;
        std::mem::take(&mut self.open)
    }

    /// Size of the parts that are JSON, in bytes, before any of them went out.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there are parts that are JSON.
    pub(super) fn has_packed(&self) -> bool {
        !self.packed.is_empty()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.entries == 0
    }

    fn pack(&mut self) {
        if self.entries == 0 {
            return;
        }
        // What cannot be written as JSON stays open.
        if let Ok(mut json) = serde_json::to_vec(&self.open) {
            json.shrink_to_fit();
            self.bytes += json.len();
            self.packed.push_back(json);
            self.take_open();
        }
    }
}
