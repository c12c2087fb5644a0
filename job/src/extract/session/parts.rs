//! Events that are made while pages are read, on their way out. Pure.

use std::collections::VecDeque;

use serde::Serialize;

use crate::event::{Event, Rejected};

/// Size at which a part is full however few entries it has, in bytes.
const LARGEST: usize = 1 << 20;

/// Events in parts: as JSON, which is half as large as the events are, and what goes out in the end.
#[derive(Default)]
pub(super) struct Parts {
    packed: VecDeque<Vec<u8>>,
    open: Open,
    /// Of everything that came in, however much of it went out.
    bytes: usize,
}

/// The part that is being made.
#[derive(Default)]
struct Open {
    events: List,
    rejected: List,
    entries: usize,
}

/// JSON of elements, with commas between them.
#[derive(Default)]
struct List(Vec<u8>);

impl Parts {
    /// Adds what became of an entry; a part has `limit` of them at the most.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn push(
        &mut self,
        made: Result<Vec<Event>, Rejected>,
        limit: usize,
    ) -> serde_json::Result<()> {
        let before = self.open.bytes();
        match made {
            Ok(events) => events.iter().try_for_each(|event| self.open.events.push(event))?,
            Err(rejected) => self.open.rejected.push(&rejected)?,
        }
        self.open.entries += 1;
        self.bytes += self.open.bytes() - before;
        self.pack_if_full(limit);
        Ok(())
    }

    /// Adds those of the next page.
    pub(super) fn append(&mut self, next: Self, limit: usize) {
        if !next.packed.is_empty() || self.open.entries + next.open.entries > limit {
            self.pack();
        }
        self.packed.extend(next.packed);
        self.open.events.append(&next.open.events);
        self.open.rejected.append(&next.open.rejected);
        self.open.entries += next.open.entries;
        self.bytes += next.bytes;
        self.pack_if_full(limit);
    }

    /// Ends the last part.
    pub(super) fn pack(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open.entries > 0 {
            let pieces = [
                b"{\"events\":[",
                &open.events.0[..],
                b"],\"rejected\":[",
                &open.rejected.0,
                b"]}",
            ];
            self.packed.push_back(pieces.concat());
        }
    }

    /// The first part.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        self.packed.pop_front()
    }

    /// Size of everything, in bytes, before any of it went out.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.open.entries == 0
    }

    fn pack_if_full(&mut self, limit: usize) {
        if self.open.entries >= limit || self.open.bytes() >= LARGEST {
            self.pack();
        }
    }
}

impl Open {
    fn bytes(&self) -> usize {
        self.events.0.len() + self.rejected.0.len()
    }
}

impl List {
    fn push(&mut self, element: &impl Serialize) -> serde_json::Result<()> {
        self.separate();
        serde_json::to_writer(&mut self.0, element)
    }

    fn append(&mut self, next: &Self) {
        if !next.0.is_empty() {
            self.separate();
            self.0.extend(&next.0);
        }
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
    }
}
