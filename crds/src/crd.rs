//! The CustomResourceDefinition, generated from the types. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::ScrapeSource;

/// The CustomResourceDefinition of [`ScrapeSource`].
pub fn definition() -> CustomResourceDefinition {
    ScrapeSource::crd()
}

/// The CustomResourceDefinition as the YAML that is committed and installed.
pub fn yaml() -> Result<String, serde_saphyr::SerializeError> {
    serde_saphyr::to_string(&definition())
}
