//! The groups of a Pushgateway, and which of them nobody needs any more. Pure.

use std::collections::HashMap;

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

/// The groups whose source does not own their API name any more. `live` tells which source does.
pub fn orphans<S: std::hash::BuildHasher>(
    groups: Vec<Group>,
    live: &HashMap<String, SourceKey, S>,
) -> Vec<Group> {
    groups.into_iter().filter(|group| !is_live(group, live)).collect()
}

/// Whether the source that pushed the group still owns its API name.
pub fn is_live<S: std::hash::BuildHasher>(group: &Group, live: &HashMap<String, SourceKey, S>) -> bool {
    live.get(&group.api_name) == Some(&group.source)
}
