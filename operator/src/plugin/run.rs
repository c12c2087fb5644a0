//! `run`: asks for a run now, and follows it. IO: patches the source, reads it again and again.

mod progress;

use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, api::Patch};
use serde_json::{Value, json};
use sms_crds::{ScrapeSource, conditions::READY, labels::RUN_NOW};
use tokio::time::{Instant, sleep};

use super::{
    INTERRUPTED, Result,
    args::RunArgs,
    cluster::Cluster,
    interrupted, patch_params,
    patience::Patience,
    problem::{self, Act, Scope},
    tell,
};
use crate::commands::{CommandError, TRANSIENT, output};
use progress::Progress;

/// Time between two looks at the source.
const PAUSE: Duration = Duration::from_secs(1);
/// Time in which a running operator takes up a request.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Asks for a run; without `--wait` says what the operator makes of it, with it what came of it.
pub async fn run(cluster: &Cluster, args: &RunArgs) -> Result {
    let found = cluster.source(&args.name).await?;
    let source = found.source.as_deref().map_err(|problem| {
        CommandError::configuration(format!(
            "source {} cannot be read by this version of kubectl-sms ({problem}): use the one of the operator's version",
            found.key()
        ))
    })?;
    refuse_if_not_ready(source)?;
    let stop = interrupted()?;
    let token = token(Timestamp::now(), fastrand::u32(..));
    ask(cluster, &args.name, &token).await?;
    tokio::select! {
        code = follow(cluster, args, &token) => code,
        () = stop => {
            tell(format_args!("The request stays: see what comes of it with `kubectl sms get {}`", args.name));
            Ok(INTERRUPTED)
        }
    }
}

/// A source without a CronJob is not run; a request would wait until the source is mended, and come as a surprise then.
fn refuse_if_not_ready(source: &ScrapeSource) -> Result<()> {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    let ready = conditions.into_iter().find(|condition| condition.type_ == READY);
    match ready {
        Some(ready)
            if ready.status == "False"
                && ready
                    .observed_generation
                    .is_none_or(|of| Some(of) == source.metadata.generation) =>
        {
            Err(CommandError::configuration(format!(
                "source {} cannot run: {}: {}",
                source.key(),
                ready.reason,
                ready.message
            )))
        }
        _ => Ok(()),
    }
}

/// A token that nobody has used: the time for people, and chance for two people at once.
fn token(now: Timestamp, chance: u32) -> String {
    format!("{}-{chance:08x}", now.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// What is merged into the object.
fn patch(token: &str) -> Value {
    json!({ "metadata": { "annotations": { RUN_NOW: token } } })
}

async fn ask(cluster: &Cluster, name: &str, token: &str) -> Result<()> {
    let here = cluster.scope(false);
    cluster
        .objects(&here)
        .patch(name, &patch_params(), &Patch::Merge(patch(token)))
        .await
        .map(drop)
        .map_err(|error| problem::explain(&error, &Act::on("patch", "scrapesources", &here).named(name)))
}

async fn follow(cluster: &Cluster, args: &RunArgs, token: &str) -> Result {
    let name = &args.name;
    let asked = Instant::now();
    let mut told = String::new();
    let mut patience = Patience::default();
    let mut job: Option<String> = None;
    loop {
        let Some(source) = patience.bear(read(cluster, name).await)? else {
            sleep(PAUSE).await;
            continue;
        };
        let progress = progress::of(&source, token, job.as_deref());
        if let Progress::Started { job: started } = &progress {
            job = Some(started.clone());
        }
        let words = progress.in_words(&source.key());
        let is_silent = progress == Progress::Asked && asked.elapsed() < ANSWER_LIMIT;
        if words != told && !is_silent && !matches!(progress, Progress::Over { .. }) {
            tell(&words);
            told = words;
        }
        match progress {
            Progress::Over { is_success, .. } => {
                let words = progress.in_words(&source.key());
                output::product(format!("{words}\n").as_bytes())?;
                return Ok(if is_success { 0 } else { TRANSIENT });
            }
            Progress::Asked if args.wait || asked.elapsed() < ANSWER_LIMIT => {}
            Progress::Asked | Progress::Replaced => return Ok(TRANSIENT),
            Progress::Waiting { .. } | Progress::Started { .. } if args.wait => {}
            Progress::Waiting { .. } | Progress::Started { .. } => return Ok(0),
        }
        if args.wait && asked.elapsed() > args.timeout {
            return Err(CommandError::transient(format!(
                "no outcome within {:?}; the run goes on: look with `kubectl sms logs {name} -f`, or allow more time with \
                 --timeout",
                args.timeout
            )));
        }
        sleep(PAUSE).await;
    }
}

async fn read(cluster: &Cluster, name: &str) -> Result<ScrapeSource> {
    let here = cluster.scope(false);
    let api: Api<ScrapeSource> = cluster.api(&Scope::Namespace(cluster.namespace.clone()));
    api.get(name)
        .await
        .map_err(|error| problem::explain(&error, &Act::on("get", "scrapesources", &here).named(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_when_and_differs_from_others_of_that_second() {
        let now = "2026-11-22T12:00:00.5Z".parse().unwrap();
        assert_eq!(token(now, 255), "2026-11-22T12:00:00Z-000000ff");
        assert_ne!(token(now, 1), token(now, 2));
    }

    #[test]
    fn the_patch_touches_nothing_but_the_annotation() {
        assert_eq!(
            patch("t"),
            json!({ "metadata": { "annotations": { "sms-scraper.dev/run-now": "t" } } })
        );
    }

    #[test]
    fn a_source_that_is_not_ready_is_not_asked_but_an_old_verdict_does_not_count() {
        let source = |observed: i64| -> ScrapeSource {
            serde_json::from_value(json!({
                "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
                "metadata": { "name": "x", "namespace": "music", "generation": 2 },
                "spec": { "fetch": { "url": "https://example.org/" }, "extract": { "jsonLd": {} } },
                "status": { "conditions": [{
                    "type": "Ready", "status": "False", "reason": "InvalidSource", "message": "spec.x: is wrong",
                    "observedGeneration": observed, "lastTransitionTime": "2026-11-22T12:00:00Z",
                }]},
            }))
            .unwrap()
        };
        let refused = refuse_if_not_ready(&source(2)).unwrap_err();
        assert_eq!(
            refused.message,
            "source music/x cannot run: InvalidSource: spec.x: is wrong"
        );
        assert!(refuse_if_not_ready(&source(1)).is_ok());
    }
}
