//! Passes over one source against an API server of which every call is expected: method, path and body. A call that is
//! missing, or one too many, ends the test.

mod listed;
mod refusals;
mod runs;
mod views;
mod writes;

use std::collections::BTreeMap;

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::{
    Client, ResourceExt,
    client::Body,
    runtime::events::{Recorder, Reporter},
};
use serde_json::{Value, json};
use sms_crds::{labels::RUN_NOW, v1alpha1::status::Trigger};
use tower_test::mock::{self, Handle};

use super::*;
use crate::{
    metrics::OperatorMetrics,
    runs::{JobEnd, JobRecord, PodRecord, PodState},
    settings,
};

/// How long a call may take to come: a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The API server's side.
struct Server(Handle<Request<Body>, Response<Body>>);

impl Server {
    /// Expects one call. Answers with `status` and what `answer` makes of the body.
    async fn expect(
        &mut self,
        method: &str,
        path: &str,
        status: u16,
        answer: impl FnOnce(Value) -> Value,
    ) -> Value {
        let next = tokio::time::timeout(PATIENCE, self.0.next_request());
        let (request, send) = next
            .await
            .unwrap_or_else(|_| panic!("no call came: {method} {path} was expected"))
            .expect("the operator hung up");
        assert_eq!((request.method().as_str(), request.uri().path()), (method, path));
        let is_write = method != "GET";
        let query = request.uri().query().unwrap_or_default().to_owned();
        assert!(
            !is_write || path.contains("/events") || query.contains("fieldManager=sms-operator"),
            "{query}"
        );
        let accepted = request
            .headers()
            .get("accept")
            .map(|value| value.as_bytes().to_vec());
        assert!(
            !query.contains("fieldValidation=Strict")
                || accepted.is_some_and(
                    |accepted| accepted.starts_with(b"application/json;as=PartialObjectMetadata;")
                ),
            "nothing else of an answer to a write is read"
        );
        let bytes = request.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = serde_json::to_vec(&answer(body.clone())).unwrap();
        send.send_response(
            Response::builder()
                .status(status)
                .body(Body::from(answer))
                .unwrap(),
        );
        body
    }

    /// Expects that nothing more is asked.
    async fn expect_silence(&mut self) {
        let next = tokio::time::timeout(Duration::from_millis(50), self.0.next_request());
        if let Ok(Some((request, _))) = next.await {
            panic!("one call too many: {} {}", request.method(), request.uri());
        }
    }
}

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/music/cronjobs";
const CRON_JOB: &str = "/apis/batch/v1/namespaces/music/cronjobs/blue-moon";
const SOURCE: &str = "/apis/sms-scraper.dev/v1alpha1/namespaces/music/scrapesources/blue-moon";
const JOBS: &str = "/apis/batch/v1/namespaces/music/jobs";
const STATUS: &str = "/apis/sms-scraper.dev/v1alpha1/namespaces/music/scrapesources/blue-moon/status";
const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/music/events";

fn set_up() -> (Context, Server) {
    let (service, handle) = mock::pair::<Request<Body>, Response<Body>>();
    let client = Client::new(service, "default");
    let job = settings::parse("image: job", "settings.yaml").unwrap();
    let context = Context {
        recorder: Recorder::new(client.clone(), Reporter::from("sms-operator")),
        client,
        config: Config::new(job, None, "sms-".to_owned(), "test".to_owned()).unwrap(),
        caches: Arc::new(Caches::default()),
        metrics: Arc::new(OperatorMetrics::new(&error::REASONS).unwrap()),
    };
    (context, Server(handle))
}

fn source() -> ScrapeSource {
    serde_json::from_value(json!({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource",
        "metadata": {"name": "blue-moon", "namespace": "music", "uid": "source-uid", "generation": 1,
                     "resourceVersion": "10", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"fetch": {"url": "https://example.org/"}, "extract": {"jsonLd": {}}}
    }))
    .unwrap()
}

/// The API server's answer to a created or changed object.
fn stored(generation: i64) -> impl FnOnce(Value) -> Value {
    move |mut body| {
        let metadata = &mut body["metadata"];
        metadata["uid"] = json!("cron-job-uid");
        metadata["name"] = json!("blue-moon");
        metadata["namespace"] = json!("music");
        metadata["generation"] = json!(generation);
        metadata["resourceVersion"] = json!("20");
        body
    }
}

fn written(version: &'static str) -> impl FnOnce(Value) -> Value {
    move |mut body| {
        body["metadata"]["resourceVersion"] = json!(version);
        body
    }
}

fn refused(code: u16, reason: &'static str, message: &'static str) -> impl FnOnce(Value) -> Value {
    move |_| json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
}

async fn pass(
    context: &Context,
    source: &ScrapeSource,
) -> Result<(ReconcileResult, Option<Duration>), ReconcileError> {
    tokio::time::timeout(PATIENCE, super::pass::over(source.clone(), context))
        .await
        .expect("the pass waits for a call that was not expected")
}

/// The source with the status that the operator wrote.
fn with_status(mut source: ScrapeSource, body: &Value) -> ScrapeSource {
    source.status = serde_json::from_value(body["status"].clone()).unwrap();
    source.metadata.resource_version = Some("11".to_owned());
    source
}

/// A source that is as it should be, with everything in the caches.
async fn settled(context: &Context, server: &mut Server) -> ScrapeSource {
    let source = source();
    context.caches.api_names().claim(&source);
    let (result, status) = tokio::join!(pass(context, &source), async {
        server.expect("POST", CRON_JOBS, 201, stored(1)).await;
        server.expect("PUT", STATUS, 200, written("11")).await
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
    assert_eq!(
        status.get("spec"),
        None,
        "an API server takes it from what it has"
    );
    with_status(source, &status)
}

fn ready(body: &Value) -> &Value {
    &body["status"]["conditions"][0]
}

struct ObjectMetaOf<'c>(&'c CronJob);

impl ObjectMetaOf<'_> {
    fn with(&self, uid: &str, generation: i64) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
        let mut metadata = self.0.metadata.clone();
        metadata.uid = Some(uid.to_owned());
        metadata.generation = Some(generation);
        metadata
    }
}
