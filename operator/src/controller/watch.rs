//! Watches: from the API server into the caches. IO.

use std::{collections::HashSet, mem, sync::Arc, time::Duration};

use backon::ExponentialBuilder;
use futures_util::{Stream, StreamExt, pin_mut, stream};
use jiff::Timestamp;
use k8s_openapi::{
    api::{
        batch::v1::{CronJob, Job, JobSpec, JobStatus},
        core::v1::{Pod, PodStatus},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, Resource,
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt,
        reflector::store::Writer,
        watcher::{self, Event, ExponentialBackoff, ListSemantic, watcher},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sms_crds::{SourceKey, labels};
use tokio::sync::oneshot;
use tracing::{debug, info, warn};

use super::{caches::Caches, kept::Kept};
use crate::{
    context::Context,
    runs::{job_record, pod_record},
};

/// Least pause before a watch is taken up again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(800);
/// Most of it. Chance adds up to as much again, so that replicas and watches do not come back as one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A Job without what its Pods are made from, which can be 64 KiB and is not needed here.
#[derive(Resource, Serialize, Deserialize, Clone, Debug)]
#[resource(inherit = Job)]
struct SlimJob {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: SlimJobSpec,
    #[serde(default)]
    status: Option<JobStatus>,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
struct SlimJobSpec {
    #[serde(default)]
    active_deadline_seconds: Option<i64>,
}

impl From<SlimJob> for Job {
    fn from(slim: SlimJob) -> Self {
        Self {
            metadata: slim.metadata,
            spec: Some(JobSpec {
                active_deadline_seconds: slim.spec.active_deadline_seconds,
                ..JobSpec::default()
            }),
            status: slim.status,
        }
    }
}

/// A Pod without its spec.
#[derive(Resource, Serialize, Deserialize, Clone, Debug)]
#[resource(inherit = Pod)]
struct SlimPod {
    metadata: ObjectMeta,
    #[serde(default)]
    status: Option<PodStatus>,
}

fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// Objects in one answer to a list: bounds the memory that a list takes.
const PAGE: u32 = 250;

/// Everything, in pages and as it is now. A list from the API server's cache (`resourceVersion=0`) is cheaper for it, but comes
/// in one piece whatever its size, and may be old: a Job that is missing from it would be forgotten by the ledger, and counted
/// again when it comes back.
fn all() -> watcher::Config {
    watcher::Config::default()
        .list_semantic(ListSemantic::MostRecent)
        .page_size(PAGE)
}

/// Only what we made.
fn ours() -> watcher::Config {
    all().labels(&format!("{}={}", labels::MANAGED_BY, labels::MANAGED_BY_VALUE))
}

/// Pauses before a watch is taken up again: after an outage of a minute kube's own would wait for up to another minute, and
/// for one more if the API server is not quite ready.
fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(SHORTEST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .into()
}

/// Follows a kind for ever. kube's watcher begins anew where an event says that its version is too old; where the head of the
/// answer does (status 410), it would ask with that version for ever.
fn watched<K>(api: Api<K>, config: watcher::Config) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let begin = move || watcher(api.clone(), config.clone()).boxed();
    stream::unfold((begin(), begin), async |(mut events, begin)| {
        let event = events.next().await?;
        if event.as_ref().is_err_and(is_of_an_old_version) {
            events = begin();
        }
        Some((event, (events, begin)))
    })
}

fn is_of_an_old_version(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

/// The source that an object's label names.
fn source_of(metadata: &ObjectMeta) -> Option<SourceKey> {
    Some(SourceKey {
        namespace: metadata.namespace.clone()?,
        name: metadata.labels.as_ref()?.get(labels::SOURCE)?.clone(),
    })
}

/// The keys of sources that are new or changed, as a stream that also fills the store; notes on the way who owns which API name,
/// and tells `gone` of every source that vanished, with its API name.
///
/// What a list shows comes when the list is complete: until then the store holds what was there before. It comes in an order that
/// differs from life to life, so that a source whose pass ends the process is not before the same others each time.
pub fn sources<Gone>(
    context: &Arc<Context>,
    namespace: Option<&str>,
    writer: Writer<Kept>,
    gone: Gone,
) -> impl Stream<Item = SourceKey> + Send + 'static + use<Gone>
where
    Gone: Fn(SourceKey, String) + Send + Sync + 'static,
{
    let caches = Arc::clone(&context.caches);
    let config = all();
    let mut listed = HashSet::new();
    watched(api::<Kept>(&context.client, namespace), config)
        .backoff(pauses())
        .reflect(writer)
        .map(move |event| match event {
            Ok(Event::Init) => {
                listed = HashSet::new();
                Vec::new()
            }
            Ok(Event::InitApply(source)) => {
                listed.insert(source.key());
                claim(&caches, &source);
                Vec::new()
            }
            Ok(Event::InitDone) => {
                let listed = mem::take(&mut listed);
                let known = caches.api_names().sources();
                for key in known.into_iter().filter(|key| !listed.contains(key)) {
                    release(&caches, &key, &gone);
                }
                if !caches.is_synced() {
                    info!("Listed everything; sources: {}", listed.len());
                    caches.set_synced();
                }
                listed.into_iter().collect()
            }
            Ok(Event::Apply(source)) => {
                claim(&caches, &source);
                vec![source.key()]
            }
            Ok(Event::Delete(source)) => {
                release(&caches, &source.key(), &gone);
                Vec::new()
            }
            Err(error) => {
                warn!("Watch of scrapesources is interrupted and will be taken up again: {error}");
                Vec::new()
            }
        })
        .flat_map(stream::iter)
}

fn claim(caches: &Caches, source: &Kept) {
    let affected = match source.read() {
        Ok(source) => caches.api_names().claim(&source),
        Err(_) => caches.api_names().release(&source.key()),
    };
    for key in affected {
        caches.trigger(&key);
    }
}

fn release(caches: &Caches, key: &SourceKey, gone: &(impl Fn(SourceKey, String) + Send + Sync)) {
    let (api_name, affected) = {
        let mut names = caches.api_names();
        (names.api_name(key).map(str::to_owned), names.release(key))
    };
    caches.forget(key);
    for key in affected {
        caches.trigger(&key);
    }
    if let Some(api_name) = api_name {
        gone(key.clone(), api_name);
    }
}

/// Follows the CronJobs; `listed` is told once the first list is complete.
pub async fn cron_jobs(context: Arc<Context>, namespace: Option<String>, listed: oneshot::Sender<()>) {
    let api: Api<PartialObjectMeta<CronJob>> = api(&context.client, namespace.as_deref());
    let (caches, config) = (&context.caches, &context.config);
    follow(api, ours(), "cronjobs", listed, |event| {
        let Some(event) = event else { return };
        let mut cache = caches.cron_jobs();
        let changed: Vec<_> = match event {
            Event::Init => {
                cache.begin();
                Vec::new()
            }
            Event::InitApply(object) => {
                cache.list(&object, config);
                Vec::new()
            }
            Event::InitDone => cache.complete(),
            Event::Apply(object) => cache.set(&object.metadata, config).into_iter().collect(),
            Event::Delete(object) => cache.remove(&object.metadata).into_iter().collect(),
        };
        drop(cache);
        for key in &changed {
            caches.trigger(key);
        }
    })
    .await;
}

/// Follows the Jobs.
pub async fn jobs(context: Arc<Context>, namespace: Option<String>, listed: oneshot::Sender<()>) {
    let api: Api<SlimJob> = api(&context.client, namespace.as_deref());
    let caches = &context.caches;
    let record = |job: SlimJob| Some((source_of(&job.metadata)?, job_record(&job.into())?));
    follow(api, ours(), "jobs", listed, |event| {
        let Some(event) = event else { return };
        let mut cache = caches.runs();
        let mut changed = Vec::new();
        match event {
            Event::Init => cache.begin_jobs(),
            Event::InitDone => changed = cache.complete_jobs(),
            Event::InitApply(job) => {
                let job = record(job).filter(|(key, job)| cache.list_job(key, job.clone()));
                changed.extend(job.map(|(key, _)| key));
            }
            Event::Apply(job) => {
                let job = record(job).filter(|(key, job)| cache.set_job(key, job.clone()));
                changed.extend(job.map(|(key, _)| key));
            }
            Event::Delete(job) => {
                let job = record(job).inspect(|(key, job)| cache.remove_job(key, &job.uid));
                changed.extend(job.map(|(key, _)| key));
            }
        }
        drop(cache);
        for key in &changed {
            caches.trigger(key);
        }
    })
    .await;
}

/// Follows the Pods.
pub async fn pods(context: Arc<Context>, namespace: Option<String>, listed: oneshot::Sender<()>) {
    let api: Api<SlimPod> = api(&context.client, namespace.as_deref());
    let caches = &context.caches;
    let record = |pod: &SlimPod| {
        Some((
            source_of(&pod.metadata)?,
            pod_record(&pod.metadata, pod.status.as_ref())?,
        ))
    };
    follow(api, ours(), "pods", listed, |event| {
        let mut cache = caches.runs();
        let Some(event) = event else {
            return cache.note_interruption_of_pods(Timestamp::now());
        };
        let changed = match event {
            Event::Init => {
                cache.begin_pods();
                None
            }
            Event::InitApply(pod) => record(&pod).filter(|(key, pod)| cache.list_pod(key, pod.clone())),
            Event::InitDone => {
                cache.complete_pods();
                None
            }
            Event::Apply(pod) => record(&pod).filter(|(key, pod)| cache.set_pod(key, pod.clone())),
            Event::Delete(pod) => record(&pod).inspect(|(key, pod)| cache.remove_pod(key, &pod.uid)),
        };
        drop(cache);
        if let Some((key, _)) = changed {
            caches.trigger(&key);
        }
    })
    .await;
}

/// Follows one kind for ever: a broken watch is taken up again, with pauses. `apply` gets `None` where
/// something may be missed.
async fn follow<K>(
    api: Api<K>,
    config: watcher::Config,
    plural: &str,
    listed: oneshot::Sender<()>,
    mut apply: impl FnMut(Option<Event<K>>),
) where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
    K::DynamicType: Default,
{
    let events = watched(api, config).backoff(pauses());
    pin_mut!(events);
    let mut listed = Some(listed);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let is_complete = matches!(event, Event::InitDone);
                apply(Some(event));
                if let Some(listed) = listed.take_if(|_| is_complete) {
                    debug!("Listed {plural}");
                    let _ = listed.send(());
                }
            }
            Err(error) => {
                warn!("Watch of {plural} is interrupted and will be taken up again: {error}");
                apply(None);
            }
        }
    }
}
