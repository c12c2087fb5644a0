//! The Pushgateway is away when a source goes. IO.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use kube::{Api, api::DeleteParams};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually, gate::Gate, operator, operator::Options,
    services::Pushgateway,
};

use super::A_WHILE;

const SWEEP: Duration = Duration::from_secs(10);
const OURS: &str = "sms-scraper";

/// Pushes the group `job`, `api` with what a run of the source `name` says about whose it is.
fn push(
    gateway: &Pushgateway,
    (job, api): (&str, &str),
    installation: &str,
    namespace: &Namespace,
    name: &str,
) {
    let namespace = namespace.name();
    let body = format!(
        "# TYPE sms_source_info gauge\n\
         sms_source_info{{namespace=\"{namespace}\",name=\"{name}\",installation=\"{installation}\"}} 1\n"
    );
    let url = format!("{}/metrics/job/{job}/instance/{api}", gateway.url());
    let output = Command::new("curl")
        .args(["-sSf", "-m", "10", "-X", "PUT", "--data-binary", &body, &url])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Those of these API names for which the gateway holds a group.
async fn held(gateway: &Pushgateway, names: &[&str]) -> Vec<String> {
    let metrics = gateway.metrics().await;
    let holds = |name: &&&str| metrics.contains(&format!("instance=\"{name}\""));
    names
        .iter()
        .filter(holds)
        .map(|name| (*name).to_owned())
        .collect()
}

/// Deletes a source and waits until it is gone.
async fn delete(sources: &Api<ScrapeSource>, name: &str) -> Duration {
    let start = Instant::now();
    sources.delete(name, &DeleteParams::background()).await.unwrap();
    eventually(A_WHILE, &format!("{name} is gone"), || async {
        let found = sources.get_opt(name).await.map_err(|error| error.to_string())?;
        found.is_none().then_some(()).ok_or("it is there".to_owned())
    })
    .await;
    start.elapsed()
}

#[tokio::test]
async fn a_source_goes_without_a_gateway_its_group_later_and_groups_of_others_never() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "gateway").await;
    let gateway = Pushgateway::start("127.0.0.1").await;
    let mut gate = Gate::open_to("127.0.0.1", gateway.target()).await;
    let mut options = Options::watching(&cluster, &namespace);
    options.flags = [
        "--pushgateway",
        &gate.url(),
        "--pushgateway-sweep-interval",
        "10s",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut running = Operator::start(&cluster, &options).await;
    let sources: Api<ScrapeSource> = namespace.api();
    let ours = ["stays", "goes_at_once", "goes_later", "goes_unseen"];
    for api in ours {
        crowd::create(&namespace, &crowd::idle(&api.replace('_', "-"))).await;
    }
    crowd::until_ready(&namespace, ours.len(), A_WHILE).await;
    for api in ours {
        push(
            &gateway,
            ("sms_scraper", api),
            OURS,
            &namespace,
            &api.replace('_', "-"),
        );
    }
    push(
        &gateway,
        ("sms_scraper", "of_others"),
        "another",
        &namespace,
        "nobody",
    );
    push(
        &gateway,
        ("other_job", "of_other_job"),
        OURS,
        &namespace,
        "nobody",
    );
    let others = ["of_others", "of_other_job"];

    delete(&sources, "goes-at-once").await;
    let start = Instant::now();
    eventually(Duration::from_secs(30), "its group is gone", || async {
        let held = held(&gateway, &["goes_at_once"]).await;
        held.is_empty().then_some(()).ok_or("it is there")
    })
    .await;
    println!(
        "with a gateway that is there, the group went after {:.2?}",
        start.elapsed()
    );

    gate.close().await;
    let took = delete(&sources, "goes-later").await;
    println!("without a gateway, the source went after {took:.2?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    // Of this one nobody tells the operator that it goes.
    running.kill().await;
    delete(&sources, "goes-unseen").await;
    running = Operator::start(&cluster, &options).await;
    assert_eq!(
        held(&gateway, &ours).await,
        ["stays", "goes_later", "goes_unseen"]
    );
    gate.open().await;
    let start = Instant::now();
    eventually(3 * SWEEP, "groups without a source are swept", || async {
        let held = held(&gateway, &ours).await;
        (held == ["stays"]).then_some(()).ok_or(format!("{held:?}"))
    })
    .await;
    println!("the sweep came {:.2?} after the gateway", start.elapsed());
    // One more sweep passes over what is not ours.
    tokio::time::sleep(SWEEP + Duration::from_secs(2)).await;
    assert_eq!(held(&gateway, &others).await, others);
    assert_eq!(held(&gateway, &ours).await, ["stays"]);
    assert!(running.runs());
    namespace.delete().await;
}
