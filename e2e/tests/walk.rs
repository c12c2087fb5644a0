//! A walk over every field of a source: change, crash, recover, and compare with a fresh install. IO.
//!
//! Source of the recipe: Acto (SOSP '23). Every change is refused by the API server, taken and scheduled, or taken and
//! called wrong with a reason; nothing is passed over in silence, and nothing of an earlier object is left in a later one.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "walk/mutations.rs"]
mod mutations;

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use http::Request;
use k8s_openapi::api::batch::v1::CronJob;
use kube::{Api, Client};
use serde_json::{Value, json};
use sms_crds::{
    ScrapeSource,
    labels::{SOURCE_GENERATION, SPEC_HASH},
    manifest,
};
use sms_e2e::{
    Cluster, Namespace, Operator, eventually, operator,
    operator::Options,
    source::{Source, condition},
};
use sms_proof::{Group, record};

use mutations::Mutation;

/// Sources that walk at the same time.
const WALKERS: usize = 16;
/// Time for one change on a busy machine, while the operator dies again and again.
const PATIENCE: Duration = Duration::from_mins(2);
/// Time between two deaths of the operator.
const LIFE: Duration = Duration::from_secs(4);
/// The short form takes every fifth mutation.
const SHORT: usize = 5;
const AT_LEAST: usize = 300;

/// What became of one change.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    /// The API server did not take it.
    Refused(String),
    /// It is scheduled; the CronJob, without what names its source.
    Ready(Box<Value>),
    /// It is called wrong, with a reason.
    Wrong(String),
}

#[derive(Default)]
struct Findings {
    fates: BTreeMap<&'static str, usize>,
    faults: Vec<String>,
    slowest: Duration,
    compared: usize,
}

fn schema() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crds/generated/scrapesources.yaml"
    );
    let crd: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

fn object(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": name }, "spec": spec,
    })
}

/// Makes the spec of a source this one, as `kubectl replace` does: strictly. The source need not be there yet.
async fn put(client: &Client, namespace: &str, name: &str, spec: &Value) -> Result<(), String> {
    let path = format!("/apis/sms-scraper.dev/v1alpha1/namespaces/{namespace}/scrapesources");
    let strict = "fieldValidation=Strict";
    let mut wanted = object(name, spec);
    // The operator writes as well.
    for _ in 0..50 {
        let found = Request::get(format!("{path}/{name}")).body(Vec::new()).unwrap();
        let request = match client.request::<Value>(found).await {
            Ok(found) => {
                wanted["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"].clone();
                Request::put(format!("{path}/{name}?{strict}"))
            }
            Err(_) => Request::post(format!("{path}?{strict}")),
        };
        let request = request.header("Content-Type", "application/json");
        let request = request.body(wanted.to_string().into_bytes()).unwrap();
        match client.request_text(request).await {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
                return Err(status.message.clone());
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    panic!("{name}: somebody else is always faster");
}

/// The CronJob of a source, without what differs between two sources of one spec.
async fn cron_job(namespace: &Namespace, source: &ScrapeSource) -> Result<Value, String> {
    let name = source.metadata.name.clone().unwrap_or_default();
    let cron_jobs: Api<CronJob> = namespace.api();
    let found = cron_jobs.get(&name).await.map_err(|error| error.to_string())?;
    let noted = source.status.as_ref().and_then(|status| status.cron_job.as_ref());
    let noted = noted.ok_or("no CronJob in the status")?;
    if (Some(&noted.uid), Some(noted.generation)) != (found.metadata.uid.as_ref(), found.metadata.generation)
    {
        return Err(format!("the status knows another CronJob: {noted:?}"));
    }
    let mut kept = json!({
        "labels": found.metadata.labels, "annotations": found.metadata.annotations, "spec": found.spec,
    });
    for annotation in [SPEC_HASH, SOURCE_GENERATION] {
        kept["annotations"][annotation] = Value::Null;
    }
    if source.spec.schedule.contains('H') {
        // It is the hash of the name.
        kept["spec"]["schedule"] = json!("H");
    }
    let text = kept.to_string().replace(namespace.name(), "NAMESPACE");
    let text = text
        .replace(&name, "NAME")
        .replace(&name.replace('-', "_"), "NAME");
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Makes a change, and waits for what becomes of it.
async fn change(cluster: &Cluster, namespace: &Namespace, name: &str, spec: &Value) -> Fate {
    if let Err(message) = put(&cluster.client(), namespace.name(), name, spec).await {
        return Fate::Refused(message);
    }
    let source = Source::named(cluster, namespace, name);
    eventually(PATIENCE, &format!("{name} is told of: {spec}"), || async {
        let found = source.get().await;
        let status = found.status.as_ref().ok_or("no status")?;
        if status.observed_generation != found.metadata.generation {
            return Err("not seen yet".to_owned());
        }
        let ready = condition(&found, "Ready");
        match ready.status.as_str() {
            "True" => cron_job(namespace, &found)
                .await
                .map(|cron_job| Fate::Ready(Box::new(cron_job))),
            _ if ready.reason.is_empty() || ready.message.is_empty() => Err(format!("no reason: {ready:?}")),
            _ => Ok(Fate::Wrong(ready.reason.clone())),
        }
    })
    .await
}

/// What is wrong with a fate, by the schema, the offline validator, and a fresh install of the same object.
fn judge(mutation: &Mutation, fate: &Fate, fresh: &Fate) -> Option<String> {
    let is_valid =
        manifest::parse_manifests(&object("walker", &mutation.spec).to_string(), "walk.json").is_ok();
    let fault = match fate {
        Fate::Refused(_) if mutation.is_forbidden => None,
        // A rule about the change, not about the object.
        Fate::Refused(why) if why.contains("cannot be changed") => None,
        Fate::Refused(why) if is_valid => Some(format!("refused, and the offline validator takes it: {why}")),
        _ if mutation.is_forbidden => Some("taken against the schema".to_owned()),
        Fate::Ready(_) if !is_valid => Some("scheduled, and the offline validator refuses it".to_owned()),
        // Others are about what this cluster and this installation allow.
        Fate::Wrong(reason) if is_valid && reason == "InvalidSource" => Some(format!(
            "called wrong ({reason}), and the offline validator takes it"
        )),
        _ => None,
    };
    let differs = || match (fate, fresh) {
        (Fate::Ready(here), Fate::Ready(there)) if here != there => Some(format!(
            "the CronJob differs from that of a fresh install:\n  {here}\n  {there}"
        )),
        (Fate::Ready(_), Fate::Ready(_)) | (Fate::Refused(_), Fate::Refused(_)) => None,
        (Fate::Wrong(here), Fate::Wrong(there)) if here == there => None,
        _ => Some(format!("a fresh install ends otherwise: {fresh:?}")),
    };
    fault
        .or_else(differs)
        .map(|fault| format!("{}: {fault}", mutation.name))
}

/// One walker's part of the way: each change from the one before it, and a fresh install of the same beside it.
async fn walk(
    cluster: &Cluster,
    namespaces: [&Namespace; 2],
    walker: usize,
    mutations: &[&Mutation],
    findings: &Mutex<Findings>,
) {
    let [here, beside] = namespaces;
    let name = format!("walker-{walker}");
    put(&cluster.client(), here.name(), &name, &mutations::base())
        .await
        .unwrap();
    for (step, mutation) in mutations.iter().enumerate() {
        let start = Instant::now();
        let fate = change(cluster, here, &name, &mutation.spec).await;
        let took = start.elapsed();
        let fresh = match fate {
            // Nothing came of it.
            Fate::Refused(_) => fate.clone(),
            _ => change(cluster, beside, &format!("fresh-{walker}-{step}"), &mutation.spec).await,
        };
        let fault = judge(mutation, &fate, &fresh);
        let mut findings = findings.lock().unwrap();
        let word = match fate {
            Fate::Refused(_) => "refused",
            Fate::Ready(_) => "scheduled",
            Fate::Wrong(_) => "called wrong",
        };
        *findings.fates.entry(word).or_default() += 1;
        findings.compared += usize::from(!matches!(fate, Fate::Refused(_)));
        findings.slowest = findings.slowest.max(took);
        findings.faults.extend(fault);
    }
    // Back to where it came from: nothing of the way is left.
    let end = change(cluster, here, &name, &mutations::base()).await;
    let begin = change(
        cluster,
        beside,
        &format!("fresh-{walker}-end"),
        &mutations::base(),
    )
    .await;
    if end != begin {
        let fault = format!("{name} is not as it was: {end:?} instead of {begin:?}");
        findings.lock().unwrap().faults.push(fault);
    }
}

#[tokio::test]
async fn every_field_can_be_changed_and_nothing_is_taken_in_silence() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let all = mutations::all(&schema());
    let every = if sms_proof::long() { 1 } else { SHORT };
    let chosen: Vec<_> = all.iter().step_by(every).collect();
    println!("{} of {} mutations", chosen.len(), all.len());

    let (walked, fresh) = (
        Namespace::create(&cluster, "walked").await,
        Namespace::create(&cluster, "fresh").await,
    );
    let _fresh_operator = Operator::start(&cluster, &Options::watching(&cluster, &fresh)).await;
    let options = Options::watching(&cluster, &walked);
    let mut running = Operator::start(&cluster, &options).await;
    let findings = Mutex::new(Findings::default());
    let is_over = AtomicBool::new(false);
    let way = async {
        let parts: Vec<Vec<_>> = (0..WALKERS)
            .map(|walker| chosen.iter().skip(walker).step_by(WALKERS).copied().collect())
            .collect();
        stream::iter(parts.iter().enumerate())
            .for_each_concurrent(WALKERS, |(walker, part)| {
                walk(&cluster, [&walked, &fresh], walker, part, &findings)
            })
            .await;
        is_over.store(true, Ordering::Relaxed);
    };
    let blows = async {
        let mut deaths = 0;
        while !is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(LIFE).await;
            assert!(running.runs(), "it has ended by itself\n{}", running.log());
            running.kill().await;
            running = Operator::spawn(&cluster, &options).await;
            deaths += 1;
        }
        deaths
    };
    let ((), deaths) = tokio::join!(way, blows);
    let findings = findings.into_inner().unwrap();
    let Findings {
        fates,
        faults,
        slowest,
        compared,
    } = &findings;
    let figure = format!(
        "{} mutations of {} fields' values ({fates:?}), {compared} compared with a fresh install, {deaths} deaths of the \
         operator; {} faults, slowest {:.1} s",
        chosen.len(),
        all.len(),
        faults.len(),
        slowest.as_secs_f64()
    );
    println!("{figure}");
    for fault in faults {
        println!("{fault}");
    }
    let met = record(
        Group::OperatorFaults,
        "schema-driven walk: change, crash, recover, compare with a fresh install",
        figure,
        "at least 300 mutations; 0 crashes of its own, 0 taken in silence, 0 different from a fresh install",
        faults.is_empty() && chosen.len() >= AT_LEAST && compared * 4 >= chosen.len(),
    );
    assert!(met, "{} faults, see above", faults.len());
    walked.delete().await;
    fresh.delete().await;
}
