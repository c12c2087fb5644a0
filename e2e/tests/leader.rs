//! Two replicas, one Lease: one leads, the other takes over, and nothing is done or counted twice. IO.
//!
//! The Lease is the one that ships, so that these tests run one after the other, in a file of their own.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use rustix::process::Signal;
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, Venue, crowd,
    end_state::EndState,
    eventually,
    operator::{self, HOME, Options},
    source::runs,
    venue::Answer,
};
use sms_proof::{Group, record};
use tokio::sync::Mutex;

const A_WHILE: Duration = Duration::from_mins(3);
const LEASE: &str = "sms-operator";
/// The default of `--lease-duration`.
const DURATION: Duration = Duration::from_secs(15);
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

fn options(cluster: &Cluster, namespace: &Namespace) -> Options {
    Options {
        lease: Some(LEASE.to_owned()),
        ..Options::watching(cluster, namespace)
    }
}

async fn leads(operator: &Operator) -> bool {
    operator.metric("sms_operator_leader").await == Some(1.0)
}

/// Who holds the Lease.
async fn holder(cluster: &Cluster) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(cluster.client(), HOME);
    let lease = leases.get_opt(LEASE).await.unwrap()?;
    lease.spec?.holder_identity.filter(|holder| !holder.is_empty())
}

/// Two replicas that are ready, the leader first.
async fn pair(cluster: &Cluster, options: &Options) -> (Operator, Operator) {
    let first = Operator::start(cluster, options).await;
    until_leads(&first, A_WHILE).await;
    let second = Operator::start(cluster, options).await;
    assert!(!leads(&second).await, "two leaders");
    (first, second)
}

/// How long it takes until `operator` leads.
async fn until_leads(operator: &Operator, limit: Duration) -> Duration {
    let start = Instant::now();
    eventually(limit, "it leads", || async {
        leads(operator).await.then_some(()).ok_or(operator.log())
    })
    .await;
    start.elapsed()
}

/// Waits until the CronJob of a new source is there: whoever leads does its work.
async fn does_its_work(namespace: &Namespace, before: usize) {
    crowd::create(namespace, &crowd::idle(&format!("work-{before}"))).await;
    crowd::until_ready(namespace, before + 1, A_WHILE).await;
}

#[tokio::test]
async fn a_leader_that_is_asked_to_end_hands_over_at_once() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "term").await;
    let (mut leader, follower) = pair(&cluster, &options(&cluster, &namespace)).await;
    does_its_work(&namespace, 0).await;
    let start = Instant::now();
    let (code, took) = tokio::join!(leader.terminate(), until_leads(&follower, A_WHILE));
    println!(
        "SIGTERM: the other leads after {took:.2?}, all is over after {:.2?}",
        start.elapsed()
    );
    assert_eq!(code, Some(0), "{}", leader.log());
    // Less than the Lease would have lasted; on an idle machine it takes a tenth of a second.
    let met = record(
        Group::OperatorFaults,
        "leader ended by SIGTERM",
        format!("exit code 0, the other leads after {took:.2?}"),
        "exit code 0, the other leads before the Lease is over",
        took <= DURATION * 2 / 3,
    );
    assert!(met, "{took:?}");
    does_its_work(&namespace, 1).await;
    namespace.delete().await;
}

#[tokio::test]
async fn a_leader_that_is_killed_is_followed_when_its_lease_is_over() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "kill").await;
    let (mut leader, follower) = pair(&cluster, &options(&cluster, &namespace)).await;
    does_its_work(&namespace, 0).await;
    leader.kill().await;
    let took = until_leads(&follower, A_WHILE).await;
    println!("SIGKILL: the other leads after {took:.2?}");
    let met = record(
        Group::OperatorFaults,
        "leader ended by SIGKILL",
        format!("the other leads after {took:.1?}"),
        "the other leads after the Lease of 15 s, not before",
        (DURATION / 2..=DURATION * 2).contains(&took),
    );
    assert!(met, "{took:?}");
    does_its_work(&namespace, 1).await;
    namespace.delete().await;
}

#[tokio::test]
async fn a_leader_that_wakes_up_after_its_lease_leads_no_more_and_spoils_nothing() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "pause").await;
    let (leader, follower) = pair(&cluster, &options(&cluster, &namespace)).await;
    crowd::create_all(&namespace, &crowd::names(20)).await;
    crowd::until_ready(&namespace, 20, A_WHILE).await;
    leader.signal(Signal::STOP);
    until_leads(&follower, A_WHILE).await;
    let holding = holder(&cluster).await;
    // What the paused one does not know of: sources that came and sources that changed.
    let sources: Api<sms_crds::ScrapeSource> = namespace.api();
    for name in crowd::names(20) {
        let patch = kube::api::Patch::Merge(json!({ "spec": { "timeZone": "America/Los_Angeles" } }));
        sources
            .patch(&name, &kube::api::PatchParams::default(), &patch)
            .await
            .unwrap();
    }
    does_its_work(&namespace, 20).await;
    let before = eventually(A_WHILE, "all is settled", || EndState::of(&namespace)).await;
    let requests = cluster.request_counts().await;
    leader.signal(Signal::CONT);
    let start = Instant::now();
    eventually(A_WHILE, "the former leader knows", || async {
        (!leads(&leader).await)
            .then_some(())
            .ok_or("it thinks that it leads")
    })
    .await;
    println!("SIGCONT: it knew after {:.2?}", start.elapsed());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(leads(&follower).await && !leads(&leader).await);
    assert_eq!(holder(&cluster).await, holding, "the Lease changed hands");
    let after = EndState::of(&namespace).await.unwrap();
    assert_eq!(after.difference(&before), None);
    let writes = cluster.request_counts().await.since(&requests);
    let writes = writes.writes_to(&["scrapesources", "cronjobs", "jobs"]);
    let met = record(
        Group::OperatorFaults,
        "leader paused by SIGSTOP for longer than its Lease",
        format!(
            "{} writes after it woke up, the Lease stays with the other",
            writes.total()
        ),
        "0 writes, the Lease stays with the other",
        writes.total() == 0,
    );
    assert!(met, "it wrote before it knew: {writes:?}");
    leader.ready().await;
    namespace.delete().await;
}

#[tokio::test]
async fn only_the_leader_tells_of_sources_and_counters_go_on_over_a_fail_over() {
    let _guard = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let Some(address) = cluster.venue_address() else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "counters").await;
    let venue = Venue::start(&address, Answer::Events(2)).await;
    let options = options(&cluster, &namespace);
    let (mut leader, mut follower) = pair(&cluster, &options).await;
    let source = Source::create(&cluster, &namespace, "club", &venue.url(), &json!({})).await;
    let series = "sms_ingest_runs_total{api=\"club\",outcome=\"Succeeded\"}";
    for round in 1..=3 {
        source.run_now(&round.to_string()).await;
        source.until_runs(A_WHILE, round).await;
        let counted = leader.metric(series).await;
        assert_eq!(counted.map(|value| value.to_string()), Some(round.to_string()));
        let told = follower.metrics().await;
        assert!(
            !told.contains("sms_source_") && !told.contains("sms_ingest_runs_total"),
            "{told}"
        );
        // The new leader says the same before anything new happens.
        leader.terminate().await;
        until_leads(&follower, A_WHILE).await;
        follower.ready().await;
        let taken_over = follower.metric(series).await;
        assert_eq!(taken_over, counted, "{}", follower.metrics().await);
        leader = follower;
        follower = Operator::start(&cluster, &options).await;
    }
    assert_eq!(runs(&source.get().await), 3);
    namespace.delete().await;
}
