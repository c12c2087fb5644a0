//! `preview`: what a source would extract now, in a Job that nobody counts. IO: creates, reads and deletes it.

mod job;
mod manifest;

use std::time::Duration;

use futures_util::AsyncReadExt;
use k8s_openapi::api::{
    batch::v1::{CronJob, Job},
    core::v1::Pod,
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, LogParams, PostParams},
};
use sms_crds::ScrapeSource;
use tokio::time::{Instant, sleep};

use super::{
    INTERRUPTED, Result,
    args::{PreviewArgs, PreviewFormat},
    cluster::Cluster,
    interrupted,
    patience::Patience,
    pods::{Standing, pods_of, standing},
    problem::{self, Act},
    tell,
};
use crate::{
    commands::{CONFIGURATION, CommandError, TRANSIENT, output},
    names,
    runs::pod::CONTAINER,
};

/// Time between two looks at the Pod.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a Pod may be unable to start, since some of what keeps it passes.
const STUCK_LIMIT: Duration = Duration::from_secs(15);
/// After this time it is told why nothing is to be seen yet.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// Runs the Job, prints what it says, and deletes it, however this ends.
pub async fn run(cluster: &Cluster, args: &PreviewArgs) -> Result {
    let source = source(cluster, args).await?;
    let settings_of = args.name.clone().unwrap_or_else(|| source.name_any());
    let cron_job = cron_job(cluster, &settings_of, args).await?;
    let job = job::preview(&cron_job, &source, args).map_err(CommandError::configuration)?;
    let stop = interrupted()?;
    let here = cluster.scope(false);
    let jobs: Api<Job> = cluster.api(&here);
    let job = jobs
        .create(&PostParams::default(), &job)
        .await
        .map_err(|error| problem::explain(&error, &Act::on("create", "jobs", &here)))?
        .name_any();
    let done = tokio::select! {
        done = follow(cluster, &job, args) => done,
        () = stop => Ok(INTERRUPTED),
    };
    if let Err(error) = jobs.delete(&job, &DeleteParams::background()).await {
        let problem = problem::explain(&error, &Act::on("delete", "jobs", &here).named(&job));
        tell(format_args!(
            "warning: {}; Kubernetes deletes it itself {} s after its end",
            problem.message,
            job::TTL_SECONDS
        ));
    }
    done
}

/// The source as it is in the cluster, or in the file.
async fn source(cluster: &Cluster, args: &PreviewArgs) -> Result<ScrapeSource> {
    if let Some(file) = &args.filename {
        return manifest::read(file, &cluster.namespace);
    }
    let found = cluster.source(args.name.as_deref().unwrap_or_default()).await?;
    let key = found.key();
    let source = found.source.map_err(|problem| {
        CommandError::configuration(format!(
            "source {key} cannot be read by this version of kubectl-sms ({problem}): use the one of the operator's version"
        ))
    })?;
    manifest::check(&source, &key.to_string())?;
    Ok(*source)
}

/// The CronJob of the source `name`, which has image and settings.
async fn cron_job(cluster: &Cluster, name: &str, args: &PreviewArgs) -> Result<CronJob> {
    let here = cluster.scope(false);
    let api: Api<CronJob> = cluster.api(&here);
    let found = api.get_opt(&names::cron_job(name)).await;
    let found =
        found.map_err(|error| problem::explain(&error, &Act::on("get", "cronjobs", &here).named(name)))?;
    found.ok_or_else(|| {
        let remedy = match &args.filename {
            Some(file) => format!(
                "name a source of this namespace whose image and settings it can take, as in `kubectl sms preview NAME \
                 -f {file}`, or preview it on this machine with `sms_scraper preview {file}`",
                file = file.display()
            ),
            None => format!("see with `kubectl sms get {name} -o wide` why the operator has made none"),
        };
        CommandError::configuration(format!(
            "source {name} has no CronJob in namespace {}: {remedy}",
            cluster.namespace
        ))
    })
}

/// Waits for the Pod's end and prints its log: the product to standard output, an error to standard error.
async fn follow(cluster: &Cluster, job: &str, args: &PreviewArgs) -> Result {
    let begun = Instant::now();
    let mut stuck: Option<(String, Instant)> = None;
    let mut has_told = false;
    let mut patience = Patience::default();
    loop {
        let Some(pods) = patience.bear(pods_of(cluster, job).await)? else {
            sleep(PAUSE).await;
            continue;
        };
        let state = pods.first().map(standing);
        if let (Some(pod), Some(Standing::Ended(code, why))) = (pods.first(), &state) {
            return ended(cluster, &pod.name_any(), *code, why.as_deref(), args).await;
        }
        let waits = match &state {
            Some(Standing::Stuck(why)) => why.clone(),
            Some(Standing::Running) => "it runs".to_owned(),
            Some(_) => "its Pod is about to start".to_owned(),
            None => format!(
                "it has no Pod: see with `kubectl describe job {job}` what keeps it from having one, a quota perhaps"
            ),
        };
        match (&state, &stuck) {
            (Some(Standing::Stuck(_)), Some((before, since))) if *before == waits => {
                if since.elapsed() > STUCK_LIMIT {
                    return Err(CommandError::transient(format!(
                        "the preview cannot start: {waits}"
                    )));
                }
            }
            (Some(Standing::Stuck(_)), _) => stuck = Some((waits.clone(), Instant::now())),
            _ => stuck = None,
        }
        if begun.elapsed() > args.timeout {
            return Err(CommandError::transient(format!(
                "no preview within {:?}: {waits}: allow more time with --timeout",
                args.timeout
            )));
        }
        if !has_told && begun.elapsed() > QUIET_LIMIT {
            tell(format_args!("Job {job}: {waits}"));
            has_told = true;
        }
        sleep(PAUSE).await;
    }
}

async fn ended(
    cluster: &Cluster,
    pod: &str,
    code: Option<i32>,
    why: Option<&str>,
    args: &PreviewArgs,
) -> Result {
    let text = match code {
        Some(_) => log(cluster, pod).await?,
        None => Vec::new(),
    };
    if code == Some(0) {
        output::product(&text)?;
        return Ok(0);
    }
    let told = String::from_utf8_lossy(&text).trim().to_owned();
    if !told.is_empty() {
        tell(told.strip_prefix("error: ").map_or_else(
            || told.clone(),
            |problem| format!("error: the preview failed: {problem}"),
        ));
    }
    match (why, told.is_empty()) {
        (Some(why), _) => tell(format_args!("error: the preview was ended by the cluster: {why}")),
        (None, true) => tell(format_args!(
            "error: the preview ended without a word: it took longer than {:?} (--timeout), or the node is in trouble",
            args.timeout
        )),
        (None, false) => {}
    }
    Ok(match code {
        Some(2) => CONFIGURATION,
        _ => TRANSIENT,
    })
}

async fn log(cluster: &Cluster, pod: &str) -> Result<Vec<u8>> {
    let scope = cluster.scope(false);
    let api: Api<Pod> = Api::namespaced(cluster.streams.clone(), &cluster.namespace);
    let wanted = LogParams {
        container: Some(CONTAINER.to_owned()),
        ..LogParams::default()
    };
    let stream = api
        .log_stream(pod, &wanted)
        .await
        .map_err(|error| problem::explain(&error, &Act::on("get", "pods/log", &scope).named(pod)))?;
    let mut stream = std::pin::pin!(stream);
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.map_err(|error| {
        CommandError::transient(format!("the log of Pod {pod} broke off: {error}: try again"))
    })?;
    Ok(text)
}

/// The word of `sms_scraper preview` for a form.
fn format_word(format: PreviewFormat) -> &'static str {
    match format {
        PreviewFormat::Table => "table",
        PreviewFormat::Json => "json",
    }
}
