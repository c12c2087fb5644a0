//! The Pushgateway is slow, silent, or refuses: sources come and go as if nothing were. IO.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, Proxy, crowd, eventually,
    group::{Group, held},
    operator::{self, Options},
    proxy::{Act, Answer},
    services::Pushgateway,
};

use super::{A_WHILE, prove};

/// On a busy machine; nobody waits for the gateway's own limit of time.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_gateway_that_fails_holds_nobody_up_and_is_tidied_later() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "gateway").await;
    let gateway = Pushgateway::start("127.0.0.1").await;
    let proxy = Proxy::of(&gateway.url()).await;
    let mut options = Options::watching(&cluster, &namespace);
    let flags = [
        "--pushgateway",
        &proxy.url(),
        "--pushgateway-sweep-interval",
        "10s",
    ];
    options.flags = flags.map(str::to_owned).to_vec();
    let mut operator = Operator::start(&cluster, &options).await;
    let (mut slowest, mut left) = (Duration::ZERO, Vec::new());
    for (round, answer) in [
        Answer::Silence,
        Answer::Reset,
        Answer::status(503),
        Answer::status(500),
    ]
    .into_iter()
    .enumerate()
    {
        let (gone, stays) = (format!("gone-{round}"), format!("stays-{round}"));
        let api_name = gone.replace('-', "_");
        crowd::create(&namespace, &crowd::idle(&gone)).await;
        crowd::until_ready(&namespace, round + 1, A_WHILE).await;
        Group::of(namespace.name(), &gone, &api_name).push(&gateway);
        proxy.set(move |_| Act::Instead(answer));
        let start = Instant::now();
        let sources = namespace.api::<ScrapeSource>();
        sources.delete(&gone, &DeleteParams::default()).await.unwrap();
        crowd::create(&namespace, &crowd::idle(&stays)).await;
        crowd::until_ready(&namespace, round + 1, A_WHILE).await;
        slowest = slowest.max(start.elapsed());
        proxy.until_faults(proxy.faults().saturating_sub(1)).await;
        assert_eq!(operator.health("/healthz").await.unwrap().0, 200);
        assert_eq!(operator.health("/readyz").await.unwrap().0, 200);
        left.extend(held(&gateway, &[&api_name]).await);
        proxy.behave();
        eventually(A_WHILE, "the group is deleted", || async {
            let held = held(&gateway, &[&api_name]).await;
            held.is_empty()
                .then_some(())
                .ok_or(format!("{held:?}\n{}", operator.log()))
        })
        .await;
    }
    prove(
        "Pushgateway silent, cutting connections, answering 503 and 500 while sources go",
        format!(
            "source gone and another scheduled after {slowest:.1?} at most; {} of 4 groups left meanwhile, 0 in the end",
            left.len()
        ),
        "nobody waits for it, the operator stays ready, every group is deleted when it is back",
        slowest <= SOON && operator.runs() && left.len() == 4,
    );
    namespace.delete().await;
}
