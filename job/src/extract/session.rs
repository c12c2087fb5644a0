//! One run's reading: pages and detail pages in, events and rejections out. Pure.
//!
//! The order of the steps inside extraction is here and nowhere else: read, transform, include/exclude, follow,
//! normalise.

mod around;
mod intake;
mod model;
mod parts;
mod shape;
mod stream;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use serde_json::Value;

use super::{
    error::ExtractError,
    fields::FieldFailures,
    jq::Variables,
    kind::ReadOptions,
    page::Page,
    plan::{NextLink, Plan},
};
use crate::{document::Document, event::RawItem};
pub use model::{DetailRequest, Extraction, PageSummary, TracedItem};
use parts::Parts;
use shape::{absolute, merge, resolve_links, transform};
pub use tally::FieldCount;
use tally::Tally;

struct Entry {
    index: usize,
    fields: RawItem,
    base_url: Rc<str>,
    missing: Vec<String>,
}

/// A run's reading in progress.
pub struct Session {
    plan: Plan,
    entries: VecDeque<Entry>,
    out: Extraction,
    /// Entries of a part, where events are made while pages are read.
    streams: Option<usize>,
    /// Events that were.
    parts: Parts,
    /// Bytes of the pages that they are on.
    streamed: usize,
    /// Whether the first part is out.
    is_opened: bool,
    trace: bool,
    /// Field programs that failed, by extractor: the listing's, `follow`, each lookup.
    failures: BTreeMap<String, FieldFailures>,
    /// What the declared fields of the listing and of the detail pages matched, with `trace`.
    tallies: Vec<Tally>,
}

/// Places in [`Session::tallies`].
const LISTING: usize = 0;
const DETAIL: usize = 1;

impl Session {
    /// Starts with nothing read; `trace` keeps raw items for `preview`.
    pub fn new(plan: Plan, trace: bool) -> Self {
        let mut tallies = Vec::new();
        if trace {
            tallies.push(Tally::new(plan.kind.field_names(), ""));
            let follow = plan.follow.as_ref();
            let names = follow.map(|follow| follow.kind.field_names());
            tallies.push(Tally::new(names.unwrap_or_default(), "follow."));
        }
        Self {
            plan,
            entries: VecDeque::new(),
            out: Extraction::default(),
            streams: None,
            parts: Parts::default(),
            streamed: 0,
            is_opened: false,
            trace,
            failures: BTreeMap::new(),
            tallies,
        }
    }

    /// Makes events while a page is read, where nothing but the items themselves is needed for them; they are kept in parts
    /// of `limit` entries, and taken with [`Self::json_part`] alone. Of such pages [`Self::items`] tells nothing.
    #[must_use]
    pub fn streaming(self, limit: usize) -> Self {
        let streams = (!self.trace).then_some(limit);
        Self { streams, ..self }
    }

    /// Reads a listing page.
    ///
    /// # Errors
    /// The page is not what the manifest says; nothing of it is kept.
    pub fn page(&mut self, document: &Document) -> Result<PageSummary, ExtractError> {
        let page = Page::new(document);
        let mut variables = self.variables(document);
        let room = self.plan.max_items.saturating_sub(self.out.found);
        let options = ReadOptions {
            now: self.plan.now,
            zone: &self.plan.zone,
            max_items: room,
            want_text: self.plan.wants_text(),
            want_item: self.plan.mentions("$item"),
            want_document: self.plan.mentions("$document")
                || matches!(self.plan.next, Some(NextLink::Path(_))),
        };
        if let Some(read) = self.stream(&page, &variables, &options) {
            return Ok(self.keep_read(read));
        }
        let mut reading = self.plan.kind.read(&page, &variables, &options)?;
        let (lookups, lookup_failures) = self.lookups(&page, &variables, &options)?;
        variables.lookups = lookups;
        if self.plan.mentions("$document") {
            variables.document = Variables::value(&reading.document);
        }
        let next = self.next_address(&page, &reading.document, &variables)?;
        let items = reading.list.items.len();
        let listing = (String::new(), std::mem::take(&mut reading.failures));
        for (extractor, failures) in std::iter::once(listing).chain(lookup_failures) {
            self.failures.entry(extractor).or_default().absorb(failures);
        }
        self.take(reading, &variables, &Rc::from(page.base_url()));
        Ok(PageSummary { items, next })
    }

    /// Detail pages that the items ask for, one for each entry; those over the limit are left out.
    pub fn details(&mut self) -> Vec<DetailRequest> {
        let Some(follow) = &self.plan.follow else {
            return Vec::new();
        };
        let variables = Variables {
            now: now_text(&self.plan),
            ..Variables::default()
        };
        let mut requests = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            let variables = Variables {
                url: Variables::text(&entry.base_url),
                ..variables.clone()
            };
            let address = match follow.url.first(&Value::from(entry.fields.clone()), &variables) {
                Ok(Value::String(address)) if !address.trim().is_empty() => address,
                Ok(_) => continue,
                Err(problem) => {
                    warn(
                        &mut self.out.warnings,
                        format!("{}: {problem}", follow.url.place()),
                    );
                    continue;
                }
            };
            if requests.len() >= follow.max {
                self.out.truncated = true;
                break;
            }
            match absolute(&entry.base_url, address.trim()) {
                Some(url) => requests.push(DetailRequest { entry: number, url }),
                None => warn(
                    &mut self.out.warnings,
                    format!("{}: {address:?} is no address", follow.url.place()),
                ),
            }
        }
        requests
    }

    /// Merges a detail page into its entry.
    ///
    /// # Errors
    /// The page is not what the manifest says; the entry stays as the listing has it.
    pub fn detail(&mut self, entry: usize, document: &Document) -> Result<(), ExtractError> {
        let (Some(follow), Some(target)) = (&self.plan.follow, self.entries.get_mut(entry)) else {
            return Ok(());
        };
        let page = Page::new(document);
        let variables = Variables {
            url: Variables::text(&document.url),
            now: now_text(&self.plan),
            ..Variables::default()
        };
        let options = ReadOptions {
            now: self.plan.now,
            zone: &self.plan.zone,
            max_items: 100,
            want_text: follow
                .transform
                .as_ref()
                .is_some_and(|program| program.mentions(".text")),
            want_item: false,
            want_document: false,
        };
        let reading = follow.kind.read(&page, &variables, &options)?;
        let failures = self.failures.entry("follow".to_owned()).or_default();
        failures.absorb(reading.failures);
        let first = reading.list.items.into_iter().next();
        if let Some(tally) = self.tallies.get_mut(DETAIL) {
            tally.see(first.as_ref().map(|item| &item.fields));
        }
        let Some(first) = first else {
            return Ok(());
        };
        let mut detail = first.fields;
        // Addresses of the detail page are relative to it, not to the listing.
        let base = page.base_url();
        resolve_links(&mut detail, &base);
        resolve_links(&mut target.fields, &target.base_url);
        let listing = target.fields.clone();
        target.fields = merge(listing.clone(), &detail, follow.merge);
        if let Some(program) = &follow.transform {
            let variables = Variables {
                listing: Variables::value(&Value::from(listing)),
                detail: Variables::value(&Value::from(detail)),
                ..variables
            };
            let index = target.index;
            let (base_url, missing) = (Rc::clone(&target.base_url), target.missing.clone());
            match transform(program, target.fields.clone(), index, &variables) {
                Ok(items) => self.replace(entry, items, index, &base_url, &missing),
                Err(rejected) => {
                    self.out.rejected.push(rejected);
                    self.entries[entry].fields = RawItem::new();
                }
            }
        }
        Ok(())
    }

    /// Makes events of the next `limit` entries, and lets go of them. The first part has what was found before: the
    /// number of items, rejections and warnings.
    pub fn part(&mut self, limit: usize) -> Extraction {
        let mut out = std::mem::take(&mut self.out);
        let failures = std::mem::take(&mut self.failures);
        // They stand first: what else is odd mostly follows from them.
        out.warnings
            .splice(0..0, failures.values().flat_map(FieldFailures::warnings));
        let tallies = std::mem::take(&mut self.tallies);
        out.fields
            .extend(tallies.into_iter().flat_map(Tally::into_counts));
        if !self.parts.is_empty() {
            return out;
        }
        let entries = self.entries.drain(..limit.min(self.entries.len()));
        for entry in entries.filter(|entry| !entry.fields.is_empty()) {
            match self
                .plan
                .normaliser
                .events(entry.index, &entry.fields, &entry.base_url)
            {
                Ok(events) => out.events.extend(events),
                Err(rejected) => out.rejected.push(rejected),
            }
            if self.trace {
                out.trace.push(TracedItem {
                    index: entry.index,
                    fields: entry.fields,
                    missing: entry.missing,
                });
            }
        }
        out
    }

    /// Fields of the items that were read and not yet made events, in the order of the pages.
    pub fn items(&self) -> impl Iterator<Item = &RawItem> {
        self.entries.iter().map(|entry| &entry.fields)
    }

    /// Whether [`Self::part`] has given everything.
    pub fn is_finished(&self) -> bool {
        self.entries.is_empty() && self.parts.is_empty()
    }

    /// Puts what a detail page's transform made in the place of an entry. Entries keep their numbers, since detail
    /// requests name them: the first item takes the place, further ones go to the end.
    fn replace(
        &mut self,
        entry: usize,
        items: Vec<RawItem>,
        index: usize,
        base_url: &Rc<str>,
        missing: &[String],
    ) {
        let mut items = items.into_iter();
        self.entries[entry].fields = items.next().unwrap_or_default();
        for fields in items {
            self.entries.push_back(Entry {
                index,
                fields,
                base_url: Rc::clone(base_url),
                missing: missing.to_vec(),
            });
        }
    }

    fn variables(&self, document: &Document) -> Variables {
        Variables {
            url: Variables::text(&document.url),
            now: now_text(&self.plan),
            ..Variables::default()
        }
    }
}

fn now_text(plan: &Plan) -> jaq_json::Val {
    Variables::text(&plan.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Adds a warning unless it is there already; a page with a thousand broken items says it once.
fn warn(warnings: &mut Vec<String>, warning: String) {
    const MOST: usize = 20;
    if warnings.len() < MOST && !warnings.contains(&warning) {
        warnings.push(warning);
    }
}
