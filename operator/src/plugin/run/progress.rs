//! What became of a request to run now, as the status tells it. Pure.

use kube::ResourceExt;
use sms_crds::{
    ScrapeSource, SourceKey,
    labels::RUN_NOW,
    report::{Outcome, RunReport},
    v1alpha1::status::{RunNowState, ScrapeSourceStatus},
};

use crate::names;

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The operator has not taken it up.
    Asked,
    /// Somebody else asked later, before the operator took this one up.
    Replaced,
    /// It waits; why.
    Waiting {
        /// In words.
        why: String,
    },
    /// Its Job was made.
    Started {
        /// Name of the Job.
        job: String,
    },
    /// Its run is in the status.
    Over {
        /// What came of it, in words.
        summary: String,
        /// Whether last success advances.
        is_success: bool,
    },
}

/// Where the request `token` stands in `source`. `known` is the Job that it is known to have started: the status tells of
/// the newest request only, and the run of an older one goes on.
pub fn of(source: &ScrapeSource, token: &str, known: Option<&str>) -> Progress {
    let kept = names::kept_token(token);
    let status = source.status.as_ref();
    if let Some(job) = known {
        return of_job(status, job);
    }
    let noted = status
        .and_then(|status| status.run_now.as_ref())
        .filter(|noted| noted.token == kept);
    let Some(noted) = noted else {
        let is_asked = source
            .annotations()
            .get(RUN_NOW)
            .is_some_and(|asked| asked == token);
        return if is_asked {
            Progress::Asked
        } else {
            Progress::Replaced
        };
    };
    let job = match (noted.state, &noted.job) {
        (RunNowState::Started, Some(job)) => job,
        (RunNowState::Started | RunNowState::Waiting, _) => {
            return Progress::Waiting {
                why: noted.message.clone().unwrap_or_else(|| "waits".to_owned()),
            };
        }
    };
    of_job(status, job)
}

/// Where a request stands whose Job was made.
fn of_job(status: Option<&ScrapeSourceStatus>, job: &str) -> Progress {
    if let Some(run) = status
        .and_then(|status| status.last_run.as_ref())
        .filter(|run| run.job == job)
    {
        return Progress::Over {
            summary: summary(job, &run.report),
            is_success: run.report.outcome.is_success(),
        };
    }
    // A newer run may have ended since.
    let mut recent = status.into_iter().flat_map(|status| &status.recent_runs);
    match recent.find(|run| run.job == job) {
        Some(run) => Progress::Over {
            summary: format!("Job {job}: {}, {} processed", run.outcome.as_str(), run.processed),
            is_success: run.outcome.is_success(),
        },
        None => Progress::Started { job: job.to_owned() },
    }
}

fn summary(job: &str, report: &RunReport) -> String {
    let outcome = report.outcome.as_str();
    match (report.outcome, report.reason) {
        (Outcome::Succeeded | Outcome::Unchanged | Outcome::SkippedByCadence, _) | (_, None) => format!(
            "Job {job}: {outcome}, {} processed ({} new, {} updated, {} unchanged), {} removed, {} skipped, in {:.1} s",
            report.processed,
            report.new,
            report.updated,
            report.unchanged,
            report.removed,
            report.skipped,
            report.duration_seconds
        ),
        (Outcome::Suspicious | Outcome::Failed, Some(reason)) => format!(
            "Job {job}: {outcome}, {}: {}",
            reason.as_str(),
            report.message.as_deref().unwrap_or("no message")
        ),
    }
}

impl Progress {
    /// For people.
    pub fn in_words(&self, key: &SourceKey) -> String {
        let name = &key.name;
        match self {
            Self::Asked => format!(
                "{key}: the operator has not taken the request up yet; is it running? See `kubectl sms status`"
            ),
            Self::Replaced => format!(
                "{key}: somebody else asked for a run at the same time; see `kubectl sms logs {name}`"
            ),
            Self::Waiting { why } => format!("{key}: {why}"),
            Self::Started { job } => {
                format!("{key}: Job {job} started; see `kubectl sms logs {name} --run {job} -f`")
            }
            Self::Over { summary, .. } => format!("{key}: {summary}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn source(annotation: &str, status: &Value) -> ScrapeSource {
        serde_json::from_value(json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
            "metadata": { "name": "x", "namespace": "music", "annotations": { RUN_NOW: annotation } },
            "spec": { "fetch": { "url": "https://example.org/" }, "extract": { "jsonLd": {} } },
            "status": status,
        }))
        .unwrap()
    }

    fn last_run(outcome: &str) -> Value {
        json!({
            "job": "x-1", "trigger": "RunNow", "source": "music/x", "apiName": "x", "run": "r", "outcome": outcome,
            "startedAt": "", "finishedAt": "", "durationSeconds": 1.25, "processed": 3, "new": 1, "unchanged": 2,
        })
    }

    #[test]
    fn a_request_goes_from_asked_over_waiting_and_started_to_its_outcome() {
        assert_eq!(of(&source("t", &json!({})), "t", None), Progress::Asked);
        let waiting = json!({ "runNow": { "token": "t", "state": "Waiting", "message": "waits for Job y" } });
        assert_eq!(
            of(&source("t", &waiting), "t", None),
            Progress::Waiting {
                why: "waits for Job y".to_owned()
            }
        );
        let started = json!({ "runNow": { "token": "t", "state": "Started", "job": "x-1" } });
        assert_eq!(
            of(&source("t", &started), "t", None),
            Progress::Started {
                job: "x-1".to_owned()
            }
        );
        let mut over = started.clone();
        over["lastRun"] = last_run("Succeeded");
        let over = of(&source("t", &over), "t", None);
        assert_eq!(
            over,
            Progress::Over {
                summary: "Job x-1: Succeeded, 3 processed (1 new, 0 updated, 2 unchanged), 0 removed, 0 skipped, in 1.2 s"
                    .to_owned(),
                is_success: true,
            }
        );
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let mut run = last_run("Failed");
        run["reason"] = json!("DnsFailed");
        run["message"] = json!("no address");
        let status = json!({ "runNow": { "token": "t", "state": "Started", "job": "x-1" }, "lastRun": run });
        assert_eq!(
            of(&source("t", &status), "t", None),
            Progress::Over {
                summary: "Job x-1: Failed, DnsFailed: no address".to_owned(),
                is_success: false
            }
        );
    }

    #[test]
    fn an_outcome_is_found_although_a_newer_run_has_ended() {
        let mut newer = last_run("Succeeded");
        newer["job"] = json!("x-2");
        let status = json!({
            "runNow": { "token": "t", "state": "Started", "job": "x-1" },
            "lastRun": newer,
            "recentRuns": [
                { "job": "x-2", "finishedAt": "2026-11-22T08:00:00Z", "outcome": "Succeeded" },
                { "job": "x-1", "finishedAt": "2026-11-22T07:00:00Z", "outcome": "Suspicious", "processed": 1 },
            ],
        });
        assert_eq!(
            of(&source("t", &status), "t", None),
            Progress::Over {
                summary: "Job x-1: Suspicious, 1 processed".to_owned(),
                is_success: false
            }
        );
    }

    #[test]
    fn a_request_that_somebody_replaced_is_not_waited_for() {
        let status = json!({ "runNow": { "token": "other", "state": "Started", "job": "x-1" } });
        assert_eq!(of(&source("other", &status), "t", None), Progress::Replaced);
        assert_eq!(of(&source("t", &status), "t", None), Progress::Asked);
    }

    #[test]
    fn a_run_that_began_is_followed_although_somebody_asked_for_another() {
        let other =
            json!({ "runNow": { "token": "other", "state": "Waiting", "message": "waits for Job x-1" } });
        assert_eq!(
            of(&source("other", &other), "t", Some("x-1")),
            Progress::Started {
                job: "x-1".to_owned()
            }
        );
        let over = json!({ "runNow": { "token": "other", "state": "Started", "job": "x-2" }, "lastRun": last_run("Succeeded") });
        assert!(matches!(
            of(&source("other", &over), "t", Some("x-1")),
            Progress::Over { is_success: true, .. }
        ));
    }
}
