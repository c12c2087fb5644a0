//! Specs that are made to cost the operator time, memory or its stack. IO.

use std::time::{Duration, Instant};

use kube::{Api, api::PostParams};
use serde_json::{Value, json};
use sms_crds::ScrapeSource;
use sms_e2e::{Cluster, Source, crowd, operator};

use super::{A_WHILE, Scene, prove};

const GOOD: usize = 10;

/// What each field is filled with, as long as the schema allows.
fn bombs() -> Vec<(&'static str, Value)> {
    let deep = |open: &str, inner: &str, close: &str, length: usize| {
        let count = (length - inner.len()) / (open.len() + close.len());
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let json = |items: String| json!({ "json": { "items": items, "fields": { "title": ".title", "start": ".start" } } });
    let html = |select: String| json!({ "html": { "items": select, "fields": { "title": { "select": "h1" }, "start": { "select": "time" } } } });
    let with_transform = |program: String| {
        let mut extract = json(".[]".to_owned());
        extract["transform"] = json!(program);
        extract
    };
    let with_regex = |regex: String| {
        let mut extract = html("div".to_owned());
        extract["html"]["fields"]["title"]["regex"] = json!(regex);
        extract
    };
    vec![
        ("jq-parentheses", with_transform(deep("(", ".", ")", 16_384))),
        ("jq-lists", with_transform(deep("[", ".", "]", 16_384))),
        ("jq-negations", with_transform(format!("{}1", "-".repeat(16_000)))),
        ("jq-objects", with_transform(deep("{a:", "1", "}", 16_384))),
        (
            "jq-conditions",
            with_transform(deep("if . then ", ".", " end", 16_384)),
        ),
        ("jq-pipes", with_transform(deep(".|", ".", "", 16_384))),
        (
            "jq-definitions",
            with_transform(deep("def f: ", ".", "; f", 16_384)),
        ),
        ("jq-paths", json(format!(".{}", "[]".repeat(2_000)))),
        ("jq-comma-product", json(deep("(.,.)|", ".", "", 4_096))),
        ("css-is", html(deep(":is(", "a", ")", 1_024))),
        ("css-not", html(deep(":not(", "a", ")", 1_024))),
        ("css-has", html(deep(":has(", "a", ")", 1_024))),
        ("css-siblings", html("a ~ ".repeat(250) + "a")),
        ("regex-groups", with_regex(deep("(", "a", ")", 1_024))),
        (
            "regex-counts",
            with_regex("((((a{1000}){1000}){1000}){1000})".to_owned()),
        ),
        ("regex-classes", with_regex(r"\p{L}{1000}".repeat(90))),
    ]
}

#[tokio::test]
async fn a_spec_that_is_a_bomb_is_judged_and_holds_nobody_up() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let mut scene = Scene::start(&cluster, "bombs").await;
    let sources: Api<ScrapeSource> = scene.namespace.api();
    let (mut refused, mut judged, mut slowest) = (0, Vec::new(), Duration::ZERO);
    let memory = scene.operator.usage().peak;
    let processor = scene.operator.usage().processor;
    for (name, extract) in bombs() {
        let mut manifest = crowd::idle(name);
        manifest["spec"]["extract"] = extract;
        let object: ScrapeSource = serde_json::from_value(manifest).unwrap();
        let start = Instant::now();
        if let Err(error) = sources.create(&PostParams::default(), &object).await {
            println!("{name}: {error}");
            refused += 1;
            continue;
        }
        let source = Source::named(&cluster, &scene.namespace, name);
        let found = source
            .until(A_WHILE, "it is judged", |source| {
                let status = source.status.as_ref();
                status.is_some_and(|status| status.observed_generation == source.metadata.generation)
            })
            .await;
        slowest = slowest.max(start.elapsed());
        let ready = sms_e2e::source::condition(&found, "Ready");
        let message: String = ready.message.chars().take(150).collect();
        println!("{name}: {} {} {message}", ready.status, ready.reason);
        judged.push(ready.reason.clone());
        assert!(scene.operator.runs(), "{name}: {}", scene.operator.log());
    }
    let start = Instant::now();
    crowd::create_all(&scene.namespace, &crowd::names(GOOD)).await;
    let made = crowd::names(GOOD);
    for name in &made {
        Source::named(&cluster, &scene.namespace, name)
            .until(A_WHILE, "it is ready", |source| {
                sms_e2e::source::has_condition(source, "Ready", "True", "Scheduled")
            })
            .await;
    }
    let others = start.elapsed();
    let usage = scene.operator.usage();
    let processor = usage.processor.saturating_sub(processor);
    prove(
        "bombs in specs: programs, selectors and patterns as deep as they may be",
        format!(
            "{refused} refused by the API server, {} judged within {slowest:.1?}; {processor:.1?} of processor time, {} MiB \
             more at most; {GOOD} others ready in {others:.1?}",
            judged.len(),
            usage.peak.saturating_sub(memory) / 1024
        ),
        "each refused or judged, 0 crashes, at most 64 MiB and 10 s of processor time together",
        usage.peak.saturating_sub(memory) <= 64 * 1024 && processor <= Duration::from_secs(10),
    );
    scene.namespace.delete().await;
}
