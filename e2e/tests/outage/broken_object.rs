//! Objects that are no sources any more, among a hundred that are. IO.

use std::time::Duration;

use http::Request;
use k8s_openapi::api::batch::v1::CronJob;
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::ApiResource,
};
use serde_json::{Value, json};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, crd, crowd, eventually,
    gate::Gate,
    group::{Group, held},
    operator::{self, Options},
    services::Pushgateway,
};

use sms_proof::record;

use super::{A_WHILE, ONE_AT_A_TIME};

const GOOD: usize = 97;
const SWEEP: Duration = Duration::from_secs(10);

/// Specs that the real CRD would not let in, and whether the API server then takes a status of such an object: not if a
/// rule of the CRD is about what has another type.
fn broken() -> [(&'static str, Value, bool); 3] {
    let good = crowd::idle("x")["spec"].clone();
    let with = |field: &str, value: Value| {
        let mut spec = good.clone();
        spec[field] = value;
        spec
    };
    [
        ("broken-job", with("job", json!("text")), true),
        ("broken-schedule", with("schedule", json!(5)), false),
        ("broken-fetch", with("fetch", json!([])), false),
    ]
}

/// Whether the API server takes an object just now.
async fn takes(cluster: &Cluster, namespace: &Namespace, name: &str, spec: &Value, query: &str) -> bool {
    let path = format!(
        "/apis/sms-scraper.dev/v1alpha1/namespaces/{}/scrapesources{query}",
        namespace.name()
    );
    let mut manifest = crowd::idle(name);
    manifest["spec"] = spec.clone();
    let request = Request::post(path)
        .header("Content-Type", "application/json")
        .body(manifest.to_string().into_bytes())
        .unwrap();
    cluster.client().request_text(request).await.is_ok()
}

/// Puts broken objects where the real CRD would not let them in.
async fn smuggle(cluster: &Cluster, namespace: &Namespace) {
    crd::loosen(cluster).await;
    for (name, spec, _) in broken() {
        eventually(A_WHILE, &format!("{name} is let in"), || async {
            takes(cluster, namespace, name, &spec, "")
                .await
                .then_some(())
                .ok_or("it is not")
        })
        .await;
    }
    crd::install(cluster).await;
    let (_, spec, _) = &broken()[0];
    eventually(A_WHILE, "the real CRD is back", || async {
        let is_loose = takes(cluster, namespace, "another", spec, "?dryRun=All").await;
        (!is_loose).then_some(()).ok_or("it is not")
    })
    .await;
}

/// `Ready` and `resourceVersion` of a source as it is stored.
async fn ready(namespace: &Namespace, name: &str) -> Result<(Value, Value), String> {
    let all = crowd::list(namespace).await?;
    let source = all.iter().find(|source| source["metadata"]["name"] == name);
    let source = source.ok_or("it is not there")?;
    let mut conditions = source["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.find(|condition| condition["type"] == "Ready").cloned();
    Ok((
        ready.ok_or(format!("it has no condition: {source}"))?,
        source["metadata"]["resourceVersion"].clone(),
    ))
}

/// Waits until the good ones have what they need, and the broken ones say what is wrong with them.
async fn until_told_apart(cluster: &Cluster, namespace: &Namespace, operator: &Operator) {
    eventually(A_WHILE, "the good ones have their CronJobs", || async {
        let made = namespace.names::<CronJob>().await;
        (made == crowd::names(GOOD))
            .then_some(())
            .ok_or(format!("{made:?}"))
    })
    .await;
    for (name, _, takes_status) in broken() {
        let told = eventually(A_WHILE, &format!("somebody is told about {name}"), || async {
            let events = Source::named(cluster, namespace, name).events().await;
            let told = events.into_iter().find(|event| event.reason == "InvalidSource");
            told.map(|event| event.note)
                .ok_or(format!("nobody was told\n{}", operator.log()))
        })
        .await;
        println!("{name}: {told}");
        let field = name.replace("broken-", "spec.");
        assert!(told.starts_with(&format!("{field}: cannot be read: ")), "{told}");
        if takes_status {
            let (ready, _) = ready(namespace, name).await.unwrap();
            let found = (&ready["status"], &ready["reason"], &ready["message"]);
            assert_eq!(found, (&json!("False"), &json!("InvalidSource"), &json!(told)));
        }
    }
    for name in crowd::names(GOOD) {
        eventually(A_WHILE, &format!("{name} is ready"), || async {
            let (ready, _) = ready(namespace, &name).await?;
            (ready["status"] == "True").then_some(()).ok_or(ready.to_string())
        })
        .await;
    }
}

#[tokio::test]
async fn objects_that_cannot_be_read_say_so_and_hinder_nobody() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    if !cluster.can_stop_components() {
        return;
    }
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "broken").await;
    let gateway = Pushgateway::start("127.0.0.1").await;
    let gate = Gate::open_to("127.0.0.1", gateway.target()).await;
    let mut options = Options::watching(&cluster, &namespace);
    options.flags = [
        "--pushgateway",
        &gate.url(),
        "--pushgateway-sweep-interval",
        "10s",
    ]
    .map(str::to_owned)
    .to_vec();
    // They come while it runs, and are there when the next one starts.
    let mut running = Operator::start(&cluster, &options).await;
    smuggle(&cluster, &namespace).await;
    for again in [false, true] {
        if again {
            running.kill().await;
            running = Operator::start(&cluster, &options).await;
        } else {
            crowd::create_all(&namespace, &crowd::names(GOOD)).await;
        }
        until_told_apart(&cluster, &namespace, &running).await;
    }
    // Nobody writes it again and again, and its last metrics stay.
    let groups = ["broken_job", "nobody"];
    Group::of(namespace.name(), "broken-job", groups[0]).push(&gateway);
    Group::of(namespace.name(), "nobody", groups[1]).push(&gateway);
    let before = ready(&namespace, "broken-job").await.unwrap();
    eventually(3 * SWEEP, "a sweep has passed", || async {
        let held = held(&gateway, &groups).await;
        (!held.contains(&"nobody".to_owned()))
            .then_some(())
            .ok_or(format!("{held:?}"))
    })
    .await;
    assert_eq!(ready(&namespace, "broken-job").await.unwrap(), before);
    assert_eq!(
        held(&gateway, &groups).await,
        ["broken_job"],
        "the source is there"
    );

    let met = record(
        sms_proof::Group::OperatorFaults,
        "objects that cannot be read among good ones",
        format!(
            "{GOOD} of {GOOD} others ready, {} of {0} named with their field",
            broken().len()
        ),
        "every other source is ready, each bad one has a reason, and is written once",
        true,
    );
    assert!(met);
    // It can be mended.
    let kind = ApiResource::erase::<ScrapeSource>(&());
    let sources: Api<DynamicObject> = Api::namespaced_with(cluster.client(), namespace.name(), &kind);
    let patch = Patch::Merge(json!({ "spec": { "job": null } }));
    sources
        .patch("broken-job", &PatchParams::default(), &patch)
        .await
        .unwrap();
    eventually(A_WHILE, "it is mended", || async {
        let (ready, _) = ready(&namespace, "broken-job").await?;
        (ready["status"] == "True").then_some(()).ok_or(ready.to_string())
    })
    .await;
    namespace.delete().await;
}
