//! Secrets of the process: the passwords of the database, of the Pushgateway and of a proxy.

use std::time::Duration;

use sms_proof::{Group, record};
use tokio::net::TcpListener;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    canary::{CANARY, IN_AUTHORITY, Search, USER},
    parrot::Parrot,
    scraper::{Scraper, ended, terminate},
    server,
};

const EVERYTHING: [(&str, &str); 3] = [
    ("SMS_LOG", "trace"),
    ("RUST_LOG", "trace"),
    ("RUST_BACKTRACE", "full"),
];

/// A scraper whose source has no secret.
async fn scraper_at(home: &MockServer) -> Scraper {
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("{\"events\": []}"))
        .mount(home)
        .await;
    let scraper = Scraper::new();
    let fetch = format!(
        "{{ url: \"{}/events\", robots: ignore, delay: 1ms, attempts: 1 }}",
        home.uri()
    );
    scraper.source(
        "vera",
        &format!("  fetch: {fetch}\n  extract: {{ json: {{ items: '.events' }} }}"),
    );
    scraper
}

async fn look(
    search: &mut Search,
    scraper: &Scraper,
    place: &str,
    arguments: &[&str],
    more: &[(&str, &str)],
) {
    let message = scraper.path("termination-log").display().to_string();
    let own = [("SMS_TERMINATION_MESSAGE_PATH", message.as_str())];
    let variables = [EVERYTHING.as_slice(), own.as_slice(), more].concat();
    let run = scraper.run_with(arguments, &variables).await;
    search.look(&format!("{place}: standard output"), run.stdout.as_bytes());
    search.look(&format!("{place}: standard error"), run.stderr.as_bytes());
}

fn shown(attack: &str, search: &Search) {
    let goal = "0 hits in logs at trace, reports, messages, files, output, answers";
    let met = record(
        Group::Secrets,
        attack,
        search.figure(),
        goal,
        search.hits.is_empty(),
    );
    assert!(met, "{attack}: {:#?}", search.hits);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_of_the_database_is_told_to_nobody() {
    let Some(server) = server::server() else { return };
    let database = server.fresh_database().await;
    let Some(refused) = database.tcp_url("127.0.0.1", IN_AUTHORITY) else {
        return;
    };
    let home = MockServer::start().await;
    let scraper = scraper_at(&home).await;
    let mut search = Search::default();
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tail = refused.split('@').nth(1).unwrap().to_owned();
    let addresses = [
        refused.clone(),
        format!("{refused}?sslmode=disable&password={IN_AUTHORITY}"),
        format!("{refused}?sslmode=verify-full"),
        format!("{refused}?unknown={IN_AUTHORITY}"),
        format!("postgres://{USER}:{IN_AUTHORITY}@{closed}/sms"),
        format!(
            "postgres://{USER}:{IN_AUTHORITY}@{}/sms?connect_timeout=1",
            silent.local_addr().unwrap()
        ),
        format!("postgres://{USER}:{IN_AUTHORITY}@no-such-host.invalid/sms"),
        format!("postgres://{USER}:{CANARY}@{tail}"),
        format!("mysql://{USER}:{CANARY}@{tail}"),
        format!("{USER}:{CANARY}@{tail}"),
    ];
    for address in &addresses {
        let store = [("SMS_STORE_URL", address.as_str())];
        for arguments in [
            ["ingester"].as_slice(),
            &["events"],
            &["migrate"],
            &["ingester", "--dry-run"],
        ] {
            look(&mut search, &scraper, &arguments.join(" "), arguments, &store).await;
        }
        let by_flag = ["events", "--store", address.as_str()];
        look(
            &mut search,
            &scraper,
            "by flag",
            &by_flag,
            &[("SMS_STORE_URL", "")],
        )
        .await;
    }
    let file = scraper.write("secrets/url", &refused);
    let by_file = [
        ("SMS_STORE_URL", ""),
        ("SMS_STORE_URL_FILE", file.to_str().unwrap()),
    ];
    look(&mut search, &scraper, "by file", &["ingester"], &by_file).await;
    view(&mut search, &scraper, &refused).await;
    search.look_below("files", scraper.path("sources").parent().unwrap());
    shown("password of the database, in addresses that fail", &search);
}

/// Every answer of a view whose database refuses it, and of its exporter.
async fn view(search: &mut Search, scraper: &Scraper, store: &str) {
    let port = || {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
            .to_string()
    };
    let (view, metrics, health) = (port(), port(), port());
    let variables = [
        ("SMS_STORE_URL", store),
        ("SMS_VIEW_PORT", view.as_str()),
        ("SMS_METRICS_PORT", metrics.as_str()),
        ("SMS_HEALTH_PORT", health.as_str()),
    ];
    let child = scraper.spawn(&["view"], &[EVERYTHING.as_slice(), variables.as_slice()].concat());
    let mut answered = 0;
    for (port, path) in [
        (&view, "/v1/events"),
        (&view, "/"),
        (&view, "/v1/sources"),
        (&view, "/events.ics"),
        (&metrics, "/metrics"),
        (&health, "/readyz"),
        (&health, "/healthz"),
    ] {
        for _ in 0..100 {
            if let Ok(answer) = ask(port, path).await {
                search.look(&format!("view: {path}"), &answer);
                answered += 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(answered, 7);
    terminate(&child);
    let run = ended(child.wait_with_output().await.unwrap());
    search.look("view: standard output", run.stdout.as_bytes());
    search.look("view: standard error", run.stderr.as_bytes());
}

async fn ask(port: &str, path: &str) -> std::io::Result<Vec<u8>> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credentials_of_the_gateway_and_of_a_proxy_are_told_to_nobody_else() {
    let elsewhere = Parrot::start("http://127.0.0.1:1").await;
    let home = MockServer::start().await;
    let gateway = Parrot::start(&elsewhere.url()).await;
    let scraper = scraper_at(&home).await;
    let password = scraper.write("secrets/password", CANARY).display().to_string();
    let mut search = Search::default();
    let host = gateway.url().replace("http://", "");
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mut set_ups = vec![
        vec![(
            "SMS_PUSHGATEWAY_URL",
            format!("http://{USER}:{IN_AUTHORITY}@{closed}"),
        )],
        vec![(
            "SMS_PUSHGATEWAY_URL",
            format!("https://{USER}:{IN_AUTHORITY}@{host}"),
        )],
        vec![("SMS_PUSHGATEWAY_URL", format!("ftp://{USER}:{CANARY}@{host}"))],
        vec![
            ("SMS_PUSHGATEWAY_URL", gateway.url()),
            ("SMS_PUSHGATEWAY_PASSWORD", CANARY.to_owned()),
        ],
        vec![("SMS_PROXY", format!("http://{USER}:{IN_AUTHORITY}@{closed}"))],
        vec![(
            "SMS_PROXY",
            format!("http://{USER}:{IN_AUTHORITY}@{host}/status/407"),
        )],
        vec![("SMS_PROXY", format!("gopher://{USER}:{CANARY}@{host}"))],
    ];
    for path in [
        "/ok",
        "/status/401",
        "/status/400",
        "/status/500",
        "/redirect",
        "/redirect-with-it",
    ] {
        // The gateway answers by the path of its address, so that each fails in its way; a Parrot fails by the whole path.
        let base = format!("{}{path}", gateway.url());
        set_ups.push(vec![
            ("SMS_PUSHGATEWAY_URL", base.clone()),
            ("SMS_PUSHGATEWAY_USERNAME", USER.to_owned()),
            ("SMS_PUSHGATEWAY_PASSWORD_FILE", password.clone()),
        ]);
        set_ups.push(vec![
            ("SMS_PUSHGATEWAY_URL", base),
            ("SMS_PUSHGATEWAY_TOKEN", CANARY.to_owned()),
        ]);
    }
    for set_up in &set_ups {
        let variables: Vec<_> = set_up
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        look(
            &mut search,
            &scraper,
            &format!("{set_up:?}")
                .replace(CANARY, "…")
                .replace(IN_AUTHORITY, "…"),
            &["ingester", "--bypass-cadence"],
            &variables,
        )
        .await;
    }
    assert!(gateway.got().contains(CANARY), "the gateway never got the token");
    search.look("what another server got", elsewhere.got().as_bytes());
    let asked = format!("{:?}", home.received_requests().await.unwrap());
    search.look("what the source's server got", asked.as_bytes());
    search.look_below("files", scraper.path("sources").parent().unwrap());
    shown("credentials of the Pushgateway and of a proxy", &search);
}
