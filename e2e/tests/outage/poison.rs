//! A source whose pass ends the process, each time: the others get theirs all the same. IO.
//!
//! No such source is known. The release build ends at a panic, so the test ends the process itself, in the middle of that pass.
//! What saves the others is that kube's Controller takes what waits in an order of its own, another one in each process.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sms_e2e::{
    Cluster, Namespace, Operator, Proxy, Source, crowd,
    operator::{self, HOME, Options},
    proxy::{Act, Answer, Verb},
};
use sms_proof::{Group, record};

use super::{A_WHILE, ONE_AT_A_TIME};

/// First in every list.
const POISON: &str = "a-poison";
const OTHERS: usize = 20;
/// Half of those that wait get their pass in each life, on average: 20 are done after five lives.
const MOST_LIVES: usize = 40;

/// Starts the operator again and again until every other source is ready; gives the number of its lives.
async fn lives_until_ready(
    cluster: &Cluster,
    options: &Options,
    namespace: &Namespace,
    victim: &Mutex<Option<Pid>>,
) -> usize {
    for lives in 1..=MOST_LIVES {
        let mut operator = Operator::spawn(cluster, options).await;
        *victim.lock().unwrap() = operator.pid();
        let start = Instant::now();
        while operator.runs() && start.elapsed() < A_WHILE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!operator.runs(), "the source was passed over\n{}", operator.log());
        let sources = crowd::list(namespace).await.unwrap();
        let is_ready =
            |source: &&Value| source["status"]["observedGeneration"] == source["metadata"]["generation"];
        if sources.iter().filter(is_ready).count() == OTHERS {
            return lives;
        }
    }
    MOST_LIVES + 1
}

#[tokio::test]
async fn a_source_that_ends_the_process_does_not_keep_the_others_from_their_pass() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    let _alone = ONE_AT_A_TIME.lock().await;
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "poison").await;
    let proxy = Proxy::of_the_api_server(operator::kubeconfig_of_the_operator(&cluster, HOME)).await;
    let mut options = Options::watching(&cluster, &namespace).through(&proxy);
    // The worst case: nothing else is under way.
    options.flags.push("--concurrency=1".to_owned());
    let names: Vec<_> = crowd::names(OTHERS)
        .into_iter()
        .chain([POISON.to_owned()])
        .collect();
    crowd::create_all(&namespace, &names).await;
    let mut operator = Operator::start(&cluster, &options).await;
    crowd::until_ready(&namespace, names.len(), A_WHILE).await;
    operator.kill().await;
    for name in &names {
        Source::named(&cluster, &namespace, name)
            .patch(json!({ "spec": { "job": { "activeDeadlineSeconds": 123 } } }))
            .await;
    }
    let victim = Arc::new(Mutex::new(None));
    let killed = Arc::clone(&victim);
    proxy.set(
        move |call| match call.is(Verb::Patch, "cronjobs") && call.name == POISON {
            true => {
                let pid = killed.lock().unwrap().take();
                pid.map(|pid| kill_process(pid, Signal::KILL));
                Act::Instead(Answer::Reset)
            }
            false => Act::Forward,
        },
    );
    let lives = lives_until_ready(&cluster, &options, &namespace, &victim).await;
    let met = record(
        Group::OperatorFaults,
        "a source whose pass ends the process, each time",
        format!("{OTHERS} others ready after {lives} lives"),
        "all others ready, within 40 lives",
        lives <= MOST_LIVES,
    );
    assert!(met, "{lives} lives");

    proxy.behave();
    let _operator = Operator::start(&cluster, &options).await;
    crowd::until_ready(&namespace, names.len(), A_WHILE).await;
    namespace.delete().await;
}
