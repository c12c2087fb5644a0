//! Two sources claim one API name. IO.

use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;
use kube::{Api, api::DeleteParams};
use serde_json::json;
use sms_crds::{ScrapeSource, conditions::METRICS_PUBLISHED};
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually, operator, operator::Options, source::has_condition,
};

use super::{A_WHILE, settled, until_same};

/// Waits until a source pushes or not, as its CronJob says.
async fn until_pushes(namespace: &Namespace, name: &str, expected: bool) {
    let cron_jobs: Api<CronJob> = namespace.api();
    eventually(A_WHILE, &format!("{name} pushes: {expected}"), || async {
        let object = cron_jobs.get(name).await.map_err(|error| error.to_string())?;
        match json!(object).to_string().contains("SMS_PUSHGATEWAY_URL") == expected {
            true => Ok(()),
            false => Err("it is not so".to_owned()),
        }
    })
    .await;
}

async fn until_taken(namespace: &Namespace, name: &str, expected: bool) {
    let sources: Api<ScrapeSource> = namespace.api();
    let what = format!("the API name of {name} is taken: {expected}");
    eventually(A_WHILE, &what, || async {
        let source = sources.get(name).await.map_err(|error| error.to_string())?;
        let is_taken = has_condition(&source, METRICS_PUBLISHED, "False", "ApiNameTaken");
        (is_taken == expected)
            .then_some(())
            .ok_or(json!(source.status).to_string())
    })
    .await;
}

#[tokio::test]
async fn of_two_sources_with_one_api_name_the_older_one_pushes_and_the_other_takes_over() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "collision").await;
    let options =
        Options::watching(&cluster, &namespace).with_setting("pushgateway: { url: 'http://127.0.0.1:9' }");
    let mut running = Operator::start(&cluster, &options).await;
    for name in ["older", "newer"] {
        let mut manifest = crowd::idle(name);
        manifest["spec"]["apiName"] = json!("the_same");
        crowd::create(&namespace, &manifest).await;
        // Creation times have whole seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    crowd::until_ready(&namespace, 2, A_WHILE).await;
    until_pushes(&namespace, "older", true).await;
    until_pushes(&namespace, "newer", false).await;
    until_taken(&namespace, "newer", true).await;
    until_taken(&namespace, "older", false).await;
    let sources: Api<ScrapeSource> = namespace.api();
    let said = json!(sources.get("newer").await.unwrap().status).to_string();
    assert!(
        said.contains("older"),
        "whoever reads it wants to know who has the name: {said}"
    );

    // The same after a restart, whatever the order of arrival.
    let before = settled(&namespace).await;
    running.kill().await;
    let _running = Operator::start(&cluster, &options).await;
    until_same(&namespace, &before).await;

    sources
        .delete("older", &DeleteParams::background())
        .await
        .unwrap();
    until_pushes(&namespace, "newer", true).await;
    until_taken(&namespace, "newer", false).await;
    namespace.delete().await;
}
