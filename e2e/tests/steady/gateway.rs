//! The Pushgateway is away when a source goes. IO.

use std::time::{Duration, Instant};

use kube::{Api, api::DeleteParams};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, crowd, eventually,
    gate::Gate,
    group::{Group, held},
    operator,
    operator::Options,
    services::Pushgateway,
};

use super::A_WHILE;

const SWEEP: Duration = Duration::from_secs(10);

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
    for api_name in ours {
        Group::of(namespace.name(), &api_name.replace('_', "-"), api_name).push(&gateway);
    }
    let of_others = Group {
        installation: "another",
        ..Group::of(namespace.name(), "nobody", "of_others")
    };
    of_others.push(&gateway);
    let of_other_job = Group {
        job: "other_job",
        ..Group::of(namespace.name(), "nobody", "of_other_job")
    };
    of_other_job.push(&gateway);
    let others = ["of_others", "of_other_job"];

    delete(&sources, "goes-at-once").await;
    let start = Instant::now();
    eventually(A_WHILE, "its group is gone", || async {
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
    assert!(took < Duration::from_secs(30), "{took:?}");
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
    eventually(A_WHILE, "groups without a source are swept", || async {
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
