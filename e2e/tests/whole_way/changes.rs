//! One source that is run, edited, suspended and deleted: the cluster, the gateway and the database follow. IO.

use std::time::Instant;

use k8s_openapi::api::{
    batch::v1::{CronJob, Job},
    core::v1::Pod,
};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource,
    conditions::READY,
    v1alpha1::status::{RunNow, RunNowState, Trigger},
};
use sms_e2e::{
    Source, Venue, eventually,
    source::{has_condition, runs},
    venue::Answer,
};

use crate::stack::{A_WHILE, Stack};

pub async fn are_followed(stack: &Stack) {
    let venue = Venue::start(&stack.cluster.venue_address().unwrap(), Answer::Events(3)).await;
    let spec = json!({ "cadence": "1h", "job": { "labels": { "team": "music" } } });
    let source = Source::create(&stack.cluster, &stack.namespace, "club", &venue.url(), &spec).await;
    runs_now(&source).await;
    waits_for_a_run_that_is_active(&source, &venue).await;
    is_edited(stack, &source).await;
    is_put_right(stack).await;
    is_suspended_and_resumed(stack, &source).await;
    is_deleted(stack, &source).await;
}

fn noted(source: &ScrapeSource) -> Option<&RunNow> {
    source.status.as_ref()?.run_now.as_ref()
}

async fn runs_now(source: &Source) {
    source.run_now("one").await;
    let object = source.until_runs(A_WHILE, 1).await;
    assert_started(source, &object, "one").await;
    // Within its cadence.
    source.run_now("two").await;
    let object = source.until_runs(A_WHILE, 2).await;
    assert_started(source, &object, "two").await;
    assert!(
        has_condition(&object, "LastRunSucceeded", "True", "Unchanged")
            || has_condition(&object, "LastRunSucceeded", "True", "Succeeded"),
        "{:?}",
        object.status
    );

    // The same once more, and something else about the object: there is nothing to do.
    source.run_now("two").await;
    source
        .patch(json!({ "metadata": { "labels": { "seen": "again" } } }))
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(source.jobs().await.len(), 2);
    assert_eq!(runs(&source.get().await), 2);
}

async fn assert_started(source: &Source, object: &ScrapeSource, token: &str) {
    let noted = noted(object).unwrap();
    assert_eq!((noted.token.as_str(), noted.state), (token, RunNowState::Started));
    let jobs = source.jobs().await;
    let job = jobs.iter().find(|job| job.metadata.name == noted.job).unwrap();
    let spec = job
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref())
        .unwrap();
    let variables = spec.containers[0].env.as_ref().unwrap();
    let bypass = variables
        .iter()
        .find(|variable| variable.name == "SMS_BYPASS_CADENCE");
    assert_eq!(
        bypass.and_then(|variable| variable.value.as_deref()),
        Some("true")
    );
    let owner = &job.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.kind.as_str(), Some(&owner.uid)),
        ("ScrapeSource", object.metadata.uid.as_ref())
    );
    let last = object.status.as_ref().unwrap().last_run.as_ref().unwrap();
    assert_eq!(
        (Some(&last.job), last.trigger),
        (noted.job.as_ref(), Trigger::RunNow)
    );
}

async fn waits_for_a_run_that_is_active(source: &Source, venue: &Venue) {
    venue.say(Answer::Silence);
    let asked = venue.requests();
    source.run_now("three").await;
    eventually(A_WHILE, "the third run asks the venue", || async {
        let requests = venue.requests();
        (requests > asked).then_some(()).ok_or(requests)
    })
    .await;
    source.run_now("four").await;
    let object = source
        .until(A_WHILE, "the request waits", |source| {
            noted(source).is_some_and(|noted| noted.token == "four" && noted.state == RunNowState::Waiting)
        })
        .await;
    let active = source.jobs().await.pop().unwrap().metadata.name.unwrap();
    let message = noted(&object).unwrap().message.clone().unwrap();
    assert!(message.contains(&active), "{message}");
    eventually(A_WHILE, "an event says that it waits", || async {
        let events = source.events().await;
        let is_told = events
            .iter()
            .any(|event| event.reason == "Waiting" && event.note.contains(&active));
        is_told.then_some(()).ok_or(format!("{events:?}"))
    })
    .await;
    assert_eq!(
        source.jobs().await.len(),
        3,
        "no second run beside the active one"
    );
    venue.say(Answer::Events(4));
    let object = source.until_runs(A_WHILE, 4).await;
    assert_started(source, &object, "four").await;
}

async fn cron_job(stack: &Stack) -> CronJob {
    stack.namespace.api::<CronJob>().get("club").await.unwrap()
}

/// Waits until the CronJob is as `is_so` wants it; tells how long that took.
async fn until_cron_job(stack: &Stack, what: &str, is_so: impl Fn(&Value) -> bool) {
    let start = Instant::now();
    eventually(A_WHILE, &format!("the CronJob: {what}"), || async {
        let spec = json!(cron_job(stack).await.spec);
        is_so(&spec).then_some(()).ok_or(spec)
    })
    .await;
    println!("{what}: after {:.2} s", start.elapsed().as_secs_f64());
}

async fn is_edited(stack: &Stack, source: &Source) {
    let template = |spec: &Value| spec["jobTemplate"]["spec"]["template"].clone();
    assert_eq!(
        template(&json!(cron_job(stack).await.spec))["metadata"]["labels"]["team"],
        "music"
    );
    source
        .patch(json!({ "spec": {
            "schedule": "8 5 1 1 *",
            "fetch": { "headers": [{ "name": "Accept-Language", "value": "en" }] },
            "job": null,
        } }))
        .await;
    until_cron_job(
        stack,
        "an edit is followed, and what was taken out is gone",
        |spec| {
            let template = template(spec);
            let variable = template["spec"]["containers"][0]["env"][0]["value"].as_str();
            spec["schedule"] == "8 5 1 1 *"
                && variable.is_some_and(|json| json.contains("Accept-Language"))
                && template["metadata"]["labels"].get("team").is_none()
        },
    )
    .await;
    let generation = source.get().await.metadata.generation;
    source
        .until(A_WHILE, "the status is about the edit", |source| {
            source.status.as_ref().unwrap().observed_generation == generation
        })
        .await;
}

async fn is_put_right(stack: &Stack) {
    let by_hand = Patch::Merge(json!({ "spec": { "schedule": "0 0 * * *" } }));
    let cron_jobs = stack.namespace.api::<CronJob>();
    cron_jobs
        .patch("club", &PatchParams::default(), &by_hand)
        .await
        .unwrap();
    until_cron_job(stack, "a change by hand is put right", |spec| {
        spec["schedule"] == "8 5 1 1 *"
    })
    .await;
}

async fn is_suspended_and_resumed(stack: &Stack, source: &Source) {
    source.patch(json!({ "spec": { "suspend": true } })).await;
    until_cron_job(stack, "suspended", |spec| spec["suspend"] == true).await;
    let object = source
        .until(A_WHILE, "it says that it is suspended", |source| {
            has_condition(source, READY, "True", "Suspended")
        })
        .await;
    assert_eq!(object.status.unwrap().next_run_time, None);
    source.run_now("five").await;
    let object = source.until_runs(A_WHILE, 5).await;
    assert_started(source, &object, "five").await;

    source.patch(json!({ "spec": { "suspend": false } })).await;
    until_cron_job(stack, "resumed", |spec| spec["suspend"] == false).await;
    let object = source
        .until(A_WHILE, "it is scheduled again", |source| {
            has_condition(source, READY, "True", "Scheduled")
        })
        .await;
    assert!(object.status.unwrap().next_run_time.is_some());
}

async fn is_deleted(stack: &Stack, source: &Source) {
    let group = "instance=\"club\"";
    assert!(stack.gateway.metrics().await.contains(group));
    let key = source.get().await.key();
    let stored = || {
        let sql = format!("SELECT count(*) FROM events_v1 WHERE source = '{key}'");
        stack.postgres.query(&sql)
    };
    let before = stored();
    assert_ne!(before, "0");
    let start = Instant::now();
    stack.kubectl(&["delete", "scrapesource", "club"]);
    println!("the source is gone after {:.2} s", start.elapsed().as_secs_f64());
    eventually(A_WHILE, "its group is gone from the gateway", || async {
        let metrics = stack.gateway.metrics().await;
        (!metrics.contains(group)).then_some(()).ok_or(metrics)
    })
    .await;
    println!("its group is gone after {:.2} s", start.elapsed().as_secs_f64());
    eventually(A_WHILE, "CronJob, Jobs and Pods are gone", || async {
        let names = [
            stack.namespace.names::<CronJob>().await,
            stack.namespace.names::<Job>().await,
            stack.namespace.names::<Pod>().await,
        ];
        let left: Vec<_> = names
            .concat()
            .into_iter()
            .filter(|name| name.starts_with("club"))
            .collect();
        left.is_empty().then_some(()).ok_or(format!("{left:?}"))
    })
    .await;
    println!(
        "all that was made for it is gone after {:.2} s",
        start.elapsed().as_secs_f64()
    );
    assert!(source.jobs().await.is_empty());
    assert_eq!(stored(), before, "events stay");
}
