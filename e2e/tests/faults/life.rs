//! The whole life of one source, step by step, and one fault at one of the operator's writes. IO.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    batch::v1::{CronJob, Job},
    core::v1::{ConfigMap, Pod},
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Component, Namespace, Operator, Proxy, Source, crowd,
    end_state::EndState,
    eventually,
    operator::Options,
    proxy::{Act, Answer, Call},
    source::runs,
};
use tokio::sync::OnceCell;

use super::{A_WHILE, proxy};

const NAME: &str = "blue-moon";
const TOKEN: &str = "now";

/// One write of a life: what it is, and how many of its kind came before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Write(String, usize);

impl fmt::Display for Write {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.0, self.1)
    }
}

/// Gives each write its place.
#[derive(Default)]
struct Count(HashMap<String, usize>);

impl Count {
    fn place(&mut self, call: &Call) -> Option<Write> {
        let kind = call.is_write().then(|| call.to_string())?;
        let count = self.0.entry(kind.clone()).or_default();
        *count += 1;
        Some(Write(kind, *count))
    }
}

/// What happens at one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operator is killed before the API server hears of it.
    KilledBefore,
    /// The operator is killed when it is done, and has not heard.
    KilledAfter,
    /// The API server does not do it, and answers so.
    Instead(Answer),
    /// The API server does it, and answers so.
    After(Answer),
}

impl Fault {
    fn act(self) -> Act {
        match self {
            Self::KilledBefore => Act::Instead(Answer::Silence),
            Self::KilledAfter => Act::After(Answer::Silence),
            Self::Instead(answer) => Act::Instead(answer),
            Self::After(answer) => Act::After(answer),
        }
    }

    fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// What a life came to.
pub struct Life {
    /// What there was at the end of each step.
    pub states: Vec<EndState>,
    /// The operator's writes, in their order.
    pub writes: Vec<Write>,
    /// How long it took from the fault to the end of its step.
    pub recovery: Duration,
}

/// Says so if there is nobody.
fn has_controllers(cluster: &Cluster) -> bool {
    let has = cluster.can_stop_components() && cluster.process(Component::ControllerManager).is_some();
    if !has {
        println!("skipped: this cluster has no controllers");
    }
    has
}

/// Whether there is somebody who makes Pods of Jobs and collects what has no owner, who knows of sources by now.
pub async fn is_collected(cluster: &Cluster) -> bool {
    static KNOWS: OnceCell<()> = OnceCell::const_new();
    if !has_controllers(cluster) {
        return false;
    }
    KNOWS.get_or_init(|| until_collected(cluster)).await;
    true
}

/// Waits until the garbage collector follows sources: it looks for new kinds every half a minute, and never learns of an
/// owner that came and went before.
async fn until_collected(cluster: &Cluster) {
    let namespace = Namespace::create(cluster, "collected").await;
    let (sources, maps): (Api<ScrapeSource>, Api<ConfigMap>) = (namespace.api(), namespace.api());
    let count = AtomicUsize::new(0);
    eventually(A_WHILE, "what belonged to a source is collected", || async {
        let name = format!("probe-{}", count.fetch_add(1, Ordering::Relaxed));
        crowd::create(&namespace, &crowd::idle(&name)).await;
        let uid = sources.get(&name).await.unwrap().metadata.uid;
        let owned: ConfigMap =
            serde_json::from_value(json!({ "metadata": { "name": name, "ownerReferences": [{
                "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "name": name, "uid": uid,
            }]}}))
            .unwrap();
        maps.create(&PostParams::default(), &owned).await.unwrap();
        sources.delete(&name, &DeleteParams::default()).await.unwrap();
        for _ in 0..50 {
            if maps.get_opt(&name).await.unwrap().is_none() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{name} is still there"))
    })
    .await;
    namespace.delete().await;
}

/// A life without a fault.
pub async fn undisturbed(cluster: &Cluster) -> Life {
    let scene = Scene::new(cluster).await;
    let _operator = Operator::start(cluster, &scene.options).await;
    let states = scene.live().await;
    scene.end(states).await
}

/// A life with `fault` at `write`; nothing if the write never came.
pub async fn disturbed(cluster: &Cluster, write: &Write, fault: Fault) -> Option<Life> {
    let scene = Scene::new(cluster).await;
    let mut operator = Operator::start(cluster, &scene.options).await;
    let (wanted, mut is_over, mut count) = (write.clone(), false, Count::default());
    scene.proxy.set(move |call| {
        let is_meant = !is_over && count.place(call).is_some_and(|write| write == wanted);
        is_over |= is_meant;
        if is_meant { fault.act() } else { Act::Forward }
    });
    let blow = async {
        scene.proxy.until_faults(0).await;
        scene.strike();
        if fault.kills() {
            operator.kill().await;
            operator = Operator::spawn(cluster, &scene.options).await;
        }
        std::future::pending().await
    };
    let states = tokio::select! {
        states = scene.live() => states,
        states = blow => states,
    };
    let came = scene.proxy.faults() > 0;
    let life = scene.end(states).await;
    came.then_some(life)
}

struct Scene {
    cluster: Cluster,
    namespace: Namespace,
    proxy: Proxy,
    options: Options,
    source: Source,
    /// When the fault came, and how long the step took from then on.
    fault: Mutex<(Option<Instant>, Duration)>,
}

impl Scene {
    async fn new(cluster: &Cluster) -> Self {
        let namespace = Namespace::create(cluster, "life").await;
        let proxy = proxy(cluster).await;
        // Pods go nowhere: the test says how they end.
        let options = Options::watching(cluster, &namespace)
            .with_setting("nodeSelector: {example.org/nowhere: 'true'}")
            .through(&proxy);
        Self {
            source: Source::named(cluster, &namespace, NAME),
            cluster: cluster.clone(),
            namespace,
            proxy,
            options,
            fault: Mutex::default(),
        }
    }

    fn strike(&self) {
        self.fault.lock().unwrap().0 = Some(Instant::now());
    }

    /// Every step, and what there is at its end.
    async fn live(&self) -> Vec<EndState> {
        let mut states = Vec::new();
        crowd::create(&self.namespace, &crowd::idle(NAME)).await;
        states.push(self.settled().await);
        for change in [
            json!({ "timeZone": "America/Los_Angeles", "job": { "activeDeadlineSeconds": 120 } }),
            json!({ "suspend": true }),
            json!({ "suspend": false }),
        ] {
            self.source.patch(json!({ "spec": change })).await;
            states.push(self.settled().await);
        }
        self.source.run_now(TOKEN).await;
        self.source
            .until(A_WHILE, "the run has started", |source| {
                let run_now = source.status.as_ref().and_then(|status| status.run_now.as_ref());
                run_now.is_some_and(|run_now| run_now.job.is_some())
            })
            .await;
        self.note_end_of_step();
        self.finish_run().await;
        self.source.until_runs(A_WHILE, 1).await;
        states.push(self.settled().await);
        assert_eq!(self.source.jobs().await.len(), 1, "Jobs of one request");
        assert_eq!(runs(&self.source.get().await), 1, "runs that were counted");
        // A new source of the same name while the CronJob of the old one is still on its way out.
        self.delete().await;
        crowd::create(&self.namespace, &crowd::idle(NAME)).await;
        self.until_only_one_is_left().await;
        states.push(self.settled().await);
        self.delete().await;
        eventually(A_WHILE, "nothing is left", || async {
            let (cron_jobs, jobs) = (
                self.namespace.names::<CronJob>().await,
                self.namespace.names::<Job>().await,
            );
            (cron_jobs.is_empty() && jobs.is_empty())
                .then_some(())
                .ok_or(format!("{cron_jobs:?} {jobs:?}"))
        })
        .await;
        self.note_end_of_step();
        states
    }

    async fn settled(&self) -> EndState {
        crowd::until_ready(&self.namespace, 1, A_WHILE).await;
        let state = eventually(A_WHILE, "the status is about what is", || {
            EndState::of(&self.namespace)
        })
        .await;
        self.note_end_of_step();
        state
    }

    fn note_end_of_step(&self) {
        let mut fault = self.fault.lock().unwrap();
        if let Some(start) = fault.0.take() {
            fault.1 = start.elapsed();
        }
    }

    async fn delete(&self) {
        let sources: Api<ScrapeSource> = self.namespace.api();
        sources.delete(NAME, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until the CronJob belongs to the source that is there now.
    async fn until_only_one_is_left(&self) {
        let cron_jobs: Api<CronJob> = self.namespace.api();
        eventually(A_WHILE, "the CronJob is that of the new source", || async {
            let source = self.source.get().await;
            let cron_job = cron_jobs.get(NAME).await.map_err(|error| error.to_string())?;
            let owners = cron_job.metadata.owner_references.unwrap_or_default();
            let is_its = owners
                .iter()
                .any(|owner| Some(&owner.uid) == source.metadata.uid.as_ref());
            is_its.then_some(()).ok_or(format!("{owners:?}"))
        })
        .await;
    }

    /// The Pod of the run ends with a report.
    async fn finish_run(&self) {
        let pods: Api<Pod> = self.namespace.api();
        let pod = eventually(A_WHILE, "the Job has a Pod", || async {
            self.source.pods().await.pop().ok_or("there is none")
        })
        .await;
        let name = pod.metadata.name.unwrap_or_default();
        let report = json!({
            "source": format!("{}/{NAME}", self.namespace.name()), "apiName": "blue_moon", "run": "1",
            "outcome": "Succeeded", "startedAt": "2026-01-02T00:00:05.000Z", "finishedAt": "2026-01-02T00:00:08.000Z",
            "durationSeconds": 3.0, "found": 7, "processed": 7, "new": 7, "store": "sqlite", "metricsPushed": false,
        });
        let ended = json!({
            "exitCode": 0, "reason": "Completed", "message": report.to_string(),
            "startedAt": "2026-01-02T00:00:04Z", "finishedAt": "2026-01-02T00:00:08Z",
        });
        let container = &pod.spec.map(|spec| spec.containers).unwrap_or_default()[0];
        let status: Value = json!({ "status": {
            "phase": "Succeeded",
            "containerStatuses": [{
                "name": container.name, "image": container.image, "imageID": "", "ready": false, "restartCount": 0,
                "state": { "terminated": ended },
            }],
        }});
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(status))
            .await
            .unwrap();
    }

    async fn end(self, states: Vec<EndState>) -> Life {
        let mut count = Count::default();
        let writes = self.proxy.calls();
        let writes = writes.iter().filter_map(|call| count.place(call)).collect();
        let recovery = self.fault.lock().unwrap().1;
        let _ = self.cluster;
        self.namespace.delete().await;
        Life {
            states,
            writes,
            recovery,
        }
    }
}
