//! Checks of `spec.extract`. Pure.

use std::collections::BTreeMap;

use super::check_regex;
use crate::{
    fields::misspelt,
    problem::{Problem, quoted},
    v1alpha1::{ExtractSpec, HtmlExtract, HtmlField},
};

pub(super) fn check(extract: &ExtractSpec, problems: &mut Vec<Problem>) {
    let path = "spec.extract";
    if let Some(html) = &extract.html {
        check_html(html, &format!("{path}.html"), problems);
    }
    for (name, lookup) in &extract.lookups {
        if let Some(html) = &lookup.html {
            check_html(html, &format!("{path}.lookups.{name}.html"), problems);
        }
    }
    let mut transformed = extract.transform.is_some();
    if let Some(follow) = &extract.follow {
        transformed |= follow.transform.is_some();
        if let Some(html) = &follow.html {
            check_html(html, &format!("{path}.follow.html"), problems);
        }
    }
    for (list, rules) in [("include", &extract.include), ("exclude", &extract.exclude)] {
        for (index, rule) in rules.iter().enumerate() {
            check_regex(
                rule.matches.as_deref(),
                &format!("{path}.{list}[{index}].matches"),
                problems,
            );
        }
    }
    check_names(&extract.defaults, &format!("{path}.defaults"), problems);
    if !transformed {
        // A program may use any name; without one, a near miss is lost in `extra`.
        check_field_names(extract, problems);
        check_needed_fields(extract, problems);
    }
}

fn check_html(html: &HtmlExtract, path: &str, problems: &mut Vec<Problem>) {
    for (name, field) in &html.fields {
        let here = format!("{path}.fields.{name}");
        if name == "text" {
            problems.push(Problem::new(
                &here,
                "text is the item's whole text already: choose another name",
            ));
        }
        check_html_field(field, &here, problems);
    }
}

fn check_html_field(field: &HtmlField, path: &str, problems: &mut Vec<Problem>) {
    check_regex(field.regex.as_deref(), &format!("{path}.regex"), problems);
    if field.replace.is_some() && field.regex.is_none() {
        problems.push(Problem::new(
            format!("{path}.replace"),
            "replaces what regex matches: add regex, or remove replace",
        ));
    }
    let ways = [
        ("attribute", field.attribute.is_some()),
        ("html", field.html),
        ("ownText", field.own_text),
    ];
    let chosen: Vec<&str> = ways
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| *name)
        .collect();
    if chosen.len() > 1 {
        problems.push(Problem::new(
            path,
            format!(
                "has {}: a value is read in one way, keep one",
                chosen.join(" and ")
            ),
        ));
    }
}

/// Each mapping of field names in `extract` and `follow`, with its path.
fn field_names(extract: &ExtractSpec) -> Vec<(String, Vec<&String>)> {
    fn names<T>(fields: Option<&BTreeMap<String, T>>) -> Vec<&String> {
        fields.into_iter().flat_map(BTreeMap::keys).collect()
    }
    let mut found = vec![
        (
            "spec.extract.json",
            names(extract.json.as_ref().map(|json| &json.fields)),
        ),
        (
            "spec.extract.html",
            names(extract.html.as_ref().map(|html| &html.fields)),
        ),
        (
            "spec.extract.ical",
            names(extract.ical.as_ref().map(|ical| &ical.fields)),
        ),
        (
            "spec.extract.feed",
            names(extract.feed.as_ref().map(|feed| &feed.fields)),
        ),
        (
            "spec.extract.jsonLd",
            names(extract.json_ld.as_ref().map(|json_ld| &json_ld.fields)),
        ),
    ];
    if let Some(follow) = &extract.follow {
        found.extend([
            (
                "spec.extract.follow.json",
                names(follow.json.as_ref().map(|json| &json.fields)),
            ),
            (
                "spec.extract.follow.html",
                names(follow.html.as_ref().map(|html| &html.fields)),
            ),
            (
                "spec.extract.follow.ical",
                names(follow.ical.as_ref().map(|ical| &ical.fields)),
            ),
            (
                "spec.extract.follow.feed",
                names(follow.feed.as_ref().map(|feed| &feed.fields)),
            ),
            (
                "spec.extract.follow.jsonLd",
                names(follow.json_ld.as_ref().map(|json_ld| &json_ld.fields)),
            ),
        ]);
    }
    found
        .into_iter()
        .map(|(path, names)| (format!("{path}.fields"), names))
        .collect()
}

fn check_field_names(extract: &ExtractSpec, problems: &mut Vec<Problem>) {
    let rules = || extract.include.iter().chain(&extract.exclude);
    for (path, names) in field_names(extract) {
        for name in names {
            let used = rules().any(|rule| rule.field.as_ref() == Some(name) || rule.condition.is_some());
            if !used {
                near_miss(name, &path, problems);
            }
        }
    }
}

fn check_names(fields: &BTreeMap<String, String>, path: &str, problems: &mut Vec<Problem>) {
    for name in fields.keys() {
        near_miss(name, path, problems);
    }
}

fn near_miss(name: &str, path: &str, problems: &mut Vec<Problem>) {
    if let Some(field) = misspelt(name) {
        problems.push(Problem::new(
            format!("{path}.{name}"),
            format!(
                "{} is not an event field: did you mean {}?",
                quoted(name),
                field.name
            ),
        ));
    }
}

/// Fields that are named one by one must make an event: a title and a date.
fn check_needed_fields(extract: &ExtractSpec, problems: &mut Vec<Problem>) {
    if extract.follow.is_some() {
        return;
    }
    let (path, names): (&str, Vec<&String>) = match (&extract.json, &extract.html) {
        (Some(json), None) if !json.fields.is_empty() => {
            ("spec.extract.json.fields", json.fields.keys().collect())
        }
        (None, Some(html)) => ("spec.extract.html.fields", html.fields.keys().collect()),
        _ => return,
    };
    let has = |wanted: &[&str]| {
        wanted
            .iter()
            .any(|wanted| names.iter().any(|name| name == wanted) || extract.defaults.contains_key(*wanted))
    };
    if !has(&["title"]) {
        problems.push(Problem::new(
            path,
            "gives no title, so that every item would be skipped: add title",
        ));
    } else if !has(&["start", "when", "date"]) {
        problems.push(Problem::new(
            path,
            "gives no date, so that every item would be skipped: add start, when or date",
        ));
    }
}
