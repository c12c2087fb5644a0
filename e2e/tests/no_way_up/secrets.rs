//! Secrets that are not meant for requests. IO.

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, crowd,
    operator::{self, Options},
};

use super::{A_WHILE, assert_refused, pod_template, refusal};

fn key(name: &str, key: &str) -> Value {
    json!({ "secretKeyRef": { "name": name, "key": key } })
}

fn header(name: &str, of: &str) -> Value {
    let mut header = key(name, of);
    header["name"] = json!("X-Key");
    json!({ "fetch": { "headers": [header] } })
}

fn auth(kind: &str, name: &str, of: &str) -> Value {
    let mut auth = key(name, of);
    match kind {
        "basic" => auth["username"] = json!("me"),
        "header" | "query" => auth["name"] = json!("key"),
        _ => {}
    }
    json!({ "fetch": { "auth": { kind: auth } } })
}

#[tokio::test]
async fn a_source_that_names_a_secret_that_is_not_for_it_is_refused() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "secrets").await;
    let options = Options::watching(&cluster, &namespace)
        .with_setting("pushgateway: { url: 'http://127.0.0.1:9', secretName: sms-gateway }");
    let _operator = Operator::start(&cluster, &options).await;
    let attempts = [
        ("header", header("admin-password", "password"), "fetch.headers[0]"),
        ("almost", header("sms", "password"), "begin with sms-"),
        (
            "bearer",
            auth("bearer", "admin-password", "token"),
            "fetch.auth.bearer",
        ),
        (
            "basic",
            auth("basic", "admin-password", "token"),
            "fetch.auth.basic",
        ),
        (
            "auth-header",
            auth("header", "admin-password", "token"),
            "fetch.auth.header",
        ),
        (
            "query",
            auth("query", "admin-password", "token"),
            "fetch.auth.query",
        ),
        (
            "store",
            json!({ "store": { "secretRef": { "name": "postgres" } } }),
            "spec.store.secretRef",
        ),
        ("of-the-store", header("sms-store", "password"), "sms-store"),
        (
            "of-the-gateway",
            auth("bearer", "sms-gateway", "password"),
            "sms-gateway",
        ),
        (
            "of-another-store",
            auth("bearer", "sms-team-store", "url"),
            "sms-team-store",
        ),
    ];
    assert_refused(&namespace, "SecretNotAllowed", &attempts).await;
    namespace.delete().await;
}

#[tokio::test]
async fn a_source_that_turns_bad_keeps_the_cron_job_that_it_had() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "turns").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    crowd::create(&namespace, &crowd::idle("turncoat")).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;
    let before = pod_template(&namespace, "turncoat").await;
    let sources: Api<ScrapeSource> = namespace.api();
    let patch = Patch::Merge(json!({ "spec": header("admin-password", "password") }));
    sources
        .patch("turncoat", &PatchParams::default(), &patch)
        .await
        .unwrap();
    let (reason, _) = refusal(&namespace, "turncoat").await;
    assert_eq!(reason, "SecretNotAllowed");
    assert_eq!(pod_template(&namespace, "turncoat").await, before);
    namespace.delete().await;
}
