//! What neither the schema nor its rules can say: schedules, time zones, addresses, regular expressions. Pure.
//!
//! Not looked at here, since this crate does not know the languages: CSS selectors, jq programs, strptime patterns and
//! character encodings, which the job compiles.

mod extract;
mod fetch;

use std::collections::BTreeMap;

use super::ManifestProblem;
use crate::{
    DurationString, ScrapeSource, SourceKey,
    fields::{event_field, misspelt},
    labels,
    problem::{Problem, quoted},
    schedule::Schedule,
    zone::time_zone,
};

/// Most bytes of a source as it travels to a Job: in JSON, with every `$` doubled.
pub const MAX_SOURCE_BYTES: usize = 64 * 1024;

/// Whether a source may read local files: only one that came from a disk itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// The manifest is a file of whoever runs the process.
    Allowed,
    /// The manifest came over the wire.
    Refused,
}

/// Everything wrong with a source that its schema lets pass.
pub fn validate(source: &ScrapeSource, files: FileAccess) -> Vec<Problem> {
    let spec = &source.spec;
    let mut problems = Vec::new();
    let mut durations: Vec<(&str, Option<&DurationString>)> = vec![("spec.cadence", spec.cadence.as_ref())];

    check_api_name(source, &mut problems);
    if let Err(error) = Schedule::parse(&spec.schedule, &source.key()) {
        problems.push(Problem::new("spec.schedule", error.to_string()));
    }
    problems.extend(time_zone(&spec.time_zone, "spec.timeZone").err());
    if let Some(name) = &spec.extract.time_zone {
        problems.extend(time_zone(name, "spec.extract.timeZone").err());
    }
    fetch::check(&spec.fetch, files, &mut problems);
    extract::check(&spec.extract, &mut problems);
    for (index, name) in spec
        .expect
        .iter()
        .flat_map(|expect| &expect.required_fields)
        .enumerate()
    {
        check_required_field(name, index, &mut problems);
    }
    check_job(source, &mut problems);

    let fetch = &spec.fetch;
    durations.extend([
        ("spec.fetch.timeout", fetch.timeout.as_ref()),
        ("spec.fetch.connectTimeout", fetch.connect_timeout.as_ref()),
        ("spec.fetch.idleTimeout", fetch.idle_timeout.as_ref()),
        ("spec.fetch.delay", fetch.delay.as_ref()),
    ]);
    let dates = spec.extract.dates.as_ref();
    durations.push((
        "spec.extract.dates.defaultDuration",
        dates.and_then(|dates| dates.default_duration.as_ref()),
    ));
    for (path, ical) in [
        ("spec.extract.ical", spec.extract.ical.as_ref()),
        (
            "spec.extract.follow.ical",
            spec.extract
                .follow
                .as_ref()
                .and_then(|follow| follow.ical.as_ref()),
        ),
    ] {
        for (name, value) in ical
            .into_iter()
            .flat_map(|ical| [("horizon", &ical.horizon), ("past", &ical.past)])
        {
            if let Some(Err(error)) = value.as_ref().map(DurationString::to_std) {
                problems.push(Problem::new(format!("{path}.{name}"), error.to_string()));
            }
        }
    }
    if let Some(retention) = &spec.retention {
        durations.push(("spec.retention.events", retention.events.as_ref()));
        durations.push(("spec.retention.runs", retention.runs.as_ref()));
    }
    for (path, duration) in durations {
        if let Some(Err(error)) = duration.map(DurationString::to_std) {
            problems.push(Problem::new(path, error.to_string()));
        }
    }

    let size = source.travel_size();
    if size > MAX_SOURCE_BYTES {
        problems.push(Problem::new(
            "spec",
            format!("has {size} bytes as JSON: a source has at most {MAX_SOURCE_BYTES}; shorten programs or split the source"),
        ));
    }
    problems
}

fn check_api_name(source: &ScrapeSource, problems: &mut Vec<Problem>) {
    let name = source.api_name();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=63).contains(&name.len()) && name.bytes().all(fits) {
        return;
    }
    let problem = match &source.spec.api_name {
        Some(name) => format!(
            "{} is not an API name: use 1 to 63 lower-case letters, digits and underscores",
            quoted(name)
        ),
        None => format!(
            "the name of the object gives no API name ({}): set spec.apiName to 1 to 63 lower-case letters, digits and \
             underscores",
            quoted(&name)
        ),
    };
    problems.push(Problem::new("spec.apiName", problem));
}

fn check_required_field(name: &str, index: usize, problems: &mut Vec<Problem>) {
    let path = format!("spec.expect.requiredFields[{index}]");
    match (event_field(name).and_then(|field| field.becomes), misspelt(name)) {
        (Some(becomes), _) => problems.push(Problem::new(
            path,
            format!(
                "{} is what an event is made from, not a field of it: write {becomes}",
                quoted(name)
            ),
        )),
        (None, Some(field)) => {
            problems.push(Problem::new(
                path,
                format!(
                    "{} is not an event field: did you mean {}?",
                    quoted(name),
                    field.name
                ),
            ));
        }
        _ if name.is_empty() => {
            problems.push(Problem::new(path, "is empty: write the name of an event field"));
        }
        _ => {}
    }
}

fn check_job(source: &ScrapeSource, problems: &mut Vec<Problem>) {
    let Some(job) = &source.spec.job else { return };
    let reserved = |key: &str| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        let is_of_kubernetes = ["kubernetes.io", "k8s.io"].iter().any(|parent| {
            domain
                .strip_suffix(parent)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        domain == "sms-scraper.dev"
            || is_of_kubernetes && domain != "cluster-autoscaler.kubernetes.io"
            || matches!(key, "job-name" | "controller-uid")
    };
    for (field, entries) in [
        ("labels", &job.labels),
        ("annotations", &job.annotations),
        ("nodeSelector", &job.node_selector),
    ] {
        for (key, value) in entries {
            let path = format!("spec.job.{field}.{key}");
            if field != "nodeSelector" && reserved(key) {
                problems.push(Problem::new(
                    path,
                    "is written by Kubernetes or the operator: choose another key",
                ));
            } else if field == "annotations" {
                problems.extend(labels::check_key(key, &path));
            } else {
                problems.extend(labels::check_label(key, value, &path));
            }
        }
    }
}

/// The sources of a set that cannot be used beside an earlier one, though each is in order: those that have its name or its
/// API name. With the number of the source in `sources`, which come with the names of their files.
pub fn conflicts<'s>(
    sources: impl IntoIterator<Item = (&'s ScrapeSource, &'s str)>,
) -> Vec<(usize, ManifestProblem)> {
    let mut found = Vec::new();
    let mut names: BTreeMap<SourceKey, &str> = BTreeMap::new();
    let mut api_names: BTreeMap<String, (SourceKey, &str)> = BTreeMap::new();
    for (index, (source, origin)) in sources.into_iter().enumerate() {
        let (key, api_name) = (source.key(), source.api_name());
        let problem = if let Some(earlier) = names.get(&key) {
            Problem::new(
                "metadata.name",
                format!("{key} is described in {earlier} already: keep one, or give this one another name"),
            )
        } else if let Some((other, earlier)) = api_names.get(&api_name) {
            Problem::new(
                "spec.apiName",
                format!(
                    "{api_name} is the API name of {other} in {earlier} already: set another spec.apiName in one of them"
                ),
            )
        } else {
            names.insert(key.clone(), origin);
            api_names.insert(api_name, (key, origin));
            continue;
        };
        let label = key.to_string();
        let problem = ManifestProblem {
            origin: origin.to_owned(),
            document: 0,
            line: None,
            source: Some(label.strip_prefix("default/").unwrap_or(&label).to_owned()),
            problem,
        };
        found.push((index, problem));
    }
    found
}

/// Where and why a regular expression does not compile.
fn check_regex(text: Option<&str>, path: &str, problems: &mut Vec<Problem>) {
    let Some(Err(error)) = text.map(regex::Regex::new) else {
        return;
    };
    let words = error.to_string();
    let reason = words.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    problems.push(Problem::new(
        path,
        format!(
            "{} is not a regular expression: {reason}; write it in Rust regex syntax",
            quoted(text.unwrap_or_default())
        ),
    ));
}
