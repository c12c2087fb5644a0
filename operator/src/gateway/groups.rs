//! The groups of a Pushgateway, and which of them nobody needs any more. Pure.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use sms_crds::{SourceKey, metrics::pushed};

/// The grouping label `job` of every group that a run pushes.
pub const JOB: &str = "sms_scraper";

/// A group that a run of this installation pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grouping label `instance`: the API name.
    pub api_name: String,
    /// The source that pushed it.
    pub source: SourceKey,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

/// What is read of a group. Its other families are passed over.
#[derive(Deserialize)]
struct Entry {
    labels: HashMap<String, String>,
    sms_source_info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    metrics: Vec<InfoMetric>,
}

#[derive(Deserialize)]
struct InfoMetric {
    labels: HashMap<String, String>,
}

/// The groups of `installation` in an answer to `GET /api/v1/metrics` (Pushgateway README, "Query API").
///
/// A group counts if its grouping labels are exactly `job="sms_scraper"` and `instance`, and its one `sms_source_info`
/// names this installation and a source. Every other group is somebody else's.
///
/// # Errors
/// The answer is not of this form.
pub fn parse(json: &[u8], installation: &str) -> Result<Vec<Group>, serde_json::Error> {
    let answer: Answer = serde_json::from_slice(json)?;
    let groups = answer
        .data
        .into_iter()
        .filter_map(|entry| group(entry, installation));
    Ok(groups.collect())
}

fn group(entry: Entry, installation: &str) -> Option<Group> {
    let api_name = entry.labels.get("instance")?;
    if entry.labels.len() != 2 || entry.labels.get("job")? != JOB {
        return None;
    }
    let info = entry.sms_source_info?;
    let [metric] = info.metrics.as_slice() else {
        return None;
    };
    let [namespace, name, owner] = pushed::SOURCE_INFO.labels else {
        return None;
    };
    if metric.labels.get(*owner)? != installation {
        return None;
    }
    Some(Group {
        api_name: api_name.clone(),
        source: SourceKey {
            namespace: metric.labels.get(*namespace)?.clone(),
            name: metric.labels.get(*name)?.clone(),
        },
    })
}

/// The sources that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSources {
    /// Which source each API name belongs to.
    pub owners: HashMap<String, SourceKey>,
    /// Sources that cannot be read: nobody knows their API names, and they are not gone.
    pub unreadable: HashSet<SourceKey>,
}

/// Whether the source that pushed the group still owns its API name.
pub fn is_live(group: &Group, live: &LiveSources) -> bool {
    match live.owners.get(&group.api_name) {
        Some(owner) => *owner == group.source,
        None => live.unreadable.contains(&group.source),
    }
}

/// Whether one of the sources in `gone` pushed the group, under the API name that the source had.
pub(super) fn is_of(group: &Group, gone: &HashSet<(SourceKey, String)>) -> bool {
    gone.contains(&(group.source.clone(), group.api_name.clone()))
}

/// Whether no source has the group's API name, as far as sources can be read.
pub(super) fn is_unclaimed(group: &Group, live: &LiveSources) -> bool {
    !live.owners.contains_key(&group.api_name) && !live.unreadable.contains(&group.source)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(name: &str) -> SourceKey {
        SourceKey {
            namespace: "music".to_owned(),
            name: name.to_owned(),
        }
    }

    fn entry(labels: &Value, infos: &[(&str, &str)]) -> Value {
        let metrics: Vec<Value> = infos
            .iter()
            .map(|(name, installation)| {
                json!({"labels": {"namespace": "music", "name": name, "installation": installation}, "value": "1"})
            })
            .collect();
        let mut entry =
            json!({"labels": labels, "last_push_successful": true, "push_time_seconds": {"type": "GAUGE"}});
        if !metrics.is_empty() {
            entry["sms_source_info"] = json!({"type": "GAUGE", "metrics": metrics});
        }
        entry
    }

    fn parsed(entries: &[Value]) -> Vec<Group> {
        let answer = json!({"status": "success", "data": entries}).to_string();
        parse(answer.as_bytes(), "ours").unwrap()
    }

    #[test]
    fn a_group_of_this_installation_is_read() {
        let labels = json!({"job": "sms_scraper", "instance": "x"});
        let group = Group {
            api_name: "x".to_owned(),
            source: key("a"),
        };
        assert_eq!(parsed(&[entry(&labels, &[("a", "ours")])]), [group]);
    }

    #[test]
    fn every_other_group_is_somebody_elses() {
        let ours = json!({"job": "sms_scraper", "instance": "x"});
        assert_eq!(
            parsed(&[
                entry(&ours, &[]),
                entry(&ours, &[("a", "theirs")]),
                entry(&ours, &[("a", "ours"), ("b", "theirs")]),
                entry(&ours, &[("a", "ours"), ("b", "ours")]),
                entry(&json!({"job": "other", "instance": "x"}), &[("a", "ours")]),
                entry(&json!({"job": "sms_scraper"}), &[("a", "ours")]),
                entry(&json!({"instance": "x"}), &[("a", "ours")]),
                entry(
                    &json!({"job": "sms_scraper", "instance": "x", "team": "a"}),
                    &[("a", "ours")]
                ),
            ]),
            []
        );
    }

    #[test]
    fn what_is_no_list_of_groups_is_an_error() {
        for text in ["", "<html>", "{}", r#"{"status":"error"}"#, r#"{"data":{}}"#] {
            assert!(parse(text.as_bytes(), "ours").is_err(), "{text}");
        }
    }

    fn group(api_name: &str, source: &str) -> Group {
        Group {
            api_name: api_name.to_owned(),
            source: key(source),
        }
    }

    #[test]
    fn a_group_is_live_while_its_source_owns_the_api_name() {
        let live = LiveSources {
            owners: HashMap::from([("x".to_owned(), key("a")), ("y".to_owned(), key("b"))]),
            unreadable: HashSet::new(),
        };
        let groups = [group("x", "a"), group("y", "a"), group("z", "c")];
        assert_eq!(
            groups.each_ref().map(|group| is_live(group, &live)),
            [true, false, false]
        );
        assert_eq!(
            groups.each_ref().map(|group| is_unclaimed(group, &live)),
            [false, false, true]
        );
    }

    #[test]
    fn a_group_of_a_source_that_cannot_be_read_stays_unless_another_has_its_name() {
        let live = LiveSources {
            owners: HashMap::from([("y".to_owned(), key("b"))]),
            unreadable: HashSet::from([key("a")]),
        };
        let groups = [group("x", "a"), group("y", "a")];
        assert_eq!(
            groups.each_ref().map(|group| is_live(group, &live)),
            [true, false]
        );
        assert_eq!(
            groups.each_ref().map(|group| is_unclaimed(group, &live)),
            [false, false]
        );
    }

    #[test]
    fn a_group_is_of_a_source_that_went_under_the_api_name_that_it_had() {
        let gone = HashSet::from([(key("a"), "x".to_owned())]);
        let groups = [group("x", "a"), group("x", "b"), group("y", "a")];
        assert_eq!(
            groups.each_ref().map(|group| is_of(group, &gone)),
            [true, false, false]
        );
    }
}
