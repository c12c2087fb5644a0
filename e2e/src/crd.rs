//! The committed CRD, installed. IO.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{Patch, PatchParams},
};

use crate::{Cluster, eventually};

/// What `make generate` wrote.
const YAML: &str = include_str!("../../crds/generated/scrapesources.yaml");
const NAME: &str = "scrapesources.sms-scraper.dev";

/// Applies the CRD and waits until sources can be created. Tests may do so at the same time.
///
/// # Panics
/// If the API server refuses it, or if it is not established within 30 s.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub async fn install(cluster: &Cluster) {
    let object: serde_json::Value =
        serde_saphyr::from_str(YAML).unwrap_or_else(|error| panic!("the generated CRD is not YAML: {error}"));
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let params = PatchParams::apply("sms-e2e").force().validation_strict();
    let applied = crds.patch(NAME, &params, &Patch::Apply(&object)).await;
    applied.unwrap_or_else(|error| panic!("the API server refuses the generated CRD: {error}"));
    eventually(Duration::from_secs(30), "the CRD is established", || async {
        let crd = crds.get_status(NAME).await.map_err(|error| error.to_string())?;
        let conditions = crd
            .status
            .and_then(|status| status.conditions)
            .unwrap_or_default();
        let is_true = |kind: &str| {
            conditions
                .iter()
                .any(|found| found.type_ == kind && found.status == "True")
        };
        match is_true("Established") && !is_true("NonStructuralSchema") {
            true => Ok(()),
            false => Err(format!("{conditions:?}")),
        }
    })
    .await;
}
