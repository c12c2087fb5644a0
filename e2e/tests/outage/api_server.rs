//! The API server is away for a minute. IO.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::CronJob;
use sms_e2e::{
    Cluster, Component, Namespace, Operator, crowd,
    end_state::EndState,
    eventually,
    operator::{self, Options},
    requests::Requests,
};

use sms_proof::{Group, record};

use super::{A_WHILE, ONE_AT_A_TIME};

const SIZE: usize = 50;
const OUTAGE: Duration = Duration::from_mins(1);
/// Lines that an operator may log about an outage of a minute: each of its four watches, the Lease and a few passes.
const PATIENCE: usize = 100;

/// What became of an operator while the API server was away.
struct Outage {
    lines: usize,
    unready_after: Duration,
}

/// Looks at an operator while the API server is away.
async fn watch(operator: &Operator, start: Instant) -> Outage {
    let logged = operator.log().lines().count();
    let mut unready_after = None;
    while start.elapsed() < OUTAGE {
        let (health, _) = operator.health("/healthz").await.unwrap();
        assert_eq!(
            health,
            200,
            "an outage is no reason to be restarted\n{}",
            operator.log()
        );
        let (ready, said) = operator.health("/readyz").await.unwrap();
        if ready == 503 && unready_after.is_none() {
            println!("/readyz: {said}");
            unready_after = Some(start.elapsed());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Outage {
        lines: operator.log().lines().count() - logged,
        unready_after: unready_after.unwrap_or_else(|| panic!("it stayed ready\n{}", operator.log())),
    }
}

/// Requests about sources, which nobody but operators asks for.
fn about_sources(requests: &Requests) -> Vec<(String, u64)> {
    let about = requests
        .0
        .iter()
        .filter(|(request, _)| request.resource == "scrapesources");
    let row = |(request, count): (&sms_e2e::requests::Request, &u64)| {
        (format!("{} {}", request.verb, request.code), *count)
    };
    about.map(row).collect()
}

/// A new source is seen, and gets its CronJob.
async fn work_again(pairs: [(&Namespace, &Operator); 2]) {
    for (namespace, operator) in pairs {
        let start = Instant::now();
        crowd::create(namespace, &crowd::idle("afterwards")).await;
        eventually(A_WHILE, "a new source gets its CronJob", || async {
            let made = namespace.names::<CronJob>().await.len();
            (made > SIZE).then_some(()).ok_or(operator.log())
        })
        .await;
        crowd::until_ready(namespace, SIZE + 1, A_WHILE).await;
        println!("a new source was ready after {:.1?}", start.elapsed());
    }
}

#[tokio::test]
async fn an_operator_lives_through_an_outage_of_the_api_server_without_hammering_it() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    if !cluster.can_stop_components() {
        return;
    }
    operator::install_rights(&cluster).await;
    let elected = Namespace::create(&cluster, "elected").await;
    let alone = Namespace::create(&cluster, "alone").await;
    let with_lease = Options {
        lease: Some("sms-operator".to_owned()),
        ..Options::watching(&cluster, &elected)
    };
    let mut operators = [
        Operator::start(&cluster, &with_lease).await,
        Operator::start(&cluster, &Options::watching(&cluster, &alone)).await,
    ];
    let namespaces = [&elected, &alone];
    let mut before = Vec::new();
    for namespace in namespaces {
        crowd::create_all(namespace, &crowd::names(SIZE)).await;
        crowd::until_ready(namespace, SIZE, A_WHILE).await;
        before.push(EndState::of(namespace).await.unwrap());
    }

    cluster.stop(Component::ApiServer).await;
    let start = Instant::now();
    let outages = tokio::join!(watch(&operators[0], start), watch(&operators[1], start));
    for (outage, operator) in [&outages.0, &outages.1].into_iter().zip(&mut operators) {
        println!(
            "{} lines of log in {OUTAGE:?}, not ready after {:.1?}",
            outage.lines, outage.unready_after
        );
        assert!(
            outage.lines < PATIENCE,
            "{} lines\n{}",
            outage.lines,
            operator.log()
        );
        assert!(operator.runs(), "{}", operator.log());
    }
    cluster.start(Component::ApiServer).await;
    eventually(A_WHILE, "the API server is ready", || async {
        cluster.is_ready().await.then_some(()).ok_or("it is not")
    })
    .await;
    // Its counters began anew.
    let back = Instant::now();
    for operator in &operators {
        operator.ready().await;
    }
    println!("ready {:.1?} after the API server", back.elapsed());
    for (namespace, before) in namespaces.into_iter().zip(&before) {
        let after = eventually(A_WHILE, "all is settled", || EndState::of(namespace)).await;
        assert_eq!(after.difference(before), None);
    }
    let requests = about_sources(&cluster.request_counts().await);
    println!("requests about sources since then: {requests:?}");
    let total: u64 = requests.iter().map(|(_, count)| count).sum();
    assert!(total < 40, "{requests:?}");
    let writes = cluster
        .request_counts()
        .await
        .writes_to(&["scrapesources", "cronjobs"]);
    assert_eq!(writes.total(), 0, "nothing has changed: {writes:?}");
    let recovery = back.elapsed();
    let lines = outages.0.lines.max(outages.1.lines);
    let met = record(
        Group::OperatorFaults,
        "API server stopped for a minute",
        format!(
            "0 restarts, {lines} lines of log, as before {recovery:.1?} after its return, {total} requests by then"
        ),
        "alive and not ready meanwhile, fewer than 100 lines, fewer than 40 requests, 0 writes, as before",
        true,
    );
    assert!(met);
    work_again([(&elected, &operators[0]), (&alone, &operators[1])]).await;
    elected.delete().await;
    alone.delete().await;
}
