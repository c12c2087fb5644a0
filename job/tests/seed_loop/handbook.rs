//! The queries and commands of docs/observability.md, read from the page and run against the loop. IO.

use std::process::Output;

use regex::Regex;
use serde_json::Value;
use tokio::process::Command;

use super::{
    CLOSED,
    markdown::{self, Block},
    queries::check_queries,
    scraper::repository,
    services::{Prometheus, Pushgateway, http, is_installed},
};

/// The mark of queries that find nothing while all is well.
const EMPTY: &str = "empty when healthy";

/// Where this loop has what the page has at `localhost` and the usual ports.
pub struct Here<'a> {
    pub gateway: &'a Pushgateway,
    pub prometheus: &'a Prometheus,
    pub metrics_port: u16,
    pub health_port: u16,
}

impl Here<'_> {
    /// `text` with this loop's addresses.
    fn addressed(&self, text: &str) -> String {
        text.replace("http://localhost:9091", self.gateway.base_url())
            .replace("http://localhost:9090", self.prometheus.base_url())
            .replace("localhost:9898", &format!("127.0.0.1:{}", self.metrics_port))
            .replace("localhost:8080", &format!("127.0.0.1:{}", self.health_port))
    }
}

fn page() -> String {
    std::fs::read_to_string(repository("docs/observability.md")).unwrap()
}

/// Lines of a block that say something.
fn lines(block: &Block) -> impl Iterator<Item = &str> {
    block
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Queries that have to find something, and those that only have to be `PromQL`.
fn queries(page: &str) -> (Vec<String>, Vec<String>) {
    let (mut full, mut empty) = (Vec::new(), Vec::new());
    for block in markdown::blocks(page)
        .iter()
        .filter(|block| block.language == "promql")
    {
        let queries = lines(block).map(str::to_owned);
        match block.mark(EMPTY) {
            Some(_) => empty.extend(queries),
            None => full.extend(queries),
        }
    }
    (full, empty)
}

/// Shell commands, one a line. Those of docker-compose are left out: see `compose`.
fn commands(page: &str) -> Vec<String> {
    let blocks = markdown::blocks(page);
    let shell = blocks.iter().filter(|block| block.language == "sh");
    let commands = shell
        .flat_map(lines)
        .filter(|line| !line.starts_with("docker-compose "));
    commands.map(str::to_owned).collect()
}

/// Whether a command changes what later ones find.
fn deletes(command: &str) -> bool {
    command.contains("-X DELETE")
}

/// Every query of the page finds a series, apart from those that are marked.
pub async fn queries_find_something(here: &Here<'_>) {
    let (full, empty) = queries(&page());
    assert!(
        full.len() >= 10 && !empty.is_empty(),
        "{} and {}",
        full.len(),
        empty.len()
    );
    for query in &full {
        here.prometheus
            .query_until(query, |series| !series.is_empty())
            .await;
    }
    assert_eq!(check_queries(&[full, empty].concat()), None);
}

/// Links to the services lead somewhere, and the gateway has the lines that the page shows.
pub async fn links_and_samples_are_there(here: &Here<'_>) {
    let page = page();
    let link = Regex::new(r"<(http://localhost:(\d+)[^>]*)>").unwrap();
    for found in link.captures_iter(&page).filter(|found| &found[2] != "3000") {
        // Debian's Prometheus has no pages; what this one shows comes from there.
        let address = here.addressed(&found[1]).replace("/targets", "/api/v1/targets");
        let (status, text) = http("GET", &address, "").await.unwrap();
        assert_eq!(status, 200, "{}: {text}", &found[1]);
    }
    let pushed = here.gateway.metrics().await;
    let blocks = markdown::blocks(&page);
    let samples: Vec<&str> = blocks
        .iter()
        .filter(|block| block.mark("in the gateway").is_some())
        .flat_map(lines)
        .collect();
    assert!(!samples.is_empty());
    for sample in samples {
        let (series, _) = sample.rsplit_once(' ').unwrap();
        assert!(
            pushed.lines().any(|line| line.starts_with(series)),
            "{series}\n{pushed}"
        );
    }
}

/// Runs the page's commands that only ask.
pub async fn commands_print_something(here: &Here<'_>) {
    let asking: Vec<String> = commands(&page())
        .into_iter()
        .filter(|command| !deletes(command))
        .collect();
    assert!(asking.len() >= 6, "{asking:?}");
    for command in asking {
        let Some(output) = run(here, &command).await else {
            continue;
        };
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(!printed.trim().is_empty(), "{command} prints nothing");
        if command.contains("/api/v1/query") {
            let answer: Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(answer["status"], "success", "{command}: {printed}");
            assert!(
                !answer["data"]["result"].as_array().unwrap().is_empty(),
                "{command}: {printed}"
            );
        }
    }
}

/// Runs the page's command that forgets a source. Nothing may push any more.
pub async fn a_group_can_be_deleted(here: &Here<'_>) {
    let group = format!("instance=\"{CLOSED}\"");
    let deleting: Vec<String> = commands(&page())
        .into_iter()
        .filter(|command| deletes(command))
        .collect();
    assert_eq!(deleting.len(), 1, "{deleting:?}");
    assert!(here.gateway.metrics().await.contains(&group));
    if run(here, &deleting[0]).await.is_some() {
        let left = here.gateway.metrics_when(|text| !text.contains(&group)).await;
        assert!(!left.contains(&group) && left.contains("sms_"), "{left}");
    }
}

/// Runs one command as a shell does; nothing if a program that it needs is absent. An HTTP error is a failure here.
async fn run(here: &Here<'_>, command: &str) -> Option<Output> {
    let programs = command
        .split(" | ")
        .filter_map(|part| part.split_whitespace().next());
    for program in programs {
        assert!(
            ["curl", "grep", "jq"].contains(&program),
            "nothing checks `{command}`"
        );
        if !is_installed(program) {
            return None;
        }
    }
    let command = here.addressed(command);
    assert!(!command.contains("localhost"), "{command}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".curlrc"), "fail\nshow-error\nmax-time = 20\n").unwrap();
    let output = Command::new("sh")
        .args(["-c", &command])
        .env("CURL_HOME", folder.path())
        .env("no_proxy", "*")
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command}: {:?} {errors}",
        output.status.code()
    );
    Some(output)
}

#[test]
fn every_query_of_every_page_is_promql() {
    if !is_installed("promtool") {
        return;
    }
    for page in [
        "docs/observability.md",
        "docs/explanation/two-metric-paths.md",
        "docs/how-to/find-out-why-a-source-went-quiet.md",
    ] {
        let (full, empty) = queries(&std::fs::read_to_string(repository(page)).unwrap());
        let all = [full, empty].concat();
        assert!(!all.is_empty(), "{page}");
        assert_eq!(check_queries(&all), None, "{page}");
    }
}

#[test]
fn queries_and_commands_are_read_from_their_blocks() {
    let page = "<!-- empty when healthy -->\n```promql\na > 2\n```\n\n```promql\nb\nsum(c)\n```\n\n```sh\n# said\ncurl x\n\ndocker-compose ps\n```\n";
    let (full, empty) = queries(page);
    assert_eq!(
        (full.join(","), empty.join(",")),
        ("b,sum(c)".into(), "a > 2".into())
    );
    assert_eq!(commands(page), ["curl x"]);
}
