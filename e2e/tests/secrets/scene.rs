//! Sources with canaries wherever a secret can stand, and an operator that logs all that it can. IO.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, api::PostParams};
use serde_json::{Value, json};
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, Proxy, Source,
    operator::{self, HOME, Options},
};

use super::canary::{OF_OTHERS, OF_SECRETS, PLAIN};

pub struct Scene {
    pub cluster: Cluster,
    pub namespace: Namespace,
    pub proxy: Proxy,
    pub operator: Operator,
}

impl Scene {
    /// Starts all; `None` where there is no cluster with controllers.
    pub async fn set(purpose: &str) -> Option<Self> {
        let cluster = Cluster::from_env().await?;
        operator::install_rights(&cluster).await;
        let namespace = Namespace::create(&cluster, purpose).await;
        for (name, key, value) in [
            ("sms-venue", "key", OF_SECRETS.to_owned()),
            (
                "sms-store",
                "url",
                format!("postgres://sms:{OF_SECRETS}@db.example/events"),
            ),
        ] {
            let secret = json!({ "metadata": { "name": name }, "stringData": { key: value } });
            let secret: Secret = serde_json::from_value(secret).unwrap();
            let secrets: Api<Secret> = namespace.api();
            secrets.create(&PostParams::default(), &secret).await.unwrap();
        }
        let proxy = Proxy::of_the_api_server(operator::kubeconfig_of_the_operator(&cluster, HOME)).await;
        let mut options = Options::watching(&cluster, &namespace)
            .through(&proxy)
            .with_setting(&format!("env: [{{ name: EXTRA, value: {PLAIN} }}]"));
        options
            .flags
            .push("--log=trace,kube_client=trace,hyper=trace,tower=trace".to_owned());
        let operator = Operator::start(&cluster, &options).await;
        Some(Self {
            cluster,
            namespace,
            proxy,
            operator,
        })
    }

    /// A source with canaries everywhere, and `patch` merged into its spec.
    pub async fn source(&self, name: &str, patch: &Value) -> Source {
        let mut spec = json!({
            "fetch": {
                "headers": [
                    { "name": "X-Api-Key", "value": PLAIN },
                    { "name": "X-Venue", "secretKeyRef": { "name": "sms-venue", "key": "key" } },
                ],
                "query": [{ "name": "access_token", "value": PLAIN }],
                "auth": { "bearer": { "secretKeyRef": { "name": "sms-venue", "key": "key" } } },
                "method": "POST",
                "body": json!({ "password": PLAIN }).to_string(),
            },
        });
        for (field, value) in patch.as_object().into_iter().flatten() {
            spec[field] = value.clone();
        }
        let url = format!("https://venue.example/events?key={PLAIN}&page=1");
        let source = Source::create(&self.cluster, &self.namespace, name, &url, &spec).await;
        source
            .patch(json!({ "metadata": {
                "annotations": { "example.org/token": OF_OTHERS },
                "labels": { "example.org/token": OF_OTHERS },
            }}))
            .await;
        source
    }

    /// Ends all.
    pub async fn end(self) {
        self.namespace.delete().await;
    }
}

/// Whether the operator has judged a source as it is now, with this status of `Ready`.
pub fn is_judged(source: &ScrapeSource, status: &str) -> bool {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|condition| condition.type_ == "Ready" && condition.status == status)
        .any(|condition| condition.observed_generation == source.metadata.generation)
}
