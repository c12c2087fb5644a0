//! The operator's clock jumps, as a machine's does that wakes up or is set right. IO.
//!
//! The clock is libfaketime's (`man faketime`), which lies to one process alone; it needs an operator that is not linked
//! statically.

use std::{fs, path::Path, time::Duration};

use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, crowd,
    end_state::EndState,
    eventually,
    operator::{self, Options},
    proxy::Call,
};

use super::{A_WHILE, prove, proxy};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const SIZE: usize = 5;
/// Time to do something foolish.
const A_MOMENT: Duration = Duration::from_secs(4);

/// What the operator's log says of its own clock: the timestamp of its last line.
fn last_time(operator: &Operator) -> String {
    let log = operator.log();
    let line: serde_json::Value =
        serde_json::from_str(log.lines().last().unwrap_or_default()).unwrap_or_default();
    line["timestamp"]
        .as_str()
        .unwrap_or_default()
        .chars()
        .take(10)
        .collect()
}

async fn edit_all(cluster: &Cluster, namespace: &Namespace, deadline: i64) {
    for name in crowd::names(SIZE) {
        let change = json!({ "spec": { "job": { "activeDeadlineSeconds": deadline } } });
        Source::named(cluster, namespace, &name).patch(change).await;
    }
}

#[tokio::test]
async fn a_clock_that_jumps_causes_no_write_and_holds_nothing_up() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    if !Path::new(LIBRARY).exists() {
        assert_ne!(
            std::env::var("CI").ok().as_deref(),
            Some("true"),
            "libfaketime is not installed: .ci/services installs it"
        );
        println!("skipped: libfaketime is not installed");
        return;
    }
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "clock").await;
    let proxy = proxy(&cluster).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let set = |offset: &str| fs::write(&file, format!("{offset}\n")).unwrap();
    set("+0");
    let mut options = Options::watching(&cluster, &namespace).through(&proxy);
    let file_name = file.display().to_string();
    options.environment = [
        ("LD_PRELOAD", LIBRARY),
        ("FAKETIME_TIMESTAMP_FILE", file_name.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let mut operator = Operator::start(&cluster, &options).await;
    crowd::create_all(&namespace, &crowd::names(SIZE)).await;
    crowd::until_ready(&namespace, SIZE, A_WHILE).await;

    let (mut days, mut foolish, mut needed) = (Vec::new(), Vec::new(), Vec::new());
    for (round, offset) in ["+2d", "-2d", "+400d", "+0"].into_iter().enumerate() {
        let settled = eventually(A_WHILE, "statuses are about what is", || EndState::of(&namespace)).await;
        let before = proxy.count(Call::is_write);
        set(offset);
        tokio::time::sleep(A_MOMENT).await;
        foolish.push(proxy.count(Call::is_write) - before);
        assert_eq!(EndState::of(&namespace).await.unwrap().difference(&settled), None);
        let before = proxy.count(Call::is_write);
        edit_all(&cluster, &namespace, 100 + i64::try_from(round).unwrap()).await;
        crowd::until_ready(&namespace, SIZE, A_WHILE).await;
        needed.push(proxy.count(Call::is_write) - before);
        days.push(last_time(&operator));
    }
    assert!(operator.runs(), "{}", operator.log());
    days.dedup();
    let expected = 2 * SIZE;
    prove(
        "clock jumps: two days ahead, two back, 400 ahead, and right again",
        format!("{foolish:?} writes by the jumps, {needed:?} by {SIZE} edits after each; its days: {days:?}"),
        "0 writes by a jump, 2 for each edit, 0 restarts",
        foolish.iter().all(|writes| *writes == 0)
            && needed.iter().all(|writes| *writes == expected)
            && days.len() >= 3,
    );
    namespace.delete().await;
}
