//! `spec.job`: settings of the Job in a cluster. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Longest time of a Job where the source does not say, in seconds.
const ACTIVE_DEADLINE_SECONDS: i64 = 600;
/// How late a missed run may start where the source does not say, in seconds. Without a limit, a schedule that is resumed
/// would fire at once.
const STARTING_DEADLINE_SECONDS: i64 = 300;

/// Settings of the Job that runs this source in a cluster. What widens a Pod's power (tolerations, service account,
/// environment, proxy) is set on the operator, never here.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct JobSpec {
    /// Requests and limits of the container. Default: the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Resources>")]
    pub resources: Option<ResourceRequirements>,

    /// Labels added to Job and Pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub labels: BTreeMap<String, String>,

    /// Annotations added to Job and Pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub annotations: BTreeMap<String, String>,

    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub node_selector: BTreeMap<String, String>,

    /// Longest time of one run, in seconds; then Kubernetes ends it. Default: 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86400))]
    pub active_deadline_seconds: Option<i64>,

    /// How late a missed run may still start, in seconds. Default: 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86400))]
    pub starting_deadline_seconds: Option<i64>,

    /// How often a failed Pod is tried again within one Job. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 5))]
    pub backoff_limit: Option<i32>,

    /// Finished Jobs kept after success; one at least, or the operator could not see how it ended. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub successful_jobs_history_limit: Option<i32>,

    /// Finished Jobs kept after failure; one at least. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub failed_jobs_history_limit: Option<i32>,

    /// How long a finished Job is kept, in seconds. Default: 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 2_592_000))]
    pub ttl_seconds_after_finished: Option<i32>,
}

impl JobSpec {
    /// Longest time of one run, in seconds.
    pub fn active_deadline(&self) -> i64 {
        self.active_deadline_seconds.unwrap_or(ACTIVE_DEADLINE_SECONDS)
    }

    /// How late a missed run may still start, in seconds.
    pub fn starting_deadline(&self) -> i64 {
        self.starting_deadline_seconds
            .unwrap_or(STARTING_DEADLINE_SECONDS)
    }
}

/// Pattern of a quantity that is written as text (Kubernetes, "Resource Management for Pods and Containers").
pub const QUANTITY: &str = r"^[0-9]{1,18}(\.[0-9]{1,9})?([munkMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?$";

/// What the container may use, in quantities such as `100m`, `0.5`, `64Mi`.
// A part of Kubernetes' ResourceRequirements: `claims` is not a source's to ask for.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes a schema")]
pub struct Resources {
    /// Most that the container may use. Example: `{ memory: 256Mi }`.
    #[schemars(default, extend("maxProperties" = 16))]
    limits: BTreeMap<String, Amount>,

    /// What the container is guaranteed. Example: `{ cpu: 50m, memory: 64Mi }`.
    #[schemars(default, extend("maxProperties" = 16))]
    requests: BTreeMap<String, Amount>,
}

/// A quantity, as a number or as text.
#[allow(dead_code, reason = "describes a schema")]
struct Amount(String);

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Amount, e.g. 100m, 0.5, 64Mi or 1Gi.",
            "x-kubernetes-int-or-string": true,
            "pattern": QUANTITY,
            "maxLength": 32
        })
    }
}
