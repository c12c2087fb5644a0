//! The three examples: from `kubectl apply` to Prometheus. IO.

use std::{fs, process::Command, time::Duration};

use k8s_openapi::api::batch::v1::CronJob;
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource,
    conditions::{DATA_HEALTHY, LAST_RUN_SUCCEEDED, METRICS_PUBLISHED, READY},
    labels::SOURCE_GENERATION,
    v1alpha1::status::Trigger,
};
use sms_e2e::{Source, eventually, source::has_condition};

use crate::stack::{A_WHILE, Stack, replaced, repository};

const EXAMPLES: [&str; 3] = ["blue-moon", "sea-monster", "darrells-tavern"];

/// A schedule fires within a minute, and a run takes its time.
const A_SCHEDULED_RUN: Duration = Duration::from_mins(5);

const COLUMNS: [&str; 9] = [
    "NAME",
    "READY",
    "SCHEDULE",
    "SUSPENDED",
    "LAST SUCCESS",
    "PROCESSED",
    "SKIPPED",
    "NEXT RUN",
    "AGE",
];

pub async fn go_the_whole_way(stack: &Stack) {
    for name in EXAMPLES {
        stack.apply(&format!("{name}.yaml"), &manifest(name, &stack.venues));
    }
    for name in EXAMPLES {
        let source = Source::named(&stack.cluster, &stack.namespace, name);
        let object = source.until_runs(A_SCHEDULED_RUN, 1).await;
        assert_is_run_by_a_cron_job(stack, &source, &object).await;
        assert_events_are_stored(stack, &object);
        assert_is_pushed(stack, &object).await;
        assert_is_scraped(stack, &object).await;
        assert_status(&object);
        assert_describe_is_quiet(stack, name);
        assert_render_is_what_is_there(stack, name).await;
    }
    assert_table(stack);
}

/// An example as it ships, with the address of the venues' server and a run each minute.
fn manifest(name: &str, venues: &str) -> String {
    let read =
        |folder: &str| fs::read_to_string(repository(&format!("examples/{folder}/{name}.yaml"))).unwrap();
    let (text, offline) = (read("sources"), read("offline"));
    let url = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("    url: "))
            .unwrap()
            .to_owned()
    };
    let text = replaced(
        &text,
        &url(&text),
        &url(&offline).replace("http://venues:8000", venues),
    );
    replaced(&text, "schedule: \"H */6 * * *\"", "schedule: \"* * * * *\"")
}

async fn assert_is_run_by_a_cron_job(stack: &Stack, source: &Source, object: &ScrapeSource) {
    let last = object.status.as_ref().unwrap().last_run.as_ref().unwrap();
    assert_eq!(last.trigger, Trigger::Schedule, "{last:?}");
    let cron_job = stack.namespace.api::<CronJob>().get(source.name()).await.unwrap();
    let owners = cron_job.metadata.owner_references.unwrap();
    let [owner] = owners.as_slice() else {
        panic!("{owners:?}");
    };
    assert_eq!(
        (owner.kind.as_str(), Some(&owner.uid)),
        ("ScrapeSource", object.metadata.uid.as_ref())
    );
    let jobs = source.jobs().await;
    let job = jobs
        .iter()
        .find(|job| job.metadata.name.as_ref() == Some(&last.job))
        .unwrap();
    let owners = job.metadata.owner_references.as_ref().unwrap();
    assert_eq!(
        (owners[0].kind.as_str(), Some(&owners[0].uid)),
        ("CronJob", cron_job.metadata.uid.as_ref())
    );
    let pods = source.pods().await;
    let pod = pods
        .iter()
        .find(|pod| pod.metadata.owner_references.as_ref().unwrap()[0].name == last.job);
    let status = pod.unwrap().status.as_ref().unwrap();
    assert_eq!(status.phase.as_deref(), Some("Succeeded"), "{status:?}");
}

fn assert_events_are_stored(stack: &Stack, object: &ScrapeSource) {
    let key = object.key();
    let stored = stack.postgres.query(&format!(
        "SELECT count(*) FROM events_v1 WHERE source = '{key}' AND title <> ''"
    ));
    let processed = object
        .status
        .as_ref()
        .unwrap()
        .last_run
        .as_ref()
        .unwrap()
        .report
        .processed;
    assert!(processed > 0, "{:?}", object.status);
    assert_eq!(stored, processed.to_string(), "{key}");
}

async fn assert_is_pushed(stack: &Stack, object: &ScrapeSource) {
    let metrics = stack.gateway.metrics().await;
    let labels = format!(
        "{{installation=\"sms-scraper\",instance=\"{}\",job=\"sms_scraper\",name=\"{}\",namespace=\"{}\"}} 1",
        object.api_name(),
        object.key().name,
        stack.namespace.name()
    );
    let info = format!("sms_source_info{labels}");
    assert!(
        metrics.lines().any(|line| line == info),
        "{info} is not in\n{metrics}"
    );
}

async fn assert_is_scraped(stack: &Stack, object: &ScrapeSource) {
    let api = object.api_name();
    let pushed = format!("sms_last_run_success{{job=\"sms_scraper\",instance=\"{api}\",api=\"\"}}");
    let exported = format!("sms_ingest_runs_total{{api=\"{api}\",outcome=\"Succeeded\"}} == 1");
    for expression in [pushed, exported] {
        let samples = eventually(A_WHILE, &format!("Prometheus knows {expression}"), || async {
            let samples = stack.prometheus.query(&expression).await;
            (!samples.is_empty()).then_some(samples).ok_or("nothing")
        })
        .await;
        let [(_, value)] = samples.as_slice() else {
            panic!("{samples:?}");
        };
        assert!((value - 1.0).abs() < f64::EPSILON, "{samples:?}");
    }
}

fn assert_status(object: &ScrapeSource) {
    for (type_, reason) in [
        (READY, "Scheduled"),
        (LAST_RUN_SUCCEEDED, "Succeeded"),
        (DATA_HEALTHY, "AsExpected"),
        (METRICS_PUBLISHED, "Pushed"),
    ] {
        assert!(
            has_condition(object, type_, "True", reason),
            "{}",
            json!(object.status)
        );
    }
    let status = object.status.as_ref().unwrap();
    assert_eq!(status.observed_generation, object.metadata.generation);
    assert!(status.last_success_time.is_some() && status.last_failure_time.is_none());
    assert!(status.next_run_time.is_some());
}

/// What was routine makes no event.
fn assert_describe_is_quiet(stack: &Stack, name: &str) {
    let text = stack.kubectl(&["describe", "scrapesource", name]);
    let (_, events) = text.rsplit_once("Events:").unwrap();
    assert_eq!(events.trim(), "<none>", "{text}");
}

/// What `sms_operator render` prints for the manifest is the CronJob that is there.
async fn assert_render_is_what_is_there(stack: &Stack, name: &str) {
    let settings = stack.folder.path().join("job-settings.yaml");
    fs::write(&settings, &stack.job_settings).unwrap();
    let file = stack.folder.path().join(format!("{name}.yaml"));
    let text = fs::read_to_string(&file).unwrap();
    let namespaced = text.replacen(
        "metadata:\n",
        &format!("metadata:\n  namespace: {}\n", stack.namespace.name()),
        1,
    );
    fs::write(&file, namespaced).unwrap();
    let output = Command::new(sms_e2e::operator::program())
        .args(["render", "--job-settings"])
        .args([&settings, &file])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rendered: Value = serde_saphyr::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let there = json!(stack.namespace.api::<CronJob>().get(name).await.unwrap());
    assert_is_part(&rendered["spec"], &there["spec"], "spec");
    assert_eq!(rendered["metadata"]["labels"], there["metadata"]["labels"]);
    // A manifest has no generation, so all that is left is the hash.
    let mut annotations = there["metadata"]["annotations"].clone();
    let generation = annotations.as_object_mut().unwrap().remove(SOURCE_GENERATION);
    assert_eq!(generation, Some(json!("1")));
    assert_eq!(rendered["metadata"]["annotations"], annotations);
}

/// Kubernetes adds defaults; everything of `small` has to be in `large`.
fn assert_is_part(small: &Value, large: &Value, path: &str) {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => {
            for (key, value) in small.iter().filter(|(_, value)| !value.is_null()) {
                let other = large.get(key).unwrap_or(&Value::Null);
                assert_is_part(value, other, &format!("{path}.{key}"));
            }
        }
        (Value::Array(small), Value::Array(large)) if small.len() == large.len() => {
            for (index, (value, other)) in small.iter().zip(large).enumerate() {
                assert_is_part(value, other, &format!("{path}[{index}]"));
            }
        }
        _ => assert_eq!(small, large, "{path}"),
    }
}

fn assert_table(stack: &Stack) {
    let arguments = [
        "get",
        "scrapesources",
        "blue-moon",
        "sea-monster",
        "darrells-tavern",
    ];
    let table = stack.kubectl(&arguments);
    println!("{table}");
    let header = table.lines().next().unwrap();
    let starts: Vec<_> = COLUMNS
        .map(|column| header.find(column).unwrap_or(usize::MAX))
        .to_vec();
    assert!(starts.is_sorted() && starts[8] != usize::MAX, "{header}");
    let words: Vec<_> = header
        .split("  ")
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(words, COLUMNS);
    assert!(!table.contains("<invalid>"), "{table}");
    for line in table.lines().skip(1) {
        let cell = |column: usize| {
            let end = starts.get(column + 1).copied().unwrap_or(line.len());
            line[starts[column]..end.min(line.len())].trim()
        };
        assert_eq!(
            (cell(1), cell(2), cell(3)),
            ("True", "* * * * *", "false"),
            "{table}"
        );
        assert!(cell(4).ends_with(['s', 'm']), "{table}");
        assert!(cell(5).parse::<i64>().unwrap() > 0, "{table}");
        assert!(
            cell(6).parse::<i64>().is_ok() && cell(7).ends_with('Z'),
            "{table}"
        );
        assert!(!cell(8).is_empty(), "{table}");
    }
}
