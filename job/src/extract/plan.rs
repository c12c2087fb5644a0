//! A source's `extract` compiled: every selector, pattern and program checked once. Pure.

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::{
    ScrapeSource,
    v1alpha1::{FollowSpec, MergeRule, PagesSpec},
};

use super::{
    error::PlanError,
    filter::Rule,
    html::{CompiledSelector, compile_selector},
    jq::Program,
    kind::Kind,
};
use crate::normalise::Normaliser;

/// Limits of a run where the manifest is silent.
pub(super) const DEFAULT_MAX_ITEMS: usize = 10_000;
const DEFAULT_MAX_FOLLOWED: usize = 200;

/// Everything that a run needs to read the pages of one source.
pub struct Plan {
    pub(super) kind: Kind,
    pub(super) lookups: Vec<Lookup>,
    pub(super) transform: Option<Program>,
    pub(super) include: Vec<Rule>,
    pub(super) exclude: Vec<Rule>,
    pub(super) follow: Option<Follow>,
    pub(super) next: Option<NextLink>,
    pub(super) normaliser: Normaliser,
    pub(super) zone: TimeZone,
    pub(super) max_items: usize,
    pub(super) now: Timestamp,
}

/// A table beside the items.
pub(super) struct Lookup {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) key: Program,
}

/// How detail pages are found and read.
pub(super) struct Follow {
    pub(super) url: Program,
    pub(super) kind: Kind,
    pub(super) transform: Option<Program>,
    pub(super) merge: MergeRule,
    pub(super) max: usize,
}

/// How the next page's address is read from a page.
pub(super) enum NextLink {
    Css(CompiledSelector),
    Path(Program),
}

impl Plan {
    /// Compiles the source for a run at `now`.
    ///
    /// # Errors
    /// Every part that does not compile, with its place; not the first alone, so that a person mends a manifest once.
    pub fn compile(source: &ScrapeSource, now: Timestamp) -> Result<Self, Vec<PlanError>> {
        let extract = &source.spec.extract;
        let path = "spec.extract";
        let mut errors = Vec::new();
        let zone = source.venue_time_zone().to_owned();

        let kind = collect(Kind::of_extract(extract, path), &mut errors);
        let lookups = extract
            .lookups
            .iter()
            .filter_map(|(name, lookup)| {
                let at = format!("{path}.lookups.{name}");
                let kind = collect(Kind::of_lookup(lookup, &at), &mut errors);
                let key = collect(Program::compile(&lookup.key, format!("{at}.key")), &mut errors);
                Some(Lookup {
                    name: name.clone(),
                    kind: kind?,
                    key: key?,
                })
            })
            .collect();
        let transform = optional_program(
            extract.transform.as_deref(),
            "spec.extract.transform",
            &mut errors,
        );
        let include = rules(&extract.include, "spec.extract.include", &mut errors);
        let exclude = rules(&extract.exclude, "spec.extract.exclude", &mut errors);
        let follow = extract
            .follow
            .as_ref()
            .and_then(|follow| Follow::compile(follow, &mut errors));
        let pages = source.spec.fetch.pages.as_ref();
        let next = pages.and_then(|pages| NextLink::compile(pages, &mut errors));
        let time_zone = collect(
            sms_crds::zone::named(&zone).map_err(|_| {
                let problem = format!("{zone:?} is no time zone; write for example America/Los_Angeles");
                PlanError::new("spec.extract.timeZone", problem)
            }),
            &mut errors,
        );
        let normaliser = collect(
            Normaliser::new(&zone, extract.dates.as_ref(), &extract.defaults, now),
            &mut errors,
        );

        match (kind, normaliser, time_zone, errors.is_empty()) {
            (Some(kind), Some(normaliser), Some(zone), true) => Ok(Self {
                kind,
                lookups,
                transform,
                include,
                exclude,
                follow,
                next,
                normaliser,
                zone,
                max_items: extract
                    .max_items
                    .and_then(|max| usize::try_from(max).ok())
                    .unwrap_or(DEFAULT_MAX_ITEMS),
                now,
            }),
            _ => Err(errors),
        }
    }

    /// Whether any program after extraction names `variable`.
    pub(super) fn mentions(&self, variable: &str) -> bool {
        let transforms = [
            self.transform.as_ref(),
            self.follow.as_ref().and_then(|follow| follow.transform.as_ref()),
        ];
        transforms
            .into_iter()
            .flatten()
            .any(|program| program.mentions(variable))
    }

    /// Whether an item's whole text is looked at, so that it is worth making.
    pub(super) fn wants_text(&self) -> bool {
        self.mentions(".text")
            || self.include.iter().chain(&self.exclude).any(Rule::wants_text)
            || self
                .follow
                .as_ref()
                .is_some_and(|follow| follow.url.mentions(".text"))
    }
}

impl Follow {
    fn compile(spec: &FollowSpec, errors: &mut Vec<PlanError>) -> Option<Self> {
        let at = "spec.extract.follow";
        let url = collect(Program::compile(&spec.url, format!("{at}.url")), errors);
        let kind = collect(Kind::of_follow(spec, at), errors);
        let transform = optional_program(spec.transform.as_deref(), "spec.extract.follow.transform", errors);
        let max = spec
            .max
            .and_then(|max| usize::try_from(max).ok())
            .unwrap_or(DEFAULT_MAX_FOLLOWED);
        Some(Self {
            url: url?,
            kind: kind?,
            transform,
            merge: spec.merge,
            max,
        })
    }
}

impl NextLink {
    fn compile(spec: &PagesSpec, errors: &mut Vec<PlanError>) -> Option<Self> {
        match (&spec.next, &spec.next_path) {
            (Some(css), _) => collect(compile_selector(css, "spec.fetch.pages.next"), errors).map(Self::Css),
            (None, Some(program)) => {
                collect(Program::compile(program, "spec.fetch.pages.nextPath"), errors).map(Self::Path)
            }
            (None, None) => None,
        }
    }
}

fn collect<T>(result: Result<T, PlanError>, errors: &mut Vec<PlanError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn optional_program(source: Option<&str>, path: &str, errors: &mut Vec<PlanError>) -> Option<Program> {
    source.and_then(|source| collect(Program::compile(source, path), errors))
}

fn rules(rules: &[sms_crds::v1alpha1::FilterRule], path: &str, errors: &mut Vec<PlanError>) -> Vec<Rule> {
    rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| collect(Rule::compile(rule, &format!("{path}[{index}]")), errors))
        .collect()
}
