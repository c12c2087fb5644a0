//! What a source tries to get at, and does not: each attempt is refused or without effect. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "no_way_up/addresses.rs"]
mod addresses;
#[path = "no_way_up/environment.rs"]
mod environment;
#[path = "no_way_up/pods.rs"]
mod pods;
#[path = "no_way_up/recorder.rs"]
mod recorder;
#[path = "no_way_up/secrets.rs"]
mod secrets;

use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;
use kube::Api;
use serde_json::{Value, json};
use sms_crds::{ScrapeSource, conditions::READY};
use sms_e2e::{Namespace, crowd, eventually, source::condition};

const A_WHILE: Duration = Duration::from_mins(3);

/// An idle source with `patch` merged into its spec.
fn manifest(name: &str, patch: &Value) -> Value {
    let mut manifest = crowd::idle(name);
    merge(&mut manifest["spec"], patch);
    manifest
}

fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}

/// Waits until the operator refuses a source as it is now, and gives reason and message.
async fn refusal(namespace: &Namespace, name: &str) -> (String, String) {
    let sources: Api<ScrapeSource> = namespace.api();
    eventually(A_WHILE, &format!("{name} is refused"), || async {
        let source = sources.get(name).await.map_err(|error| error.to_string())?;
        if source.status.is_none() {
            return Err("no status".to_owned());
        }
        let ready = condition(&source, READY);
        let is_refused = ready.status == "False" && ready.observed_generation == source.metadata.generation;
        match is_refused {
            true => Ok((ready.reason.clone(), ready.message.clone())),
            false => Err(json!(source.status).to_string()),
        }
    })
    .await
}

/// Creates sources that the operator must refuse for `reason`, and checks that nothing came of them.
async fn assert_refused(namespace: &Namespace, reason: &str, attempts: &[(&str, Value, &str)]) {
    for (name, patch, _) in attempts {
        crowd::create(namespace, &manifest(name, patch)).await;
    }
    for (name, _, field) in attempts {
        let (found, message) = refusal(namespace, name).await;
        assert_eq!(found, reason, "{name}: {message}");
        assert!(
            message.contains(field),
            "{name}: the message has to name {field}: {message}"
        );
    }
    assert_eq!(namespace.names::<CronJob>().await, [""; 0]);
}

/// What the Pods of a source are made from.
async fn pod_template(namespace: &Namespace, name: &str) -> Value {
    let cron_jobs: Api<CronJob> = namespace.api();
    let what = format!("{name} has a CronJob");
    let cron_job = eventually(A_WHILE, &what, || cron_jobs.get(name)).await;
    json!(cron_job)["spec"]["jobTemplate"]["spec"]["template"].clone()
}
