//! `logs`: what a run logged. IO: reads the cluster, prints.

use std::time::Duration;

use futures_util::AsyncReadExt;
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{Api, ResourceExt, api::LogParams};
use sms_crds::ScrapeSource;
use tokio::time::sleep;

use super::{
    INTERRUPTED, Result,
    args::LogsArgs,
    cluster::Cluster,
    interrupted,
    patience::Patience,
    pods::{Standing, jobs_of, pods_of, standing},
    problem::{self, Act},
    tell,
};
use crate::{
    commands::{CommandError, output},
    runs::pod::CONTAINER,
};

/// Time between two looks at a Pod that has not started.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints the log of one run.
pub async fn run(cluster: &Cluster, args: &LogsArgs) -> Result {
    let stop = interrupted()?;
    tokio::select! {
        done = show(cluster, args) => done.map(|()| 0),
        () = stop => Ok(INTERRUPTED),
    }
}

async fn show(cluster: &Cluster, args: &LogsArgs) -> Result<()> {
    let found = cluster.source(&args.name).await?;
    let jobs = jobs_of(cluster, &args.name).await?;
    let source = found.source.as_deref().ok();
    let job = choose(&jobs, args, source).map_err(CommandError::configuration)?;
    let pod = started(cluster, &args.name, &job, args.follow, source).await?;
    print(cluster, &pod, args.follow).await
}

/// Name of the Job whose log is wanted, or why there is none.
fn choose(jobs: &[Job], args: &LogsArgs, source: Option<&ScrapeSource>) -> Result<String, String> {
    let name = &args.name;
    if let Some(job) = &args.run {
        return match jobs.iter().any(|known| known.name_any() == *job) {
            true => Ok(job.clone()),
            false => Err(format!(
                "source {name} has no Job {job} any more; there are: {}{}",
                listed(jobs),
                kept(source, job)
            )),
        };
    }
    let wanted = usize::from(args.previous);
    match jobs.get(wanted) {
        Some(job) => Ok(job.name_any()),
        None if args.previous && jobs.len() == 1 => Err(format!(
            "source {name} has no run before Job {}",
            jobs.first().map(ResourceExt::name_any).unwrap_or_default()
        )),
        None => Err(
            match source.and_then(|source| source.status.as_ref()?.last_run.as_ref()) {
                Some(run) => format!(
                    "the Jobs of source {name} are gone, and their logs with them{}",
                    kept(source, &run.job)
                ),
                None => format!(
                    "source {name} has not run yet: start a run with `kubectl sms run {name}`, or see when it is due with \
                 `kubectl sms get {name}`"
                ),
            },
        ),
    }
}

fn listed(jobs: &[Job]) -> String {
    match jobs {
        [] => "none".to_owned(),
        jobs => jobs
            .iter()
            .map(ResourceExt::name_any)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// What the status kept of a run whose log is gone.
fn kept(source: Option<&ScrapeSource>, job: &str) -> String {
    let Some(status) = source.and_then(|source| source.status.as_ref()) else {
        return String::new();
    };
    if let Some(run) = status.last_run.as_ref().filter(|run| run.job == job) {
        let report = &run.report;
        let message = report.message.as_deref().unwrap_or("no message");
        return format!(
            "; what the status kept of {job}: {} at {}, {} processed, {} skipped, {message}",
            report.outcome.as_str(),
            report.finished_at,
            report.processed,
            report.skipped
        );
    }
    match status.recent_runs.iter().find(|run| run.job == job) {
        Some(run) => format!(
            "; what the status kept of {job}: {} at {}, {} processed",
            run.outcome.as_str(),
            run.finished_at.0,
            run.processed
        ),
        None => String::new(),
    }
}

/// The newest Pod of `job`, once it has something to say.
async fn started(
    cluster: &Cluster,
    name: &str,
    job: &str,
    follow: bool,
    source: Option<&ScrapeSource>,
) -> Result<Pod> {
    let mut told = String::new();
    let mut patience = Patience::default();
    loop {
        let Some(mut pods) = patience.bear(pods_of(cluster, job).await)? else {
            sleep(PAUSE).await;
            continue;
        };
        if pods.len() > 1 && told.is_empty() {
            tell(format_args!(
                "Job {job} took {} Pods; this is the newest",
                pods.len()
            ));
        }
        let pod = if pods.is_empty() {
            None
        } else {
            Some(pods.swap_remove(0))
        };
        let state = match &pod {
            None => "has no Pod".to_owned(),
            Some(pod) => match standing(pod) {
                Standing::Running | Standing::Ended(Some(_), _) => return Ok(pod.clone()),
                Standing::Starting => format!("waits for Pod {} to start", pod.name_any()),
                Standing::Stuck(why) => format!("cannot start Pod {}: {why}", pod.name_any()),
                Standing::Ended(None, why) => {
                    let why = why.unwrap_or_else(|| "its container never ran".to_owned());
                    return Err(CommandError::transient(format!(
                        "Pod {} of Job {job} left no log: {why}",
                        pod.name_any()
                    )));
                }
            },
        };
        // A Job that has ended gets no Pod any more.
        let waits = follow && (pod.is_some() || is_under_way(&jobs_of(cluster, name).await?, job));
        if !waits {
            return Err(CommandError::transient(match pod {
                Some(_) => format!("Job {job} {state}: wait for it with -f"),
                None => format!(
                    "the Pods of Job {job} are gone, and the log with them{}",
                    kept(source, job)
                ),
            }));
        }
        if state != told {
            tell(format_args!("Job {job} {state}"));
            told = state;
        }
        sleep(PAUSE).await;
    }
}

/// Whether a Job is there and has not ended.
fn is_under_way(jobs: &[Job], name: &str) -> bool {
    let job = jobs.iter().find(|job| job.name_any() == name);
    job.is_some_and(|job| {
        let conditions = job
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        !conditions
            .filter(|condition| condition.status == "True")
            .any(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed"))
    })
}

async fn print(cluster: &Cluster, pod: &Pod, follow: bool) -> Result<()> {
    let name = pod.name_any();
    let scope = cluster.scope(false);
    let api: Api<Pod> = Api::namespaced(cluster.streams.clone(), &cluster.namespace);
    let wanted = LogParams {
        container: Some(CONTAINER.to_owned()),
        follow,
        ..LogParams::default()
    };
    let stream = api
        .log_stream(&name, &wanted)
        .await
        .map_err(|error| problem::explain(&error, &Act::on("get", "pods/log", &scope).named(&name)))?;
    let mut stream = std::pin::pin!(stream);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer).await.map_err(|error| {
            CommandError::transient(format!("the log of Pod {name} broke off: {error}: try again"))
        })?;
        if length == 0 {
            return Ok(());
        }
        output::product(&buffer[..length])?;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(name: &str) -> Job {
        serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap()
    }

    #[test]
    fn a_job_that_ended_or_is_gone_gets_no_pod_any_more() {
        let with = |kind: &str, status: &str| -> Job {
            serde_json::from_value(json!({
                "metadata": { "name": "x-1" },
                "status": { "conditions": [{ "type": kind, "status": status }] },
            }))
            .unwrap()
        };
        assert!(is_under_way(&[job("x-1")], "x-1"));
        assert!(is_under_way(&[with("Complete", "False")], "x-1"));
        assert!(!is_under_way(&[with("Complete", "True")], "x-1"));
        assert!(!is_under_way(&[with("Failed", "True")], "x-1"));
        assert!(!is_under_way(&[job("x-2")], "x-1"));
    }

    fn source() -> ScrapeSource {
        serde_json::from_value(json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": "x" },
            "spec": { "fetch": { "url": "https://example.org/" }, "extract": { "jsonLd": {} } },
            "status": {
                "lastRun": {
                    "job": "x-3", "trigger": "Schedule", "source": "music/x", "apiName": "x", "run": "r",
                    "outcome": "Failed", "reason": "DnsFailed", "message": "no address", "startedAt": "",
                    "finishedAt": "2026-11-22T08:31:00Z", "durationSeconds": 1.0,
                },
                "recentRuns": [
                    { "job": "x-2", "finishedAt": "2026-11-22T07:00:00Z", "outcome": "Succeeded", "processed": 4 },
                ],
            },
        }))
        .unwrap()
    }

    fn wanted(run: Option<&str>, previous: bool) -> LogsArgs {
        LogsArgs {
            name: "x".to_owned(),
            follow: false,
            run: run.map(str::to_owned),
            previous,
        }
    }

    #[test]
    fn the_newest_run_is_shown_or_the_one_before_or_the_named_one() {
        let jobs = [job("x-3"), job("x-2")];
        assert_eq!(choose(&jobs, &wanted(None, false), None).unwrap(), "x-3");
        assert_eq!(choose(&jobs, &wanted(None, true), None).unwrap(), "x-2");
        assert_eq!(choose(&jobs, &wanted(Some("x-2"), false), None).unwrap(), "x-2");
    }

    #[test]
    fn a_log_that_is_gone_is_made_up_for_by_what_the_status_kept() {
        let source = source();
        let gone = choose(&[], &wanted(None, false), Some(&source)).unwrap_err();
        assert_eq!(
            gone,
            "the Jobs of source x are gone, and their logs with them; what the status kept of x-3: Failed at \
             2026-11-22T08:31:00Z, 0 processed, 0 skipped, no address"
        );
        let named = choose(&[job("x-3")], &wanted(Some("x-2"), false), Some(&source)).unwrap_err();
        assert!(
            named.starts_with(
                "source x has no Job x-2 any more; there are: x-3; what the status kept of x-2: Succeeded"
            ),
            "{named}"
        );
    }

    #[test]
    fn a_source_without_a_run_says_how_to_start_one() {
        let never = choose(&[], &wanted(None, false), None).unwrap_err();
        assert!(never.contains("kubectl sms run x"), "{never}");
        let only = choose(&[job("x-1")], &wanted(None, true), None).unwrap_err();
        assert_eq!(only, "source x has no run before Job x-1");
    }
}
