//! What each test needs: an empty cluster, namespaces, a venue, PostgreSQL, and a release of the chart. IO.

use std::{path::Path, time::Duration};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service},
};
use kube::api::PostParams;
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Source, Venue, crd, eventually, helm, http, services::Postgres, source::runs,
    venue::Answer,
};

pub const A_WHILE: Duration = Duration::from_mins(3);
/// A name that holds the chart's is the beginning of all names of the release.
pub const RELEASE: &str = "sms-scraper";
/// Events on the venue's page.
pub const EVENTS: u32 = 3;

/// Runs `kubectl` as the administrator; gives what it prints.
pub fn kubectl(cluster: &Cluster, arguments: &[&str]) -> String {
    let output = cluster.kubectl(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What the Pods of a namespace are about.
pub fn account(cluster: &Cluster, namespace: &str) -> String {
    let about = [
        &["get", "pods", "-o", "wide"][..],
        &["get", "events", "--field-selector=type=Warning"],
        &[
            "logs",
            "-l",
            "app.kubernetes.io/name=sms-scraper",
            "--all-containers",
            "--prefix",
            "--tail=20",
        ],
    ];
    let told = about.map(|arguments| cluster.kubectl(&[&["-n", namespace], arguments].concat()).stdout);
    String::from_utf8_lossy(&told.concat()).into_owned()
}

/// Asks for a run; the status has to count `number` of them then, and to say that this one succeeded.
pub async fn run(source: &Source, number: i64) {
    source.run_now(&format!("run-{number}")).await;
    let object = source.until_runs(A_WHILE, number).await;
    assert_eq!(runs(&object), number, "{:?}", object.status);
    let last = object.status.as_ref().unwrap().last_run.as_ref().unwrap();
    assert!(last.report.outcome.is_success(), "{last:?}");
}

/// What a Service answers, asked from the node.
pub async fn ask(namespace: &Namespace, service: &str, path: &str) -> Result<String, String> {
    let spec = namespace
        .api::<Service>()
        .get(service)
        .await
        .unwrap()
        .spec
        .unwrap();
    let port = spec.ports.unwrap()[0].port;
    let url = format!("http://{}:{port}{path}", spec.cluster_ip.unwrap());
    match http::get(&url).await {
        Ok((200, text)) => Ok(text),
        other => Err(format!("{url}: {other:?}")),
    }
}

/// Waits until a Pushgateway tells of a run that succeeded.
pub async fn assert_pushed(namespace: &Namespace, service: &str, api: &str) {
    eventually(A_WHILE, "the Pushgateway tells of the run", || async {
        let metrics = ask(namespace, service, "/metrics").await?;
        let label = format!("instance=\"{api}\"");
        let is_told = |line: &str| {
            line.starts_with("sms_last_run_success{") && line.contains(&label) && line.ends_with(" 1")
        };
        metrics.lines().any(is_told).then_some(()).ok_or(metrics)
    })
    .await;
}

/// Takes away, however the test ends, what would hinder the next one.
struct Release {
    cluster: Cluster,
    namespace: String,
}

impl Drop for Release {
    fn drop(&mut self) {
        let namespace = ["--namespace", &self.namespace];
        let uninstall = [
            "uninstall",
            RELEASE,
            "--ignore-not-found",
            "--wait",
            "--timeout=3m",
        ];
        helm::run(&self.cluster, uninstall.iter().chain(&namespace));
    }
}

/// The parts of one test.
pub struct Scene {
    pub cluster: Cluster,
    /// Namespace of the release.
    pub home: Namespace,
    /// Namespace of the sources.
    pub music: Namespace,
    pub venue: Venue,
    pub postgres: Postgres,
    release: Release,
}

impl Scene {
    /// A cluster without the CRD, and everything but a release; `None` where there is no node.
    pub async fn set(purpose: &str) -> Option<Self> {
        let cluster = Cluster::with_node().await?;
        let (venue_address, node_address) = (cluster.venue_address()?, cluster.node_address()?);
        crd::remove(&cluster).await;
        let home = Namespace::create(&cluster, purpose).await;
        let release = Release {
            cluster: cluster.clone(),
            namespace: home.name().to_owned(),
        };
        let scene = Self {
            home,
            release,
            music: Namespace::create(&cluster, "music").await,
            venue: Venue::start(&venue_address, Answer::Events(EVENTS)).await,
            postgres: Postgres::start(&node_address).await,
            cluster,
        };
        for namespace in [&scene.home, &scene.music] {
            let secret =
                json!({ "metadata": { "name": "sms-store" }, "stringData": { "url": scene.postgres.url() } });
            let secret: Secret = serde_json::from_value(secret).unwrap();
            namespace
                .api()
                .create(&PostParams::default(), &secret)
                .await
                .unwrap();
        }
        Some(scene)
    }

    /// Runs `helm` for this scene's release; tells what the Pods are about if it fails.
    pub fn helm(&self, arguments: &[&str]) -> String {
        let namespace = ["--namespace", self.home.name()];
        let output = helm::run(&self.cluster, arguments.iter().chain(&namespace));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "helm {arguments:?}: {said}\n{}",
            account(&self.cluster, self.home.name())
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// `install` or `upgrade` of the release to a chart, until all of it is available.
    pub fn release(&self, verb: &str, chart: &Path, flags: &[&str]) -> String {
        let chart = chart.display().to_string();
        let images = helm::images(&self.cluster);
        let fixed = [verb, RELEASE, &chart, "--wait", "--timeout=5m"];
        let all: Vec<&str> = fixed
            .iter()
            .chain(flags)
            .copied()
            .chain(images.iter().map(String::as_str))
            .collect();
        self.helm(&all)
    }

    /// Takes the release away, and waits until its Pods are gone.
    pub fn uninstall(&self) {
        self.helm(&["uninstall", RELEASE, "--wait", "--timeout=5m"]);
    }

    /// Runs `kubectl` in a namespace; gives what it prints.
    pub fn kubectl(&self, namespace: &Namespace, arguments: &[&str]) -> String {
        kubectl(&self.cluster, &[&["-n", namespace.name()], arguments].concat())
    }

    /// A source that reads the venue, installed with the chart of sources.
    pub fn source(&self, name: &str) -> Source {
        let spec = json!({
            "schedule": "7 4 1 1 *",
            "fetch": { "url": self.venue.url() },
            "extract": { "json": { "items": ".[]", "fields": { "id": ".id", "title": ".title", "start": ".start" } } },
        });
        let chart = helm::chart("sms-sources").display().to_string();
        let sources = format!("--set-json=sources={}", json!({ name: spec }));
        helm::helm(
            &self.cluster,
            [
                "install",
                name,
                &chart,
                "--namespace",
                self.music.name(),
                &sources,
            ],
        );
        Source::named(&self.cluster, &self.music, name)
    }

    /// Asks for a run of a source whose events this scene's PostgreSQL has afterwards.
    pub async fn run(&self, source: &Source, number: i64) {
        run(source, number).await;
        assert_eq!(self.stored(source.name()), EVENTS.to_string());
    }

    /// Events of a source in PostgreSQL.
    pub fn stored(&self, name: &str) -> String {
        let key = format!("{}/{name}", self.music.name());
        self.postgres
            .query(&format!("SELECT count(*) FROM events_v1 WHERE source = '{key}'"))
    }

    /// Replicas of a Deployment of the release that are available.
    pub async fn available(&self, name: &str) -> Option<i32> {
        let deployment = self.home.api::<Deployment>().get_opt(name).await.unwrap()?;
        deployment.status?.available_replicas
    }

    /// Waits for this many replicas: `helm --wait` is content with what a disruption may leave.
    pub async fn until_available(&self, name: &str, replicas: i32) {
        eventually(A_WHILE, "every replica is available", || async {
            match self.available(name).await {
                Some(found) if found == replicas => Ok(()),
                found => Err(format!("{found:?} of {replicas} are")),
            }
        })
        .await;
    }

    /// Ends everything but the CRD.
    pub async fn end(self) {
        drop(self.release);
        self.music.delete().await;
        self.home.delete().await;
    }
}
