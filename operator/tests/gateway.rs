//! The operator and a real Pushgateway: what is deleted, what never is, and what happens while it is away. IO.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../../job/tests/support/services.rs"]
mod services;

use std::{
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use services::{Pushgateway, http};
use sms_crds::SourceKey;
use sms_operator::gateway::{Gateway, GatewayHandle, GatewaySettings, LiveSources};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_hours(1);
const LIMIT: Duration = Duration::from_secs(20);

fn key(name: &str) -> SourceKey {
    SourceKey {
        namespace: "music".to_owned(),
        name: name.to_owned(),
    }
}

fn gateway(url: &str) -> Gateway {
    Gateway::new(GatewaySettings::new(url, |_| None).unwrap(), "ours").unwrap()
}

/// Pushes a group as a run does; without an installation one that says nothing of its source.
async fn push(base: &str, group: &str, source: Option<(&str, &str)>) {
    let mut body = "# TYPE sms_ingest_runs_total counter\nsms_ingest_runs_total 1\n".to_owned();
    if let Some((name, installation)) = source {
        let labels = format!("namespace=\"music\",name=\"{name}\",installation=\"{installation}\"");
        writeln!(
            body,
            "# TYPE sms_source_info gauge\nsms_source_info{{{labels}}} 1"
        )
        .unwrap();
    }
    let (status, answer) = http("PUT", &format!("{base}/metrics/{group}"), &body)
        .await
        .unwrap();
    assert!((200..300).contains(&status), "{status}: {answer}");
}

/// The groups that there are, as `instance` and whatever else they are grouped by.
async fn instances(gateway: &Pushgateway) -> Vec<String> {
    let text = gateway.metrics().await;
    let runs = text
        .lines()
        .filter_map(|line| line.strip_prefix("sms_ingest_runs_total{"));
    let mut names: Vec<String> = runs
        .map(|line| line.split('}').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn until(gateway: &Pushgateway, wanted: &[&str]) {
    let started = Instant::now();
    loop {
        let found = instances(gateway).await;
        if found == wanted {
            return;
        }
        assert!(started.elapsed() < LIMIT, "{found:?} instead of {wanted:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Live sources that a test can change.
#[derive(Clone, Default)]
struct Live(Arc<Mutex<Option<LiveSources>>>);

impl Live {
    fn set(&self, owners: &[(&str, &str)]) {
        let owners = owners.iter().map(|(api, name)| ((*api).to_owned(), key(name)));
        *self.0.lock().unwrap() = Some(LiveSources {
            owners: owners.collect(),
            ..LiveSources::default()
        });
    }

    fn start(&self, gateway: Gateway, interval: Duration, stop: &CancellationToken) -> GatewayHandle {
        let live = self.0.clone();
        let live = Arc::new(move || live.lock().unwrap().clone());
        let (handle, task) = GatewayHandle::start(gateway, live, interval, stop.clone());
        tokio::spawn(task);
        handle
    }
}

#[tokio::test]
async fn a_sweep_deletes_the_groups_of_our_sources_that_are_gone_and_no_others() {
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start_under("/below").await;
    let base = real.base_url();
    push(base, "job/sms_scraper/instance/alive", Some(("alive", "ours"))).await;
    push(base, "job/sms_scraper/instance/gone", Some(("gone", "ours"))).await;
    push(
        base,
        "job/sms_scraper/instance@base64/YS9i",
        Some(("odd", "ours")),
    )
    .await;
    push(base, "job/sms_scraper/instance/taken", Some(("former", "ours"))).await;
    push(base, "job/sms_scraper/instance/theirs", Some(("gone", "theirs"))).await;
    push(base, "job/sms_scraper/instance/silent", None).await;
    push(
        base,
        "job/sms_scraper/instance/grouped/team/a",
        Some(("gone", "ours")),
    )
    .await;
    push(base, "job/other/instance/gone", Some(("gone", "ours"))).await;

    let live = Live::default();
    let stop = CancellationToken::new();
    let _handle = live.start(gateway(base), LONG, &stop);
    // Nothing is known of the live sources yet: nothing may go.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(instances(&real).await.len(), 8);

    live.set(&[("alive", "alive"), ("taken", "new-owner")]);
    until(
        &real,
        &[
            r#"instance="alive",job="sms_scraper""#,
            r#"instance="gone",job="other""#,
            r#"instance="grouped",job="sms_scraper",team="a""#,
            r#"instance="silent",job="sms_scraper""#,
            r#"instance="theirs",job="sms_scraper""#,
        ],
    )
    .await;
    stop.cancel();
}

#[tokio::test]
async fn the_group_of_a_source_that_goes_is_deleted_at_once_unless_another_has_its_api_name() {
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start().await;
    let live = Live::default();
    live.set(&[("x", "x"), ("y", "younger"), ("z", "z")]);
    let stop = CancellationToken::new();
    let handle = live.start(gateway(real.base_url()), LONG, &stop);
    // After the sweep at the start.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (api, source) in [("x", "x"), ("y", "older"), ("z", "z")] {
        push(
            real.base_url(),
            &format!("job/sms_scraper/instance/{api}"),
            Some((source, "ours")),
        )
        .await;
    }
    live.set(&[("y", "younger"), ("z", "z")]);
    handle.source_gone(key("older"), "y".to_owned());
    handle.source_gone(key("x"), "x".to_owned());
    handle.source_gone(key("never-ran"), "never_ran".to_owned());
    let left = [
        r#"instance="y",job="sms_scraper""#,
        r#"instance="z",job="sms_scraper""#,
    ];
    until(&real, &left).await;

    // What the former owner left under a name that another has by now goes with the next sweep.
    handle.sweep_soon();
    until(&real, &left[1..]).await;
    stop.cancel();
}

#[tokio::test]
async fn a_source_that_goes_takes_no_group_with_it_that_another_pushed() {
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start().await;
    let live = Live::default();
    live.set(&[]);
    let stop = CancellationToken::new();
    let handle = live.start(gateway(real.base_url()), LONG, &stop);
    // After the sweep at the start.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (api, source) in [
        ("theirs", Some(("x", "theirs"))),
        ("other", Some(("y", "ours"))),
        ("silent", None),
        ("first", Some(("x", "ours"))),
        ("last", Some(("x", "ours"))),
    ] {
        push(
            real.base_url(),
            &format!("job/sms_scraper/instance/{api}"),
            source,
        )
        .await;
    }
    for api in ["theirs", "other", "silent", "first"] {
        handle.source_gone(key("x"), api.to_owned());
    }
    let left =
        ["last", "other", "silent", "theirs"].map(|api| format!(r#"instance="{api}",job="sms_scraper""#));
    let left = left.each_ref().map(String::as_str);
    until(&real, &left).await;
    // Once this one is gone as well, all that was asked before is over.
    handle.source_gone(key("x"), "last".to_owned());
    until(&real, &left[1..]).await;
    stop.cancel();
}

#[tokio::test]
async fn many_sources_that_go_together_share_one_look_at_groups_and_sources() {
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start().await;
    let looks = Arc::new(AtomicUsize::new(0));
    let live = {
        let looks = looks.clone();
        move || {
            looks.fetch_add(1, Ordering::SeqCst);
            Some(LiveSources::default())
        }
    };
    let stop = CancellationToken::new();
    let (handle, task) = GatewayHandle::start(gateway(real.base_url()), Arc::new(live), LONG, stop.clone());
    for index in 0..50 {
        let source = format!("s{index}");
        let group = format!("job/sms_scraper/instance/{source}");
        push(real.base_url(), &group, Some((&source, "ours"))).await;
        handle.source_gone(key(&source), source);
    }
    let started = Instant::now();
    tokio::spawn(task);
    until(&real, &[]).await;
    // Twice for the deletions and twice for the sweep at the start, and again for each second that they take.
    let (looks, most) = (looks.load(Ordering::SeqCst), 4 + started.elapsed().as_secs());
    assert!(
        u64::try_from(looks).unwrap() <= most,
        "{looks} looks at the sources"
    );
    let text = real.metrics().await;
    let lists = text.lines().find_map(|line| {
        let is_list = line.starts_with("pushgateway_http_requests_total{")
            && line.contains("handler=\"api/v1/metrics\"");
        is_list.then(|| line.rsplit(' ').next().unwrap().to_owned())
    });
    assert!(
        ["1", "2"].contains(&lists.as_deref().unwrap_or_default()),
        "{lists:?} lists of groups: {text}"
    );
    stop.cancel();
}

/// Stands before a gateway: closes every connection without an answer while it is away.
struct Door {
    url: String,
    is_open: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Door {
    async fn before(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            is_open: Arc::default(),
            connections: Arc::default(),
        };
        let (is_open, connections) = (door.is_open.clone(), door.connections.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                if is_open.load(Ordering::SeqCst) {
                    let mut behind = TcpStream::connect(&target).await.unwrap();
                    tokio::spawn(async move { copy_bidirectional(&mut stream, &mut behind).await });
                }
            }
        });
        door
    }
}

#[tokio::test]
async fn a_gateway_that_is_away_is_left_alone_and_swept_when_it_is_back() {
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start().await;
    push(
        real.base_url(),
        "job/sms_scraper/instance/x0",
        Some(("x", "ours")),
    )
    .await;
    let door = Door::before(real.target().to_owned()).await;
    let live = Live::default();
    live.set(&[]);
    let stop = CancellationToken::new();
    let handle = live.start(gateway(&door.url), LONG, &stop);
    let asked = Instant::now();
    for index in 0..100 {
        handle.source_gone(key("x"), format!("x{index}"));
    }
    assert!(asked.elapsed() < Duration::from_secs(2), "blocks");
    tokio::time::sleep(Duration::from_secs(4)).await;
    // A sweep and one deletion, each three times; a request may take a second connection.
    let connections = door.connections.load(Ordering::SeqCst);
    assert!((3..=12).contains(&connections), "{connections} connections");

    door.is_open.store(true, Ordering::SeqCst);
    handle.sweep_soon();
    until(&real, &[]).await;
    stop.cancel();
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words() {
    let port = services::free_port();
    let error = gateway(&format!("http://127.0.0.1:{port}"))
        .groups()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("failed to reach the Pushgateway at 127.0.0.1:{port}: "))
            && error.to_lowercase().contains("refused"),
        "{error}"
    );
    if !services::is_installed("prometheus-pushgateway") {
        return;
    }
    let real = Pushgateway::start().await;
    let wrong_path = gateway(&format!("{}/nowhere", real.base_url()));
    let error = wrong_path.groups().await.unwrap_err().to_string();
    assert!(
        error.contains("refused to list its groups: status 404"),
        "{error}"
    );
    let error = wrong_path.delete("x").await.unwrap_err().to_string();
    assert!(
        error.contains("refused to delete the group of api=x: status 404"),
        "{error}"
    );
    // A group that does not exist is as good as deleted.
    gateway(real.base_url()).delete("x").await.unwrap();
}
