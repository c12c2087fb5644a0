//! Somebody changes a CronJob by hand. IO.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource,
    labels::{MANAGED_BY, SOURCE, SPEC_HASH},
};
use sms_e2e::{Cluster, Namespace, Operator, crowd, eventually, operator, operator::Options};
use sms_proof::{Group, record};

use super::{A_WHILE, settled, until_same};

const NAME: &str = "drift";

async fn change(cron_jobs: &Api<CronJob>, patch: &Value) {
    let patched = cron_jobs
        .patch(NAME, &PatchParams::default(), &Patch::Merge(patch))
        .await;
    patched.unwrap_or_else(|error| panic!("{patch}: {error}"));
}

#[tokio::test]
async fn what_somebody_changes_by_hand_is_put_right() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "drift").await;
    let options = Options::watching(&cluster, &namespace).with_setting("labels: { team: events }");
    let mut running = Operator::start(&cluster, &options).await;
    crowd::create(&namespace, &crowd::idle(NAME)).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;
    let right = settled(&namespace).await;
    let cron_jobs: Api<CronJob> = namespace.api();

    let mut slowest = Duration::ZERO;
    let label = |name: &str, value: Value| json!({ "metadata": { "labels": { name: value } } });
    for drift in [
        json!({ "spec": { "schedule": "1 1 1 1 *" } }),
        json!({ "spec": { "suspend": true } }),
        json!({ "spec": { "concurrencyPolicy": "Allow" } }),
        json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": { "hostNetwork": true } } } } } }),
        json!({ "metadata": { "annotations": { SPEC_HASH: null } } }),
        label("team", json!(null)),
        label("team", json!("others")),
        label(SOURCE, json!(null)),
        label(SOURCE, json!("another")),
        label(MANAGED_BY, json!(null)),
        label(MANAGED_BY, json!("Helm")),
    ] {
        println!("{drift}");
        let start = Instant::now();
        change(&cron_jobs, &drift).await;
        until_same(&namespace, &right).await;
        slowest = slowest.max(start.elapsed());
    }
    let start = Instant::now();
    cron_jobs.delete(NAME, &DeleteParams::background()).await.unwrap();
    until_same(&namespace, &right).await;
    slowest = slowest.max(start.elapsed());
    let met = record(
        Group::OperatorFaults,
        "CronJob changed or deleted by hand",
        format!("put right within {slowest:.2?}"),
        "put right within seconds",
        slowest < Duration::from_mins(1),
    );
    assert!(met, "{slowest:?}");

    // While nobody looks.
    running.kill().await;
    change(&cron_jobs, &json!({ "spec": { "schedule": "1 1 1 1 *" } })).await;
    running = Operator::start(&cluster, &options).await;
    until_same(&namespace, &right).await;
    running.kill().await;
    cron_jobs.delete(NAME, &DeleteParams::background()).await.unwrap();
    let _running = Operator::start(&cluster, &options).await;
    until_same(&namespace, &right).await;
    namespace.delete().await;
}

#[tokio::test]
async fn labels_of_others_stay_and_a_knob_that_a_source_drops_goes() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "knob").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    crowd::create(&namespace, &crowd::idle(NAME)).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;
    let (sources, cron_jobs): (Api<ScrapeSource>, Api<CronJob>) = (namespace.api(), namespace.api());
    let foreign =
        json!({ "metadata": { "labels": { "example.org/cost": "7" }, "annotations": { "note": "mine" } } });
    change(&cron_jobs, &foreign).await;
    let plain = settled(&namespace).await;

    let turn = |spec: Value| {
        let sources = &sources;
        async move {
            let patch = Patch::Merge(json!({ "spec": spec }));
            sources
                .patch(NAME, &PatchParams::default(), &patch)
                .await
                .unwrap();
        }
    };
    turn(json!({
        "job": {
            "backoffLimit": 4,
            "startingDeadlineSeconds": 20,
            "nodeSelector": { "disk": "fast" },
            "labels": { "tier": "gold" },
            "resources": { "limits": { "cpu": "1" } },
        },
        "timeZone": "America/Los_Angeles",
        "suspend": true,
    }))
    .await;
    let turned = eventually(A_WHILE, "the knobs are turned", || async {
        let object = cron_jobs.get(NAME).await.map_err(|error| error.to_string())?;
        let object = json!(object);
        let template = &object["spec"]["jobTemplate"]["spec"];
        let pod = &template["template"]["spec"];
        match template["backoffLimit"] == 4
            && object["spec"]["startingDeadlineSeconds"] == 20
            && object["spec"]["suspend"] == true
            && object["spec"]["timeZone"] == "America/Los_Angeles"
            && pod["nodeSelector"] == json!({ "disk": "fast" })
            && template["template"]["metadata"]["labels"]["tier"] == "gold"
            && pod["containers"][0]["resources"]["limits"]["cpu"] == "1"
        {
            true => Ok(object),
            false => Err(object.to_string()),
        }
    })
    .await;
    assert_eq!(turned["metadata"]["labels"]["example.org/cost"], "7");

    turn(json!({ "job": null, "timeZone": null, "suspend": null })).await;
    until_same(&namespace, &plain).await;
    let object = json!(cron_jobs.get(NAME).await.unwrap());
    assert_eq!(object["metadata"]["labels"]["example.org/cost"], "7");
    assert_eq!(object["metadata"]["annotations"]["note"], "mine");
    namespace.delete().await;
}
