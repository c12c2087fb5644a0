//! The committed CRD, installed. IO.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};

use serde_json::{Value, json};

use crate::{Cluster, eventually};

/// What `make generate` wrote.
const YAML: &str = include_str!("../../crds/generated/scrapesources.yaml");
const NAME: &str = "scrapesources.sms-scraper.dev";

/// Applies the CRD and waits until sources can be created. Tests may do so at the same time.
///
/// # Panics
/// If the API server refuses it, or if it is not established within two minutes.
pub async fn install(cluster: &Cluster) {
    apply(cluster, &object()).await;
}

/// Applies the CRD without its rules: any object will do, as if an older or newer version of it were installed. No other
/// test may run meanwhile.
///
/// # Panics
/// As [`install`].
pub async fn loosen(cluster: &Cluster) {
    let mut object = object();
    let anything = json!({ "x-kubernetes-preserve-unknown-fields": true });
    let version = &mut object["spec"]["versions"][0];
    version["schema"]["openAPIV3Schema"] =
        json!({ "type": "object", "properties": { "spec": anything, "status": anything } });
    // They would name fields that the schema does not have.
    version["selectableFields"] = json!([]);
    apply(cluster, &object).await;
}

/// Deletes the CRD, with every source, and waits until it is gone. No other test may run meanwhile.
///
/// # Panics
/// If it is still there after four minutes.
pub async fn remove(cluster: &Cluster) {
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client());
    eventually(Duration::from_mins(4), "there is no CRD", || async {
        // A namespace that is being deleted may hold it up.
        match crds.delete(NAME, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Ok(_) => Err("it is being deleted".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
fn object() -> Value {
    serde_saphyr::from_str(YAML).unwrap_or_else(|error| panic!("the generated CRD is not YAML: {error}"))
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
async fn apply(cluster: &Cluster, object: &Value) {
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let params = PatchParams::apply("sms-e2e").force().validation_strict();
    let applied = crds.patch(NAME, &params, &Patch::Apply(object)).await;
    applied.unwrap_or_else(|error| panic!("the API server refuses the CRD: {error}"));
    eventually(Duration::from_mins(2), "the CRD is established", || async {
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
