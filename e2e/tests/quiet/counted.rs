//! Writes that reach the API server, counted. IO.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace as Object;
use kube::{Api, ResourceExt, api::ListParams};
use sms_e2e::{Cluster, eventually, requests::Requests};
use sms_proof::{Group, record};

pub const A_WHILE: Duration = Duration::from_mins(3);
const WATCHED: [&str; 5] = ["scrapesources", "cronjobs", "jobs", "pods", "events"];

/// Waits until the namespaces of earlier tests are gone: what ends in them is written too.
pub async fn until_alone(cluster: &Cluster) {
    let namespaces: Api<Object> = Api::all(cluster.client());
    eventually(A_WHILE, "no namespace is being deleted", || async {
        let listed = namespaces
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let leaving = listed
            .items
            .iter()
            .filter(|found| found.metadata.deletion_timestamp.is_some());
        let leaving: Vec<_> = leaving.map(ResourceExt::name_any).collect();
        leaving.is_empty().then_some(()).ok_or(leaving.join(", "))
    })
    .await;
}

/// The writes to what belongs to sources, until none has come for three seconds.
pub async fn writes_until_settled(cluster: &Cluster, before: &Requests) -> Requests {
    let mut last = writes_since(cluster, before).await;
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let now = writes_since(cluster, before).await;
        if now == last {
            return now;
        }
        last = now;
    }
}

pub async fn writes_since(cluster: &Cluster, before: &Requests) -> Requests {
    cluster.request_counts().await.since(before).writes_to(&WATCHED)
}

/// Writes as text, for comparison: `POST cronjobs 201 × 100`.
pub fn rows(writes: &Requests) -> Vec<String> {
    let rows = writes.0.iter().map(|(request, count)| {
        let place = match request.subresource.as_str() {
            "" => request.resource.clone(),
            subresource => format!("{}/{subresource}", request.resource),
        };
        format!("{} {place} {} × {count}", request.verb, request.code)
    });
    rows.collect()
}

/// Keeps a count of the operator's writes for the proof, and insists on it: `writes` are all, `ours` are the test's own.
pub fn prove(
    attack: &str,
    writes: &Requests,
    ours: &[String],
    expected: &[String],
    figure: &str,
    goal: &str,
) {
    let mut all = rows(writes);
    all.retain(|row| !ours.contains(row));
    let met = record(Group::Work, attack, figure, goal, all == expected);
    assert!(met, "{attack}: {all:?} instead of {expected:?}");
}

/// As `2.00`.
pub fn hundredths(count: u64, of: usize) -> String {
    let hundredths = count * 100 / u64::try_from(of).unwrap_or(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
