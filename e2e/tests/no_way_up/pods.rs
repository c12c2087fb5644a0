//! Power over Pods that is not a source's to ask for. IO.

use http::Request;
use serde_json::{Value, json};
use sms_e2e::{
    Cluster, Namespace, Operator, crowd,
    operator::{self, Options},
};

use super::{A_WHILE, assert_refused, manifest, pod_template};

/// Creates a source with this field validation, as it stands.
async fn post(
    cluster: &Cluster,
    namespace: &Namespace,
    validation: &str,
    manifest: &Value,
) -> Result<(), String> {
    let path = format!(
        "/apis/sms-scraper.dev/v1alpha1/namespaces/{}/scrapesources?fieldValidation={validation}",
        namespace.name()
    );
    let request = Request::post(path)
        .header("Content-Type", "application/json")
        .body(manifest.to_string().into_bytes())
        .unwrap();
    let answer = cluster.client().request_text(request).await;
    answer.map(drop).map_err(|error| error.to_string())
}

/// A Pod but for the source that travels in it.
fn without_source(mut pod: Value) -> Value {
    pod["containers"][0]["env"][0]["value"] = Value::Null;
    pod
}

#[tokio::test]
async fn a_field_that_would_widen_what_a_pod_may_do_does_not_exist() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "fields").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    crowd::create(&namespace, &crowd::idle("plain")).await;
    let plain = without_source(pod_template(&namespace, "plain").await["spec"].clone());
    let job = |field: &str, value: Value| json!({ "job": { field: value } });
    let attempts = [
        (
            "tolerations",
            job("tolerations", json!([{ "operator": "Exists" }])),
        ),
        ("affinity", job("affinity", json!({ "nodeAffinity": {} }))),
        ("nodeName", job("nodeName", json!("control-plane"))),
        ("serviceAccountName", job("serviceAccountName", json!("admin"))),
        (
            "priorityClassName",
            job("priorityClassName", json!("system-node-critical")),
        ),
        (
            "volumes",
            job(
                "volumes",
                json!([{ "name": "host", "hostPath": { "path": "/" } }]),
            ),
        ),
        ("hostPath", json!({ "store": { "hostPath": { "path": "/" } } })),
        ("hostNetwork", job("hostNetwork", json!(true))),
        (
            "securityContext",
            job("securityContext", json!({ "privileged": true })),
        ),
        ("image", job("image", json!("example.org/mine"))),
        ("env", job("env", json!([{ "name": "A", "value": "b" }]))),
        (
            "proxy",
            json!({ "fetch": { "proxy": "http://proxy.example:3128" } }),
        ),
        (
            "allowPrivateAddresses",
            json!({ "fetch": { "allowPrivateAddresses": true } }),
        ),
        ("caFile", json!({ "fetch": { "caFile": "/etc/hostname" } })),
    ];
    for (number, (field, patch)) in attempts.iter().enumerate() {
        let name = format!("attempt-{number:02}");
        let manifest = manifest(&name, patch);
        // As kubectl sends it.
        let refused = post(&cluster, &namespace, "Strict", &manifest).await.unwrap_err();
        assert!(refused.contains(&format!("{field}\"")), "{field}: {refused}");
        // As somebody sends it who does not want to be told. A store without anything in it is refused all the same.
        if let Err(refused) = post(&cluster, &namespace, "Ignore", &manifest).await {
            assert_eq!(*field, "hostPath", "{refused}");
            continue;
        }
        let pod = pod_template(&namespace, &name).await["spec"].clone();
        let source = &pod["containers"][0]["env"][0]["value"];
        assert!(
            !source.to_string().contains(&format!("{field}\\\"")),
            "{field}: {source}"
        );
        assert_eq!(without_source(pod), plain, "{field}");
    }
    namespace.delete().await;
}

#[tokio::test]
async fn the_operators_node_selector_and_labels_win() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "nodes").await;
    let options = Options::watching(&cluster, &namespace)
        .with_setting("nodeSelector: { pool: scrapers }")
        .with_setting("labels: { cost: events }")
        .with_setting("annotations: { mesh: 'no' }")
        .with_setting("tolerations: [{ key: scrapers, operator: Exists }]");
    let _operator = Operator::start(&cluster, &options).await;
    let patch = json!({ "job": {
        "nodeSelector": { "pool": "control-plane", "disk": "fast" },
        "labels": { "cost": "nobody", "tier": "gold" },
        "annotations": { "mesh": "yes", "note": "mine" },
    } });
    crowd::create(&namespace, &manifest("climber", &patch)).await;
    let template = pod_template(&namespace, "climber").await;
    assert_eq!(
        template["spec"]["nodeSelector"],
        json!({ "disk": "fast", "pool": "scrapers" })
    );
    assert_eq!(
        template["spec"]["tolerations"],
        json!([{ "key": "scrapers", "operator": "Exists" }])
    );
    assert_eq!(
        template["metadata"]["annotations"],
        json!({ "mesh": "no", "note": "mine" })
    );
    assert_eq!(template["metadata"]["labels"]["cost"], "events");
    assert_eq!(template["metadata"]["labels"]["tier"], "gold");
    namespace.delete().await;
}

#[tokio::test]
async fn keys_of_kubernetes_and_of_the_operator_and_files_are_refused() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "keys").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    let label = |key: &str| json!({ "job": { "labels": { key: "x" } } });
    let annotation = |key: &str| json!({ "job": { "annotations": { key: "unconfined" } } });
    let armor = "container.apparmor.security.beta.kubernetes.io/scraper";
    let attempts = [
        ("managed-by", label("app.kubernetes.io/managed-by"), "managed-by"),
        (
            "another-source",
            label("sms-scraper.dev/source"),
            "sms-scraper.dev/source",
        ),
        ("job-name", label("job-name"), "job-name"),
        ("controller-uid", label("controller-uid"), "controller-uid"),
        (
            "batch",
            label("batch.kubernetes.io/job-name"),
            "batch.kubernetes.io",
        ),
        ("apparmor", annotation(armor), "apparmor"),
        ("k8s", annotation("scheduler.k8s.io/anything"), "scheduler.k8s.io"),
        (
            "bare-domain",
            annotation("kubernetes.io/psp"),
            "kubernetes.io/psp",
        ),
        (
            "file",
            json!({ "fetch": { "url": "file:///etc/passwd" } }),
            "spec.fetch.url",
        ),
    ];
    assert_refused(&namespace, "InvalidSource", &attempts).await;
    namespace.delete().await;
}

#[tokio::test]
async fn jobs_get_the_variables_that_the_operator_means_and_not_its_own() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "variables").await;
    let mut options = Options::watching(&cluster, &namespace);
    let own = [
        ("NO_PROXY", "proxy.example"),
        ("no_proxy", "proxy.example"),
        ("SECRET_OF_THE_OPERATOR", "geheim"),
        ("SMS_PUSHGATEWAY_PASSWORD", "geheim"),
        ("SMS_PUSHGATEWAY_USERNAME", "geheim"),
    ];
    options.environment = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    options.flags = ["--pushgateway", "http://127.0.0.1:9"]
        .map(str::to_owned)
        .to_vec();
    let _operator = Operator::start(&cluster, &options).await;
    crowd::create(&namespace, &crowd::idle("plain")).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;
    let template = pod_template(&namespace, "plain").await;
    let text = template.to_string();
    assert!(
        !text.contains("geheim") && !text.contains("proxy.example"),
        "{text}"
    );
    let variables = template["spec"]["containers"][0]["env"].as_array().unwrap();
    let names: Vec<_> = variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "SMS_SOURCE",
            "SMS_TERMINATION_MESSAGE_PATH",
            "SMS_SECRETS_DIR",
            "SMS_INSTALLATION",
            "SMS_RUN_TIMEOUT",
            "SMS_LOG_FORMAT",
            "SMS_STORE_URL_FILE",
            "SMS_DEFAULT_STORE_URL",
            "SMS_PUSHGATEWAY_URL",
        ]
    );
    namespace.delete().await;
}
