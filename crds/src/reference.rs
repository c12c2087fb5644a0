//! The manifest reference (`docs/reference/manifest.md`), generated from the types. Pure.

mod section;

use std::fmt::Write;

use crate::{fields::EVENT_FIELDS, v1alpha1 as api};
use section::Section;

const INTRODUCTION: &str = include_str!("reference/introduction.md");
const SCHEDULES: &str = include_str!("reference/schedules.md");
const EVENTS: &str = include_str!("reference/events.md");

/// Every section in the order of the document: the place in a manifest, and the type that describes it.
fn sections() -> Vec<Section> {
    vec![
        Section::of::<api::ScrapeSourceSpec>("spec"),
        Section::of::<api::FetchSpec>("spec.fetch"),
        Section::of::<api::fetch::QueryParameter>("spec.fetch.query[]"),
        Section::of::<api::HeaderSpec>("spec.fetch.headers[]"),
        Section::of::<api::AuthSpec>("spec.fetch.auth"),
        Section::of::<api::fetch::BasicAuth>("spec.fetch.auth.basic"),
        Section::of::<api::fetch::BearerAuth>("spec.fetch.auth.bearer"),
        Section::of::<api::fetch::NamedSecret>("spec.fetch.auth.header"),
        Section::of::<api::SecretKeyRef>("secretKeyRef"),
        Section::of::<api::PagesSpec>("spec.fetch.pages"),
        Section::of::<api::ExtractSpec>("spec.extract"),
        Section::of::<api::JsonExtract>("spec.extract.json"),
        Section::of::<api::HtmlExtract>("spec.extract.html"),
        Section::of::<api::HtmlField>("spec.extract.html.fields.NAME"),
        Section::of::<api::IcalExtract>("spec.extract.ical"),
        Section::of::<api::FeedExtract>("spec.extract.feed"),
        Section::of::<api::JsonLdExtract>("spec.extract.jsonLd"),
        Section::of::<api::LookupSpec>("spec.extract.lookups.NAME"),
        Section::of::<api::FilterRule>("spec.extract.include[]"),
        Section::of::<api::DateRules>("spec.extract.dates"),
        Section::of::<api::FollowSpec>("spec.extract.follow"),
        Section::of::<api::ExpectSpec>("spec.expect"),
        Section::of::<api::StoreSpec>("spec.store"),
        Section::of::<api::store::SecretRef>("spec.store.secretRef"),
        Section::of::<api::store::VolumeClaim>("spec.store.volumeClaim"),
        Section::of::<api::RetentionSpec>("spec.retention"),
        Section::of::<api::JobSpec>("spec.job"),
        Section::of::<api::job::Resources>("spec.job.resources"),
        Section::of::<api::ScrapeSourceStatus>("status"),
        Section::of::<api::status::LastRun>("status.lastRun"),
        Section::of::<api::status::RecentRun>("status.recentRuns[]"),
        Section::of::<api::status::RunTotals>("status.totals"),
        Section::of::<api::status::AppliedCronJob>("status.cronJob"),
        Section::of::<api::status::RunNow>("status.runNow"),
    ]
}

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    let sections = sections();
    for section in &sections {
        section.write(&sections, &mut text);
        if section.path == "spec" {
            text.push('\n');
            text.push_str(SCHEDULES);
        }
    }
    text.push('\n');
    text.push_str(EVENTS);
    text.push_str("\n| Field | Value | Meaning |\n| --- | --- | --- |\n");
    for field in EVENT_FIELDS {
        let becomes = field
            .becomes
            .map(|name| format!(" Seen in the event as `{name}`."))
            .unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {}{becomes} |",
            field.name,
            field.kind,
            section::cell(field.meaning)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
    };

    use super::*;

    /// The fields of every object in the schema, as a sorted list for each.
    fn objects(schema: &JSONSchemaProps, found: &mut Vec<Vec<String>>) {
        if let Some(properties) = &schema.properties {
            found.push(properties.keys().cloned().collect());
            for property in properties.values() {
                objects(property, found);
            }
        }
        if let Some(JSONSchemaPropsOrBool::Schema(of)) = &schema.additional_properties {
            objects(of, found);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(of)) = &schema.items {
            objects(of, found);
        }
    }

    #[test]
    fn every_object_of_the_schema_has_a_section() {
        let mut wanted = Vec::new();
        objects(
            &crate::schema::schema().properties.as_ref().unwrap()["spec"],
            &mut wanted,
        );
        let sections = sections();
        for fields in wanted {
            assert!(
                sections
                    .iter()
                    .any(|section| same_names(&section.field_names(), &fields)),
                "{fields:?}"
            );
        }
    }

    fn same_names(some: &[&str], others: &[String]) -> bool {
        let some: BTreeSet<&str> = some.iter().copied().collect();
        some == others.iter().map(String::as_str).collect()
    }

    #[test]
    fn every_link_has_a_target() {
        let text = markdown();
        let anchors: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| section::anchor(line.trim_start_matches('#').trim()))
            .collect();
        let links: Vec<&str> = text
            .split("](#")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .collect();
        assert!(links.len() > 30, "{}", links.len());
        for link in links {
            assert!(anchors.iter().any(|anchor| anchor == link), "{link}");
        }
    }

    #[test]
    fn every_optional_field_tells_its_default() {
        for section in sections()
            .iter()
            .filter(|section| section.path.starts_with("spec"))
        {
            assert_eq!(section.fields_without_default(), [""; 0], "{}", section.path);
        }
    }
}
