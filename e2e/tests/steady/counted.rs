//! Runs finish while the operator dies and comes back. IO.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sms_crds::report::Outcome;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, Venue, eventually, operator, operator::Options, source::runs,
    venue::Answer,
};
use sms_proof::{Group, record};

const SOURCES: usize = 4;
const ROUNDS: usize = 3;
const EVENTS: u32 = 2;
const LIMIT: Duration = Duration::from_mins(5);

/// How many Jobs of these sources have finished.
async fn finished(sources: &[Source]) -> usize {
    let jobs = join_all(sources.iter().map(Source::jobs)).await;
    let is_finished = |job: &&k8s_openapi::api::batch::v1::Job| {
        let status = job.status.as_ref();
        status.is_some_and(|status| status.completion_time.is_some())
    };
    jobs.iter().flatten().filter(is_finished).count()
}

#[tokio::test]
async fn every_run_is_counted_once_however_often_the_operator_dies() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let Some(address) = cluster.venue_address() else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "counted").await;
    let venue = Venue::start(&address, Answer::Events(EVENTS)).await;
    let options = Options::watching(&cluster, &namespace);
    let mut running = Operator::start(&cluster, &options).await;
    let mut sources = Vec::new();
    for number in 0..SOURCES {
        let name = format!("counted-{number}");
        sources.push(Source::create(&cluster, &namespace, &name, &venue.url(), &json!({})).await);
    }

    for round in 1..=ROUNDS {
        let token = format!("round-{round}");
        join_all(sources.iter().map(|source| source.run_now(&token))).await;
        let all_finish = eventually(LIMIT, "every Job of the round has finished", || async {
            let (finished, expected) = (finished(&sources).await, SOURCES * round);
            (finished == expected)
                .then_some(())
                .ok_or(format!("{finished} of {expected}"))
        });
        let blows = async {
            loop {
                tokio::time::sleep(Duration::from_millis(1500)).await;
                running.kill().await;
                running = Operator::spawn(&cluster, &options).await;
            }
        };
        tokio::select! {
            () = all_finish => {}
            () = blows => {}
        }
        // Once more while the last ones are being counted.
        running.kill().await;
        running = Operator::spawn(&cluster, &options).await;
        for source in &sources {
            source
                .until_runs(LIMIT, i64::try_from(round).unwrap_or_default())
                .await;
        }
    }
    running.kill().await;
    let running = Operator::start(&cluster, &options).await;
    // Time to count something twice.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let expected = i64::try_from(ROUNDS).unwrap_or_default();
    for source in &sources {
        let object = source.get().await;
        assert_eq!(source.jobs().await.len(), ROUNDS);
        assert_eq!(runs(&object), expected, "{}", json!(object.status));
        let totals = object.status.and_then(|status| status.totals).unwrap_or_default();
        assert_eq!(
            totals.runs.get(&Outcome::Succeeded),
            Some(&expected),
            "{totals:?}"
        );
        assert_eq!(totals.processed, expected * i64::from(EVENTS), "{totals:?}");
        let series = format!(
            "sms_ingest_runs_total{{api=\"{}\",outcome=\"Succeeded\"}}",
            source.api_name()
        );
        let exported = running.metric(&series).await.map(|value| value.to_string());
        assert_eq!(
            exported,
            Some(expected.to_string()),
            "{}",
            running.metrics().await
        );
    }
    let met = record(
        Group::OperatorFaults,
        "SIGKILL every 1.5 s while runs finish",
        format!("{ROUNDS} of {ROUNDS} runs of {SOURCES} sources counted once each"),
        "0 runs lost, 0 counted twice",
        true,
    );
    assert!(met);
    namespace.delete().await;
}
