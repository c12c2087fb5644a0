//! The operator's writes: strict, under its field manager, and reading nothing but metadata of the answers. IO.

use http::header::{ACCEPT, HeaderValue};
use k8s_openapi::{api::batch::v1::CronJob, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    core::{NamespaceResourceScope, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sms_crds::{ScrapeSource, ScrapeSourceStatus};

use super::error::CallError;

/// Who writes (Kubernetes, "Server-Side Apply", field managers).
pub const FIELD_MANAGER: &str = "sms-operator";

/// What is read of an answer: the objects themselves were just sent.
#[derive(Deserialize)]
struct Answer {
    metadata: ObjectMeta,
}

fn post() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

/// Asks for nothing but metadata in the answer ("Resources", Kubernetes API Concepts): an API server spends less on that than on
/// the whole object, and so do we.
const METADATA: HeaderValue =
    HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");

/// An unknown or doubled field is an error rather than silently dropped (KEP-2885).
fn strict(request: http::Request<Vec<u8>>) -> Result<http::Request<Vec<u8>>, kube::Error> {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(ACCEPT, METADATA);
    let uri = format!("{}&fieldValidation=Strict", parts.uri);
    parts.uri = uri
        .parse()
        .map_err(|error: http::uri::InvalidUri| kube::Error::HttpError(error.into()))?;
    Ok(http::Request::from_parts(parts, body))
}

fn built(
    request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<http::Request<Vec<u8>>, kube::Error> {
    request.map_err(kube::Error::BuildRequest).and_then(strict)
}

fn encoded(value: &impl Serialize) -> Result<Vec<u8>, kube::Error> {
    serde_json::to_vec(value).map_err(kube::Error::SerdeError)
}

fn requests<K>(object: &K) -> Request
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    Request::new(K::url_path(&(), object.namespace().as_deref()))
}

fn act<K: Resource<DynamicType = ()>>(verb: &str, object: &K) -> String {
    let kind = K::kind(&());
    let namespace = object.namespace().unwrap_or_default();
    format!("{verb} {kind} {namespace}/{}", object.name_any())
}

/// Creates an object. Gives its metadata.
///
/// # Errors
/// The call failed; "already exists" among the reasons.
pub async fn create<K>(client: &Client, object: &K) -> Result<ObjectMeta, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Serialize,
{
    let send = async {
        let request = built(requests(object).create(&post(), encoded(object)?))?;
        client.request::<Answer>(request).await
    };
    let answer = send.await.map_err(CallError::of(act("create", object)))?;
    Ok(answer.metadata)
}

/// Makes the spec of an object exactly `spec`, and its metadata contain ours: a strategic-merge patch, so that a field that
/// is dropped goes and foreign labels stay. Repeated, it changes nothing.
///
/// # Errors
/// The call failed.
pub async fn replace_spec<K>(client: &Client, object: &K, mut spec: Value) -> Result<ObjectMeta, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    if let Some(fields) = spec.as_object_mut() {
        fields.insert("$patch".to_owned(), json!("replace"));
    }
    let metadata = object.meta();
    let body = json!({
        "metadata": {
            "labels": metadata.labels,
            "annotations": metadata.annotations,
            "ownerReferences": metadata.owner_references,
        },
        "spec": spec,
    });
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let send = async {
        let patch = Patch::Strategic(body);
        let request = built(requests(object).patch(&object.name_any(), &parameters, &patch))?;
        client.request::<Answer>(request).await
    };
    let answer = send.await.map_err(CallError::of(act("update", object)))?;
    Ok(answer.metadata)
}

/// Suspends a CronJob and notes in its annotations what we gave it.
///
/// # Errors
/// The call failed.
pub async fn suspend(
    client: &Client,
    namespace: &str,
    name: &str,
    annotations: &Value,
) -> Result<ObjectMeta, CallError> {
    let body = json!({"metadata": {"annotations": annotations}, "spec": {"suspend": true}});
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let send = async {
        let requests = Request::new(CronJob::url_path(&(), Some(namespace)));
        let request = built(requests.patch(name, &parameters, &Patch::Merge(body)))?;
        client.request::<Answer>(request).await
    };
    let answer = send
        .await
        .map_err(CallError::of(format!("suspend CronJob {namespace}/{name}")))?;
    Ok(answer.metadata)
}

/// Writes the status of `source`, guarded by its `resourceVersion`. Gives the new one.
///
/// # Errors
/// The call failed; a conflict if somebody else was faster.
pub async fn write_status(
    client: &Client,
    source: &ScrapeSource,
    status: &ScrapeSourceStatus,
) -> Result<String, CallError> {
    // The spec does not travel: an API server takes only the status from such a request.
    let body = json!({
        "apiVersion": ScrapeSource::api_version(&()),
        "kind": ScrapeSource::kind(&()),
        "metadata": {
            "name": source.metadata.name,
            "namespace": source.metadata.namespace,
            "uid": source.metadata.uid,
            "resourceVersion": source.metadata.resource_version,
        },
        "status": status,
    });
    let send = async {
        let request = built(requests(source).replace_subresource(
            "status",
            &source.name_any(),
            &post(),
            encoded(&body)?,
        ))?;
        client.request::<Answer>(request).await
    };
    let answer = send
        .await
        .map_err(CallError::of(act("write the status of", source)))?;
    Ok(answer.metadata.resource_version.unwrap_or_default())
}
