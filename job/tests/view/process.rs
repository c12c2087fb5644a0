//! The process: its end, its ports, its metrics, its settings.

use std::{collections::BTreeSet, time::Duration};

use sms_crds::metrics::{exported, view};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    bench::{Bench, Run, event},
    client::{View, command, request},
    services::{self, free_port},
};

fn terminate(view: &View) {
    let id = view.process.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_it_after_the_answers_that_are_under_way() {
    let bench = Bench::sqlite();
    let many: Vec<_> = (0..9_000).map(|n| event(&format!("e{n:05}"), 10)).collect();
    Run::new(1, &many).commit(&bench.open().await).await;
    let mut view = View::of(&bench).await;
    let mut idle = TcpStream::connect(("127.0.0.1", view.port)).await.unwrap();
    idle.write_all(b"GET /").await.unwrap();
    let (port, path) = (view.port, "/events.ics?from=2026-01-01");
    let under_way = tokio::spawn(async move { request(port, "GET", path, &[]).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    terminate(&view);
    let feed = under_way.await.unwrap().body;
    assert!(
        feed.ends_with("END:VCALENDAR\r\n"),
        "cut off after {} bytes",
        feed.len()
    );
    let ended = timeout(Duration::from_secs(15), view.process.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code(), Some(0), "{}", view.logged());
    assert!(view.logged().contains("Stopped the view"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_counted_by_route_and_status_and_by_nothing_else() {
    let bench = Bench::sqlite();
    Run::new(1, &[event("a", 12)]).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    for path in [
        "/v1/events",
        "/v1/events?limit=0",
        "/v1/events/a",
        "/v1/events/secret",
        "/sources/sea_monster/events.ics",
        "/odd",
    ] {
        view.get(path).await;
    }
    request(view.port, "POST", "/v1/events", &[]).await;
    let text = request(view.metrics_port, "GET", "/metrics", &[]).await.body;
    for (series, value) in [
        ("route=\"/v1/events\",status=\"200\"", 1),
        ("route=\"/v1/events\",status=\"400\"", 1),
        ("route=\"/v1/events\",status=\"405\"", 1),
        ("route=\"/v1/events/{id}\",status=\"200\"", 1),
        ("route=\"/v1/events/{id}\",status=\"404\"", 1),
        ("route=\"/sources/{source}/events.ics\",status=\"200\"", 1),
        ("route=\"other\",status=\"404\"", 1),
        ("route=\"/\",status=\"200\"", 0),
    ] {
        assert!(
            text.contains(&format!("sms_view_requests_total{{{series}}} {value}\n")),
            "{series}\n{text}"
        );
    }
    assert!(!text.contains("secret") && !text.contains("odd"));
    let families: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let declared = view::ALL
        .iter()
        .map(|family| family.name)
        .chain([exported::BUILD_INFO.name]);
    assert_eq!(families, declared.collect());
    if services::is_installed("promtool") {
        assert_eq!(services::check_metrics(&text), "");
    }
    assert_eq!(
        request(view.health_port, "GET", "/healthz", &[]).await.body,
        "ok\n"
    );
    assert_eq!(
        request(view.health_port, "GET", "/metrics", &[]).await.status,
        404
    );
    assert_eq!(request(view.port, "GET", "/metrics", &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_cannot_work_end_it_with_the_remedy() {
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let table: [(&str, &[&str], &str); 5] = [
        ("stdout:", &[], "keeps no events that could be read"),
        (
            "sqlite://x.db",
            &["--view-url", "events.example"],
            "--view-url (SMS_VIEW_URL)",
        ),
        (
            "sqlite://x.db",
            &["--view-url", "https://user@x.example"],
            "--view-url (SMS_VIEW_URL)",
        ),
        ("sqlite://x.db", &["--view-port", &port], "--view-port"),
        ("mysql://x", &[], "--store (SMS_STORE_URL)"),
    ];
    for (store, arguments, wanted) in table {
        let run = command(store, arguments)
            .env("SMS_METRICS_PORT", free_port().to_string())
            .env("SMS_HEALTH_PORT", free_port().to_string())
            .env("SMS_VIEW_PORT", free_port().to_string())
            .output();
        let output = timeout(Duration::from_secs(20), run).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{store} {arguments:?}: {said}");
        assert!(said.contains(wanted), "{store} {arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_answers_travel_compressed_where_the_client_can_read_that() {
    let bench = Bench::sqlite();
    let many: Vec<_> = (0..200).map(|n| event(&format!("e{n:05}"), 10)).collect();
    Run::new(1, &many).commit(&bench.open().await).await;
    let view = View::of(&bench).await;
    let path = "/events.ics?from=2026-01-01";
    let plain = view.get(path).await;
    let packed = request(view.port, "GET", path, &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(
        (
            plain.header("content-encoding"),
            packed.header("content-encoding")
        ),
        ("", "gzip")
    );
    assert!(packed.body.len() * 4 < plain.body.len());
    assert_eq!(plain.header("etag"), packed.header("etag"));
    for answer in [plain, packed] {
        assert!(answer.header("vary").contains("accept-encoding"));
    }
}
