//! One run's reading: pages and detail pages in, events and rejections out. Pure.
//!
//! The order of the steps inside extraction is here and nowhere else: read, transform, include/exclude, follow,
//! normalise.

use std::{collections::VecDeque, rc::Rc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sms_crds::{report::SkipReason, v1alpha1::MergeRule};
use url::Url;

use super::{
    error::ExtractError,
    jq::{Program, Variables},
    kind::{ReadOptions, Reading},
    page::Page,
    path::type_name,
    plan::{NextLink, Plan},
};
use crate::{
    document::Document,
    event::{Event, RawItem, Rejected},
};

/// Most items that one transform may make of one.
const MAX_FROM_ONE: usize = 2_000;

/// What one listing page gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageSummary {
    /// Items seen on the page.
    pub items: usize,
    /// Absolute address of the next page, where the page names one.
    pub next: Option<String>,
}

/// A detail page that an item asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetailRequest {
    /// Which item.
    pub entry: usize,
    /// Absolute address.
    pub url: String,
}

/// Everything that was read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extraction {
    /// Items seen.
    pub found: usize,
    /// Events, in the order of the pages.
    pub events: Vec<Event>,
    /// Items that were not made events.
    pub rejected: Vec<Rejected>,
    /// A limit cut the items or the detail pages.
    pub truncated: bool,
    /// What could not be read but did not matter for the rest.
    pub warnings: Vec<String>,
    /// Raw items after transform and follow, for `preview`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<TracedItem>,
}

/// One item as it reached normalisation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TracedItem {
    /// Number of the item it came from.
    pub index: usize,
    /// Its fields.
    pub fields: RawItem,
    /// Non-optional fields that matched nothing.
    pub missing: Vec<String>,
}

impl Extraction {
    /// Adds the next part.
    pub fn extend(&mut self, part: Self) {
        self.found += part.found;
        self.events.extend(part.events);
        self.rejected.extend(part.rejected);
        self.truncated |= part.truncated;
        self.warnings.extend(part.warnings);
        self.trace.extend(part.trace);
    }
}

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
}

impl Session {
    /// Starts with nothing read; `trace` keeps raw items for `preview`.
    pub fn new(plan: Plan, trace: bool) -> Self {
        Self {
            plan,
            entries: VecDeque::new(),
            out: Extraction::default(),
            trace,
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
        let reading = self.plan.kind.read(&page, &variables, &options)?;
        variables.lookups = self.lookups(&page, &variables, &options)?;
        if self.plan.mentions("$document") {
            variables.document = Variables::value(&reading.document);
        }
        let next = self.next_address(&page, &reading.document, &variables)?;
        let items = reading.list.items.len();
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
            let address = match follow.url.first(&Value::Object(entry.fields.clone()), &variables) {
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
        let Some(first) = reading.list.items.into_iter().next() else {
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
                listing: Variables::value(&Value::Object(listing)),
                detail: Variables::value(&Value::Object(detail)),
                ..variables
            };
            let index = target.index;
            let (base_url, missing) = (Rc::clone(&target.base_url), target.missing.clone());
            match transform(program, target.fields.clone(), index, &variables) {
                Ok(items) => self.replace(entry, items, index, &base_url, &missing),
                Err(rejected) => {
                    self.out.rejected.push(rejected);
                    self.entries[entry].fields.clear();
                }
            }
        }
        Ok(())
    }

    /// Makes events of the next `limit` entries, and lets go of them. The first part has what was found before: the
    /// number of items, rejections and warnings.
    pub fn part(&mut self, limit: usize) -> Extraction {
        let mut out = std::mem::take(&mut self.out);
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
        for item in reading.list.items {
            let index = self.out.found;
            self.out.found += 1;
            let missing = missing.next().unwrap_or_default();
            let items = match &self.plan.transform {
                None => vec![item.fields],
                Some(program) => {
                    let mut variables = variables.clone();
                    variables.index = Variables::value(&Value::from(index));
                    if wants_item {
                        variables.item = Variables::value(&item.raw);
                    }
                    match transform(program, item.fields, index, &variables) {
                        Ok(items) => items,
                        Err(rejected) => {
                            self.out.rejected.push(rejected);
                            continue;
                        }
                    }
                }
            };
            for fields in items {
                match self.filtered(index, &fields, variables) {
                    Some(rejected) => self.out.rejected.push(rejected),
                    None => self.entries.push_back(Entry {
                        index,
                        fields,
                        base_url: Rc::clone(base_url),
                        missing: missing.clone(),
                    }),
                }
            }
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

    fn lookups(
        &self,
        page: &Page<'_>,
        variables: &Variables,
        options: &ReadOptions<'_>,
    ) -> Result<jaq_json::Val, ExtractError> {
        let mut tables = Map::new();
        for lookup in &self.plan.lookups {
            let reading = lookup.kind.read(
                page,
                variables,
                &ReadOptions {
                    max_items: 100_000,
                    want_item: false,
                    want_document: false,
                    ..*options
                },
            )?;
            let mut table = Map::new();
            for row in reading.list.items {
                let row = Value::Object(row.fields);
                let key = lookup
                    .key
                    .first(&row, variables)
                    .map_err(|problem| ExtractError::Program {
                        path: lookup.key.place().to_owned(),
                        problem,
                    })?;
                let key = match key {
                    Value::Null => continue,
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                table.entry(key).or_insert(row);
            }
            tables.insert(lookup.name.clone(), Value::Object(table));
        }
        Ok(Variables::value(&Value::Object(tables)))
    }

    fn next_address(
        &self,
        page: &Page<'_>,
        document: &Value,
        variables: &Variables,
    ) -> Result<Option<String>, ExtractError> {
        let found = match &self.plan.next {
            None => None,
            Some(NextLink::Css(selector)) => page.html()?.next_link(selector),
            Some(NextLink::Path(program)) => match program.first(document, variables) {
                Ok(Value::String(address)) => Some(address),
                Ok(_) => None,
                Err(problem) => {
                    return Err(ExtractError::Program {
                        path: program.place().to_owned(),
                        problem,
                    });
                }
            },
        };
        Ok(found
            .filter(|address| !address.trim().is_empty())
            .and_then(|address| absolute(&page.base_url(), &address)))
    }
}

/// The items that a program makes of one.
fn transform(
    program: &Program,
    fields: RawItem,
    index: usize,
    variables: &Variables,
) -> Result<Vec<RawItem>, Rejected> {
    let title = title_of(&fields);
    let failed = |reason, detail| Rejected {
        index,
        reason,
        detail,
        title: title.clone(),
    };
    let outputs = program
        .run(&Value::Object(fields), variables, MAX_FROM_ONE)
        .map_err(|problem| {
            failed(
                SkipReason::TransformFailed,
                format!("{}: {problem}", program.place()),
            )
        })?;
    let mut items = Vec::new();
    for output in outputs {
        let parts = match output {
            Value::Array(parts) => parts,
            other => vec![other],
        };
        for part in parts {
            match part {
                Value::Object(fields) => items.push(fields),
                Value::Null => {}
                other => {
                    let problem = format!(
                        "{} gave {}; an item is an object",
                        program.place(),
                        type_name(&other)
                    );
                    return Err(failed(SkipReason::TransformFailed, problem));
                }
            }
        }
    }
    if items.is_empty() {
        return Err(failed(
            SkipReason::Excluded,
            format!("{} gave nothing for it", program.place()),
        ));
    }
    Ok(items)
}

fn merge(mut listing: RawItem, detail: &RawItem, rule: MergeRule) -> RawItem {
    for (name, value) in detail {
        let empty = |value: &Value| matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty);
        let keep = rule == MergeRule::PreferListing && listing.get(name).is_some_and(|own| !empty(own));
        if !empty(value) && !keep {
            listing.insert(name.clone(), value.clone());
        }
    }
    listing
}

/// Makes the address fields of an item absolute.
fn resolve_links(fields: &mut RawItem, base_url: &str) {
    for name in ["url", "ticketUrl", "image"] {
        if let Some(Value::String(address)) = fields.get_mut(name)
            && let Some(resolved) = absolute(base_url, address.trim())
            && !address.contains("://")
        {
            *address = resolved;
        }
    }
}

fn absolute(base: &str, address: &str) -> Option<String> {
    match Url::parse(base) {
        Ok(base) => base.join(address).ok().map(String::from),
        Err(_) => Url::parse(address).ok().map(String::from),
    }
}

fn title_of(fields: &RawItem) -> Option<String> {
    fields
        .get("title")
        .and_then(Value::as_str)
        .map(|title| title.chars().take(120).collect())
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
