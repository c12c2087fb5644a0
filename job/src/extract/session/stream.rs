//! Items made events while their page is read. Pure.

use serde_json::{Map, Value};

use super::{PageSummary, Session, parts::Parts};
use crate::{
    event::{RawItem, Rejected},
    extract::{
        fields::FieldFailures,
        jq::Variables,
        json::ItemSink,
        kind::{Kind, ReadOptions},
        page::Page,
    },
};

/// Most bytes of events that are kept, as JSON, for each byte of the pages that they are on, and besides. Where a manifest
/// adds more than that to every item, the items themselves are smaller.
const KEPT_PER_BYTE: usize = 4;
const KEPT_BYTES: usize = 4 << 20;

/// What a page gave while it was read.
#[derive(Default)]
pub(super) struct Read {
    items: usize,
    truncated: bool,
    rejected: Vec<Rejected>,
    parts: Parts,
    failures: FieldFailures,
    /// Bytes of the pages.
    page: usize,
}

/// Where the items of a page go.
struct Sink<'s> {
    session: &'s Session,
    variables: Variables,
    base_url: String,
    /// Entries of a part.
    limit: usize,
    /// Most bytes of this page's parts.
    room: usize,
    read: Read,
}

impl Session {
    /// Makes events of a page's items while it is read. `None` where that is not possible, or goes wrong.
    pub(super) fn stream(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Option<Read> {
        let plan = &self.plan;
        let is_straight = plan.transform.is_none()
            && plan.follow.is_none()
            && plan.next.is_none()
            && plan.lookups.is_empty()
            // Events are in the order of the pages.
            && self.entries.is_empty();
        let (Kind::Json(json), Some(limit), true) = (&plan.kind, self.streams, is_straight) else {
            return None;
        };
        let length = page.text().len();
        let room = (self.streamed + length)
            .saturating_mul(KEPT_PER_BYTE)
            .saturating_add(KEPT_BYTES)
            .saturating_sub(self.parts.bytes());
        let mut sink = Sink {
            session: self,
            variables: Variables {
                lookups: Variables::value(&Value::Object(Map::new())),
                ..variables.clone()
            },
            base_url: page.base_url(),
            limit,
            room,
            read: Read::default(),
        };
        let (truncated, failures) = json.stream(page, variables, options, &mut sink)?;
        Some(Read {
            truncated,
            failures,
            page: length,
            ..sink.read
        })
    }

    /// Keeps what a page gave.
    pub(super) fn keep_read(&mut self, read: Read) -> PageSummary {
        let limit = self.streams.unwrap_or_default();
        self.parts.append(read.parts, limit);
        self.streamed += read.page;
        self.out.found += read.items;
        self.out.truncated |= read.truncated;
        self.out.rejected.extend(read.rejected);
        let failures = self.failures.entry(String::new()).or_default();
        failures.absorb(read.failures);
        PageSummary {
            items: read.items,
            next: None,
        }
    }

    /// The next part as JSON, of at most `limit` entries: the events of streamed pages in the parts that they were kept
    /// in.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn json_part(&mut self, limit: usize) -> serde_json::Result<Vec<u8>> {
        // What was found besides goes first.
        let next = match std::mem::replace(&mut self.is_opened, true) {
            true => self.parts.pop(),
            false => {
                self.parts.pack();
                None
            }
        };
        next.map_or_else(|| serde_json::to_vec(&self.part(limit)), Ok)
    }
}

impl ItemSink for Sink<'_> {
    fn item(&mut self, fields: RawItem) -> bool {
        let (session, read) = (self.session, &mut self.read);
        let index = session.out.found + read.items;
        read.items += 1;
        match session.refused(index, &fields, &self.variables) {
            Some(rejected) => read.rejected.push(rejected),
            None => {
                let made = session.plan.normaliser.events(index, &fields, &self.base_url);
                // What cannot be written is told of in the end, as without streaming.
                if read.parts.push(made, self.limit).is_err() {
                    return false;
                }
            }
        }
        read.parts.bytes() <= self.room
    }

    fn restart(&mut self) {
        self.read = Read::default();
    }
}
