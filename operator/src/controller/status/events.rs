//! Kubernetes events: the difference between two statuses, where it matters to a person. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::EventType;
use sms_crds::{
    ScrapeSourceStatus,
    conditions::{ConditionReason, DATA_HEALTHY, LAST_RUN_SUCCEEDED, METRICS_PUBLISHED, READY},
    report::{Outcome, Reason},
    v1alpha1::status::{RunNow, RunNowState},
};

use super::{RUN_NOW, Transition, conditions::of};
use crate::runs::text::{MESSAGE_LIMIT, clip};

const RECONCILE: &str = "Reconcile";
const RUN: &str = "Run";

/// What to tell of the way from `before` to `after`.
pub(super) fn between(before: &ScrapeSourceStatus, after: &ScrapeSourceStatus) -> Vec<Transition> {
    let change = |type_| Change {
        before: of(before, type_),
        after: of(after, type_),
    };
    let data = change(DATA_HEALTHY).turned_bad(RUN);
    let last_run = change(LAST_RUN_SUCCEEDED)
        .turned_bad(RUN)
        // A suspicious run turns both, for one reason: once is enough, and the data's note has the remedy.
        .filter(|last_run| data.as_ref().is_none_or(|data| data.reason != last_run.reason));
    [
        change(READY).turned_bad(RECONCILE),
        change(READY).turned_good(RECONCILE),
        last_run,
        change(LAST_RUN_SUCCEEDED).turned_good(RUN),
        data,
        change(METRICS_PUBLISHED)
            .turned_bad(RECONCILE)
            .filter(|metrics| metrics.reason == ConditionReason::ApiNameTaken.as_str()),
        run_now(before.run_now.as_ref(), after.run_now.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One condition, before and after.
struct Change<'s> {
    before: Option<&'s Condition>,
    after: Option<&'s Condition>,
}

impl Change<'_> {
    /// It is false now, and was not, or for another reason.
    fn turned_bad(&self, action: &'static str) -> Option<Transition> {
        let after = self.after.filter(|after| after.status == "False")?;
        let is_said = self
            .before
            .is_some_and(|before| before.status == "False" && before.reason == after.reason);
        (!is_said).then(|| transition(EventType::Warning, after, action))?
    }

    /// It is true now, and was false.
    fn turned_good(&self, action: &'static str) -> Option<Transition> {
        let after = self.after.filter(|after| after.status == "True")?;
        let was_bad = self.before.is_some_and(|before| before.status == "False");
        was_bad.then(|| transition(EventType::Normal, after, action))?
    }
}

fn transition(kind: EventType, condition: &Condition, action: &'static str) -> Option<Transition> {
    Some(Transition {
        kind,
        reason: word(&condition.reason)?,
        action,
        note: clip(condition.message.clone(), MESSAGE_LIMIT),
    })
}

/// `reason` as the closed vocabularies have it.
fn word(reason: &str) -> Option<&'static str> {
    let conditions = ConditionReason::ALL.into_iter().map(ConditionReason::as_str);
    let reasons = Reason::ALL.into_iter().map(Reason::as_str);
    let outcomes = Outcome::ALL.into_iter().map(Outcome::as_str);
    conditions
        .chain(reasons)
        .chain(outcomes)
        .find(|word| *word == reason)
}

fn run_now(before: Option<&RunNow>, after: Option<&RunNow>) -> Option<Transition> {
    let after = after?;
    if before.is_some_and(|before| before.token == after.token && before.state == after.state) {
        return None;
    }
    let message = after.message.as_deref();
    let (reason, note) = match after.state {
        RunNowState::Started => (
            "Started",
            format!("Created Job {}", after.job.as_deref().unwrap_or_default()),
        ),
        RunNowState::Waiting => (
            "Waiting",
            message
                .unwrap_or("The run starts when the active one has ended")
                .to_owned(),
        ),
    };
    Some(Transition {
        kind: EventType::Normal,
        reason,
        action: RUN_NOW,
        note: clip(note, MESSAGE_LIMIT),
    })
}
