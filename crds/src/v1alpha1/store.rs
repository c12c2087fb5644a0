//! `spec.store` and `spec.retention`. Pure.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DurationString;

/// Where events are stored: at most one of `secretRef` and `volumeClaim`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.secretRef) && has(self.volumeClaim))")
    .message("has both secretRef and volumeClaim: events go to one store, remove one"))]
pub struct StoreSpec {
    /// Secret whose key `url` is the store's address (`postgres://…`). Without a cluster it is the file
    /// `$SMS_SECRETS_DIR/<name>/url`; `--store` wins over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,

    /// Claim of a volume for a SQLite file, for a cluster without PostgreSQL. It is mounted at `/data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_claim: Option<VolumeClaim>,
}

/// A Secret in the source's namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret. In a cluster it must carry the operator's prefix (default `sms-`).
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"))]
    pub name: String,
}

/// A `PersistentVolumeClaim` in the source's namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct VolumeClaim {
    /// Name of the claim. In a cluster it must carry the operator's prefix (default `sms-`).
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"))]
    pub claim_name: String,
}

/// How long events and runs are kept.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct RetentionSpec {
    /// How long an event is kept after its end (or start). Default: for ever. Example: `365d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<DurationString>,

    /// How long a run's row is kept. Default: for ever. Example: `90d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<DurationString>,
}
