//! Everything that the operator, the API server and the plugin say about the sources of a namespace. IO.

use k8s_openapi::api::{
    batch::v1::{CronJob, Job},
    core::v1::ConfigMap,
    core::v1::Event as OldEvent,
    events::v1::Event,
};
use kube::{Api, Resource, api::ListParams, core::NamespaceResourceScope};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sms_e2e::{Cluster, Namespace, Operator, crowd};
use tokio::process::Command;

use super::canary::{OF_OTHERS, OF_SECRETS, PLAIN, Search};

const ALL: [&str; 3] = [OF_SECRETS, OF_OTHERS, PLAIN];

/// A text, with its name.
type Text = (String, String);

/// What is said: to whoever reads logs, metrics, events, statuses and reports.
pub struct Told {
    said: Vec<Text>,
    /// What is stored in the cluster for a source, where what its author wrote may be.
    stored: Vec<Text>,
    /// The plugin's report.
    report: Text,
}

impl Told {
    /// Gathers it.
    pub async fn of(cluster: &Cluster, namespace: &Namespace, operator: &Operator) -> Self {
        let mut said = vec![
            ("log".to_owned(), operator.log()),
            ("/metrics".to_owned(), operator.metrics().await),
        ];
        for path in ["/healthz", "/readyz", "/"] {
            said.push((path.to_owned(), format!("{:?}", operator.health(path).await)));
        }
        for source in crowd::list(namespace).await.unwrap() {
            let name = format!("status of {}", source["metadata"]["name"]);
            said.push((name, source["status"].to_string()));
        }
        said.extend(objects::<Event>(namespace).await);
        said.extend(objects::<OldEvent>(namespace).await);
        let mut stored = objects::<CronJob>(namespace).await;
        stored.extend(objects::<Job>(namespace).await);
        stored.extend(objects::<ConfigMap>(namespace).await);
        let report = ("report".to_owned(), report(cluster, namespace).await);
        Self { said, stored, report }
    }

    /// What is said, searched for every canary, and what is stored, for those that nobody wrote into a spec.
    pub fn search(&self) -> Search {
        let mut search = Search::default();
        for (place, text) in &self.said {
            search.look(place, text, &ALL);
        }
        for (place, text) in &self.stored {
            search.look(place, text, &[OF_SECRETS, OF_OTHERS]);
        }
        search
    }

    /// The plugin's report, searched for every canary.
    pub fn search_report(&self) -> Search {
        let mut search = Search::default();
        search.look(&self.report.0, &self.report.1, &ALL);
        search
    }

    /// Whether one of the texts whose name begins like this holds `needle`: an attack that nobody heard of proves nothing.
    pub fn has(&self, place: &str, needle: &str) -> bool {
        let mut all = self.said.iter().chain(&self.stored).chain([&self.report]);
        all.any(|(name, text)| name.starts_with(place) && text.contains(needle))
    }
}

async fn objects<K>(namespace: &Namespace) -> Vec<Text>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let api: Api<K> = namespace.api();
    let listed = api.list(&ListParams::default()).await.unwrap().items;
    let named = listed.iter().map(|object| {
        let object: Value = json!(object);
        (
            format!("{} {}", K::kind(&()), object["metadata"]["name"]),
            object.to_string(),
        )
    });
    named.collect()
}

/// `kubectl sms status`, with every right there is.
async fn report(cluster: &Cluster, namespace: &Namespace) -> String {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("kubectl-sms");
    let output = Command::new(program)
        .args(["-n", namespace.name(), "status", "-o", "yaml"])
        .env_clear()
        .env("KUBECONFIG", cluster.kubeconfig())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &told
}
