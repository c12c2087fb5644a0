//! Jobs and Pods of a source, and what keeps a Pod from starting. IO: reads the cluster; what is chosen is pure.

use k8s_openapi::{
    api::{batch::v1::Job, core::v1::Pod},
    jiff::Timestamp,
};
use kube::{Api, ResourceExt, api::ListParams};
use sms_crds::labels;

use super::{
    Result,
    cluster::Cluster,
    problem::{self, Act},
};
use crate::runs::{PodState, pod_record};

/// Label that the Job controller gives to Pods.
const JOB_NAME: &str = "batch.kubernetes.io/job-name";

/// Jobs of the source `name`, newest first.
///
/// # Errors
/// No rights, no answer.
pub async fn jobs_of(cluster: &Cluster, name: &str) -> Result<Vec<Job>> {
    let here = cluster.scope(false);
    let api: Api<Job> = cluster.api(&here);
    let of_source = ListParams::default().labels(&format!(
        "{}={name},{}={}",
        labels::SOURCE,
        labels::MANAGED_BY,
        labels::MANAGED_BY_VALUE
    ));
    let list = api
        .list(&of_source)
        .await
        .map_err(|error| problem::explain(&error, &Act::on("list", "jobs", &here)))?;
    let mut jobs = list.items;
    jobs.sort_by_key(|job| std::cmp::Reverse((created(job), job.name_any())));
    Ok(jobs)
}

/// Pods of a Job, newest first.
///
/// # Errors
/// No rights, no answer.
pub async fn pods_of(cluster: &Cluster, job: &str) -> Result<Vec<Pod>> {
    let here = cluster.scope(false);
    let api: Api<Pod> = cluster.api(&here);
    let list = api
        .list(&ListParams::default().labels(&format!("{JOB_NAME}={job}")))
        .await
        .map_err(|error| problem::explain(&error, &Act::on("list", "pods", &here)))?;
    let mut pods = list.items;
    pods.sort_by_key(|pod| std::cmp::Reverse((created(pod), pod.name_any())));
    Ok(pods)
}

fn created(object: &impl ResourceExt) -> Option<Timestamp> {
    object.creation_timestamp().map(|time| time.0)
}

/// Whether a Pod has written logs, or why it has not.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Its container has not started.
    Starting,
    /// Its container cannot start while nobody changes anything; in words.
    Stuck(String),
    /// Its container runs.
    Running,
    /// Its container has ended, with this exit code if it is known, and the cluster's reason if that ended it.
    Ended(Option<i32>, Option<String>),
}

/// Where `pod` stands.
pub fn standing(pod: &Pod) -> Standing {
    let record = pod_record(&pod.metadata, pod.status.as_ref());
    match record.map(|record| record.state) {
        None | Some(PodState::Starting) => Standing::Starting,
        Some(PodState::Running) => Standing::Running,
        Some(PodState::Stuck { reason, message }) => {
            Standing::Stuck(format!("{}: {message}", reason.as_str()))
        }
        Some(PodState::Ended {
            exit_code,
            reason,
            message,
            ..
        }) => Standing::Ended(
            exit_code,
            reason.map(|reason| match message {
                Some(message) => format!("{}: {message}", reason.as_str()),
                None => reason.as_str().to_owned(),
            }),
        ),
    }
}
