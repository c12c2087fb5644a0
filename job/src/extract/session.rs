//! One run's reading: pages and detail pages in, events and rejections out. Pure.
//!
//! The order of the steps inside extraction is here and nowhere else: read, transform, include/exclude, follow,
//! normalise.

mod around;
mod model;
mod shape;
mod tally;

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use serde_json::Value;
use sms_crds::report::SkipReason;

use super::{
    error::ExtractError,
    fields::FieldFailures,
    jq::Variables,
    kind::{ReadOptions, Reading},
    page::Page,
    plan::{NextLink, Plan},
};
use crate::{
    document::Document,
    event::{RawItem, Rejected},
};
pub use model::{DetailRequest, Extraction, PageSummary, TracedItem};
use shape::{absolute, merge, resolve_links, title_of, transform};
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
            trace,
            failures: BTreeMap::new(),
            tallies,
        }
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
        self.entries.is_empty()
    }

    /// Transform, include and exclude for the items of a page.
    fn take(&mut self, reading: Reading, variables: &Variables, base_url: &Rc<str>) {
        let wants_item = self.plan.mentions("$item");
        self.out.truncated |= reading.list.truncated;
        for warning in reading.list.warnings {
            warn(&mut self.out.warnings, warning);
        }
        let mut missing = reading.missing.into_iter();
        self.entries.reserve(reading.list.items.len());
        for item in reading.list.items {
            let index = self.out.found;
            self.out.found += 1;
            let missing = missing.next().unwrap_or_default();
            if let Some(tally) = self.tallies.get_mut(LISTING) {
                tally.see(Some(&item.fields));
            }
            let Some(program) = &self.plan.transform else {
                self.keep(item.fields, index, missing, variables, base_url);
                continue;
            };
            let mut of_item = variables.clone();
            of_item.index = Variables::value(&Value::from(index));
            if wants_item {
                of_item.item = Variables::value(&item.raw);
            }
            match transform(program, item.fields, index, &of_item) {
                Ok(items) => {
                    for fields in items {
                        self.keep(fields, index, missing.clone(), variables, base_url);
                    }
                }
                Err(rejected) => self.out.rejected.push(rejected),
            }
        }
    }

    /// Keeps an item that has fields and passes include and exclude.
    fn keep(
        &mut self,
        fields: RawItem,
        index: usize,
        missing: Vec<String>,
        variables: &Variables,
        base_url: &Rc<str>,
    ) {
        if fields.is_empty() {
            self.out.rejected.push(Rejected {
                index,
                reason: SkipReason::MissingTitle,
                detail: "the item has no fields: name some in fields, or let items give objects".to_owned(),
                title: None,
            });
            return;
        }
        match self.filtered(index, &fields, variables) {
            Some(rejected) => self.out.rejected.push(rejected),
            None => self.entries.push_back(Entry {
                index,
                fields,
                base_url: Rc::clone(base_url),
                missing,
            }),
        }
    }

    /// The rejection of an item that a rule keeps out.
    fn filtered(&self, index: usize, fields: &RawItem, variables: &Variables) -> Option<Rejected> {
        let rejected = |reason, detail| Rejected {
            index,
            reason,
            detail,
            title: title_of(fields),
        };
        for rule in &self.plan.include {
            match rule.passes(fields, variables) {
                Ok(true) => {}
                Ok(false) => {
                    return Some(rejected(
                        SkipReason::NotIncluded,
                        format!("no include rule: {}", rule.describe()),
                    ));
                }
                Err(problem) => return Some(rejected(SkipReason::TransformFailed, problem)),
            }
        }
        for rule in &self.plan.exclude {
            match rule.passes(fields, variables) {
                Ok(false) => {}
                Ok(true) => return Some(rejected(SkipReason::Excluded, rule.describe())),
                Err(problem) => return Some(rejected(SkipReason::TransformFailed, problem)),
            }
        }
        None
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
