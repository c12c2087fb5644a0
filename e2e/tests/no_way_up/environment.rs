//! The environment of the Pod: `$(VARIABLES)` and jq. IO.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::LogParams};
use serde_json::json;
use sms_crds::report::Reason;
use sms_e2e::{
    Cluster, Namespace, Operator, Source,
    operator::{self, Options},
    source::last_reason,
};

use super::recorder::Recorder;

const LIMIT: Duration = Duration::from_mins(5);
/// What a source must not get to see.
const TREASURE: &str = "treasure-of-the-operator";

/// Everything that a run left behind for its source's author to read.
async fn left_behind(namespace: &Namespace, source: &Source) -> String {
    let pods: Api<Pod> = namespace.api();
    let mut text = json!(source.get().await.status).to_string();
    for pod in source.pods().await {
        let name = pod.metadata.name.clone().unwrap_or_default();
        text += &json!(pod.status).to_string();
        text += &pods.logs(&name, &LogParams::default()).await.unwrap();
    }
    text
}

#[tokio::test]
async fn text_that_looks_like_a_variable_stays_text() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let Some(address) = cluster.venue_address() else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "text").await;
    let venue = Recorder::start(&address, None).await;
    let options = Options::watching(&cluster, &namespace)
        .with_setting(&format!("env: [{{ name: TREASURE, value: {TREASURE} }}]"));
    let _operator = Operator::start(&cluster, &options).await;
    let wanted =
        "$(KUBERNETES_SERVICE_HOST) $(TREASURE) $(SMS_SECRETS_DIR) $$(TREASURE) $TREASURE ${TREASURE}";
    let spec = json!({ "fetch": { "headers": [{ "name": "X-Probe", "value": wanted }] } });
    let source = Source::create(&cluster, &namespace, "text", &venue.url(), &spec).await;
    source.run_now("1").await;
    let object = source.until_runs(LIMIT, 1).await;
    assert_eq!(last_reason(&object), None, "{}", json!(object.status));
    let requests = venue.requests();
    let page = requests.iter().find(|request| request.starts_with("GET /events"));
    let page = page.unwrap_or_else(|| panic!("nobody asked for the page: {requests:?}"));
    assert!(page.contains(&format!(": {wanted}\r\n")), "{page}");
    namespace.delete().await;
}

#[tokio::test]
async fn a_jq_program_sees_nothing_of_the_environment() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let Some(address) = cluster.venue_address() else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "jq").await;
    let venue = Recorder::start(&address, None).await;
    let options = Options::watching(&cluster, &namespace)
        .with_setting(&format!("env: [{{ name: TREASURE, value: {TREASURE} }}]"));
    let _operator = Operator::start(&cluster, &options).await;
    let mut sources = Vec::new();
    for (name, program) in [
        ("env", "env | [.]"),
        ("env-variable", "[$ENV]"),
        (
            "env-field",
            "[{ title: $ENV.TREASURE, start: \"2099-12-31T20:00:00Z\" }]",
        ),
        ("input", "[input]"),
        ("arguments", "[$__prog_args]"),
        ("named", "[$named]"),
        ("file", "[input_filename]"),
    ] {
        let spec = json!({ "extract": { "json": { "items": format!("{program} | .[]") } } });
        let source = Source::create(&cluster, &namespace, name, &venue.url(), &spec).await;
        source.run_now("1").await;
        sources.push(source);
    }
    for source in &sources {
        let object = source.until_runs(LIMIT, 1).await;
        let reason = last_reason(&object);
        let is_refused = matches!(reason, Some(Reason::ProgramFailed | Reason::InvalidSource));
        assert!(is_refused, "{}: {}", source.name(), json!(object.status));
        let text = left_behind(&namespace, source).await;
        assert!(!text.contains(TREASURE), "{}: {text}", source.name());
    }
    namespace.delete().await;
}
