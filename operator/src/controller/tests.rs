//! Passes over one source against an API server of which every call is expected: method, path and body. A call that is
//! missing, or one too many, ends the test within a second.

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
        let next = tokio::time::timeout(Duration::from_secs(1), self.0.next_request());
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

async fn pass(context: &Context, source: &ScrapeSource) -> Result<(ReconcileResult, Action), ReconcileError> {
    tokio::time::timeout(Duration::from_secs(1), reconcile_source(source.clone(), context))
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
    with_status(source, &status)
}

fn ready(body: &Value) -> &Value {
    &body["status"]["conditions"][0]
}

#[tokio::test]
async fn a_new_source_takes_two_writes_and_its_echoes_none() {
    let (context, mut server) = set_up();
    let source = source();
    context.caches.api_names().claim(&source);
    let (result, (created, status)) = tokio::join!(pass(&context, &source), async {
        (
            server.expect("POST", CRON_JOBS, 201, stored(1)).await,
            server.expect("PUT", STATUS, 200, written("11")).await,
        )
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
    assert_eq!(
        created,
        serde_json::to_value(render(&source, &context.config, true).unwrap()).unwrap()
    );
    assert_eq!(ready(&status)["type"], "Ready");
    assert_eq!(ready(&status)["status"], "True");
    assert_eq!(
        status["status"]["cronJob"],
        json!({"name": "blue-moon", "uid": "cron-job-uid", "generation": 1})
    );
    assert_eq!(status["metadata"]["resourceVersion"], "10");

    // The watch of CronJobs comes first and still shows the old source; then the source itself.
    let (again, ()) = tokio::join!(pass(&context, &source), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
    let source = with_status(source, &status);
    let (again, ()) = tokio::join!(pass(&context, &source), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
}

#[tokio::test]
async fn a_restart_writes_nothing() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let (fresh, mut server) = set_up();
    fresh.caches.api_names().claim(&source);
    let cron_job = render(&source, &fresh.config, true).unwrap();
    let metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    fresh.caches.cron_jobs().set(&metadata, &fresh.config);
    let (result, ()) = tokio::join!(pass(&fresh, &source), server.expect_silence());
    assert_eq!(result.unwrap().0, ReconcileResult::Unchanged);
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

#[tokio::test]
async fn a_change_by_hand_is_put_right_with_one_patch_that_keeps_foreign_labels() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let cron_job = render(&source, &context.config, true).unwrap();
    let mut metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 2);
    metadata
        .labels
        .get_or_insert_default()
        .insert("foreign".to_owned(), "kept".to_owned());
    assert!(
        context
            .caches
            .cron_jobs()
            .set(&metadata, &context.config)
            .is_some()
    );
    let (result, (patch, status)) = tokio::join!(pass(&context, &source), async {
        (
            server.expect("PATCH", CRON_JOB, 200, stored(3)).await,
            server.expect("PUT", STATUS, 200, written("12")).await,
        )
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
    let mut spec = serde_json::to_value(&cron_job.spec).unwrap();
    spec["$patch"] = json!("replace");
    assert_eq!(patch["spec"], spec);
    assert_eq!(
        patch["metadata"]["labels"],
        serde_json::to_value(cron_job.labels()).unwrap()
    );
    assert_eq!(status["status"]["cronJob"]["generation"], 3);
}

#[tokio::test]
async fn a_label_of_ours_that_somebody_took_away_comes_back() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let cron_job = render(&source, &context.config, true).unwrap();
    let mut metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    metadata
        .labels
        .get_or_insert_default()
        .remove("app.kubernetes.io/name");
    context.caches.cron_jobs().set(&metadata, &context.config);
    // The spec was not touched: the generation stays, and so does the status.
    let (result, _) = tokio::join!(
        pass(&context, &source),
        server.expect("PATCH", CRON_JOB, 200, stored(1))
    );
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
}

#[tokio::test]
async fn an_edit_of_the_source_changes_the_cron_job() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.spec.suspend = true;
    source.metadata.generation = Some(2);
    let (result, (patch, status)) = tokio::join!(pass(&context, &source), async {
        (
            server.expect("PATCH", CRON_JOB, 200, stored(2)).await,
            server.expect("PUT", STATUS, 200, written("12")).await,
        )
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
    assert_eq!(patch["spec"]["suspend"], true);
    assert_eq!(ready(&status)["reason"], "Suspended");
    assert_eq!(status["status"]["observedGeneration"], 2);
}

#[tokio::test]
async fn a_cron_job_that_was_deleted_is_created_again() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let cron_job = render(&source, &context.config, true).unwrap();
    context
        .caches
        .cron_jobs()
        .remove(&ObjectMetaOf(&cron_job).with("cron-job-uid", 1));
    let (result, ()) = tokio::join!(pass(&context, &source), async {
        server.expect("POST", CRON_JOBS, 201, stored(1)).await;
    });
    result.unwrap();
}

#[tokio::test]
async fn a_wrong_source_gets_a_condition_and_leaves_its_cron_job_alone() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.spec.time_zone = "Mars/Olympus".to_owned();
    source.metadata.generation = Some(2);
    let (result, status) = tokio::join!(pass(&context, &source), async {
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Refused);
    assert_eq!(
        (&ready(&status)["status"], &ready(&status)["reason"]),
        (&json!("False"), &json!("InvalidSource"))
    );
    assert_eq!(status["status"]["cronJob"]["uid"], "cron-job-uid");
}

#[tokio::test]
async fn a_cron_job_of_somebody_else_is_not_touched() {
    let (context, mut server) = set_up();
    let source = source();
    let (result, status) = tokio::join!(pass(&context, &source), async {
        server
            .expect("POST", CRON_JOBS, 409, refused(409, "AlreadyExists", "exists"))
            .await;
        server
            .expect("GET", CRON_JOB, 200, |_| {
                json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
                       "metadata": {"name": "blue-moon", "namespace": "music", "uid": "theirs", "generation": 1}})
            })
            .await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap_err().reason(), "Refused");
    assert_eq!(ready(&status)["reason"], "NameTaken");
}

#[tokio::test]
async fn what_kubernetes_refuses_is_told_in_the_object() {
    let (context, mut server) = set_up();
    let message =
        "cronjobs.batch \"blue-moon\" is forbidden: exceeded quota: tight, requested: count/cronjobs.batch=1";
    let source = source();
    let (result, status) = tokio::join!(pass(&context, &source), async {
        server
            .expect("POST", CRON_JOBS, 403, refused(403, "Forbidden", message))
            .await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap_err().reason(), "Refused");
    assert_eq!(ready(&status)["reason"], "CronJobRefused");
    assert!(
        ready(&status)["message"]
            .as_str()
            .unwrap()
            .contains("exceeded quota"),
        "{status}"
    );
}

#[tokio::test]
async fn a_right_that_the_operator_lacks_is_not_blamed_on_the_source() {
    let (context, mut server) = set_up();
    let message = "cronjobs.batch is forbidden: User \"system:serviceaccount:sms-system:sms-operator\" cannot create resource \"cronjobs\" in API group \"batch\" in the namespace \"music\"";
    let source = source();
    let (result, status) = tokio::join!(pass(&context, &source), async {
        server
            .expect("POST", CRON_JOBS, 403, refused(403, "Forbidden", message))
            .await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap_err().reason(), "Forbidden");
    assert_eq!(ready(&status)["reason"], "OperatorLacksRights");
}

#[tokio::test]
async fn a_policy_that_says_cannot_is_a_policy() {
    let (context, mut server) = set_up();
    let message =
        "ValidatingAdmissionPolicy 'registries' denied request: images cannot come from this registry";
    let source = source();
    let (result, status) = tokio::join!(pass(&context, &source), async {
        server
            .expect("POST", CRON_JOBS, 403, refused(403, "Forbidden", message))
            .await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap_err().reason(), "Refused");
    assert_eq!(ready(&status)["reason"], "CronJobRefused");
}

#[tokio::test]
async fn a_wrong_source_that_is_to_be_suspended_is_suspended_once() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.spec.time_zone = "Mars/Olympus".to_owned();
    source.spec.suspend = true;
    source.metadata.generation = Some(2);
    let (result, patch) = tokio::join!(pass(&context, &source), async {
        let patch = server
            .expect("PATCH", CRON_JOB, 200, |mut body| {
                let cron_job = render(&self::source(), &context.config, true).unwrap();
                let mut metadata =
                    serde_json::to_value(ObjectMetaOf(&cron_job).with("cron-job-uid", 2)).unwrap();
                metadata["annotations"] = body["metadata"]["annotations"].take();
                json!({"metadata": metadata})
            })
            .await;
        server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        patch
    });
    result.unwrap();
    assert_eq!(patch["spec"], json!({"suspend": true}));
    let (again, ()) = tokio::join!(pass(&context, &source), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Refused);
}

#[tokio::test]
async fn a_cron_job_that_is_on_its_way_out_is_no_schedule() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let cron_job = render(&source, &context.config, true).unwrap();
    let mut metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    metadata.deletion_timestamp = source.metadata.creation_timestamp.clone();
    context.caches.cron_jobs().set(&metadata, &context.config);
    let (result, status) = tokio::join!(pass(&context, &source), async {
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert!(result.unwrap_err().is_ordinary());
    assert_eq!(ready(&status)["reason"], "CronJobDeleting");
}

#[tokio::test]
async fn an_owner_that_somebody_took_away_comes_back() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let cron_job = render(&source, &context.config, true).unwrap();
    let mut metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    metadata.owner_references = None;
    context.caches.cron_jobs().set(&metadata, &context.config);
    let (result, patch) = tokio::join!(
        pass(&context, &source),
        server.expect("PATCH", CRON_JOB, 200, stored(1))
    );
    result.unwrap();
    assert_eq!(patch["metadata"]["ownerReferences"][0]["uid"], "source-uid");
}

#[tokio::test]
async fn a_job_that_is_refused_is_told_and_does_not_touch_the_cron_job() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.metadata.annotations = Some(BTreeMap::from([(RUN_NOW.to_owned(), "today".to_owned())]));
    let (result, status) = tokio::join!(pass(&context, &source), async {
        let quota = refused(403, "Forbidden", "exceeded quota: jobs");
        server.expect("POST", JOBS, 403, quota).await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    assert_eq!(result.unwrap_err().reason(), "Refused");
    assert_eq!(status["status"]["runNow"]["state"], "Waiting");
    let message = status["status"]["runNow"]["message"].as_str().unwrap();
    assert!(message.contains("exceeded quota: jobs"), "{message}");
    assert_eq!(ready(&status)["status"], "True", "the schedule stands");
}

#[tokio::test]
async fn our_own_patch_is_remembered_although_the_status_could_not_be_written() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.spec.suspend = true;
    source.metadata.generation = Some(2);
    let (result, ()) = tokio::join!(pass(&context, &source), async {
        server.expect("PATCH", CRON_JOB, 200, stored(2)).await;
        let conflict = refused(409, "Conflict", "modified");
        server.expect("PUT", STATUS, 409, conflict).await;
    });
    assert!(result.unwrap_err().is_ordinary());
    source.metadata.resource_version = Some("13".to_owned());
    let (result, status) = tokio::join!(
        pass(&context, &source),
        server.expect("PUT", STATUS, 200, written("14"))
    );
    result.unwrap();
    assert_eq!(status["status"]["cronJob"]["generation"], 2);
}

#[tokio::test]
async fn a_conflict_loses_nothing_and_the_next_pass_starts_from_what_the_watch_shows() {
    let (context, mut server) = set_up();
    let source = source();
    let (result, ()) = tokio::join!(pass(&context, &source), async {
        server.expect("POST", CRON_JOBS, 201, stored(1)).await;
        server
            .expect(
                "PUT",
                STATUS,
                409,
                refused(409, "Conflict", "the object has been modified"),
            )
            .await;
    });
    assert!(result.unwrap_err().is_ordinary());
    let mut newer = source;
    newer.metadata.resource_version = Some("13".to_owned());
    let (result, status) = tokio::join!(
        pass(&context, &newer),
        server.expect("PUT", STATUS, 200, written("14"))
    );
    result.unwrap();
    assert_eq!(status["metadata"]["resourceVersion"], "13");
}

#[tokio::test(start_paused = true)]
async fn a_view_that_proved_to_be_old_is_not_acted_on_until_the_watch_shows_another() {
    for (code, reason) in [(404, "NotFound"), (409, "Conflict")] {
        let (context, mut server) = set_up();
        let source = source();
        let both = async |server: &mut Server| {
            server.expect("POST", CRON_JOBS, 201, stored(1)).await;
            let refusal = refused(code, reason, "another version, or none");
            server.expect("PUT", STATUS, code, refusal).await;
        };
        let (result, ()) = tokio::join!(pass(&context, &source), both(&mut server));
        result.unwrap_err();
        // Kubernetes collects the CronJob of a source that is gone, and the watch of CronJobs asks for a pass.
        context.caches.cron_jobs().begin();
        context.caches.cron_jobs().complete();
        let (again, ()) = tokio::join!(pass(&context, &source), server.expect_silence());
        assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
        // A watch that shows nothing for long is no longer waited for.
        tokio::time::advance(Duration::from_secs(31)).await;
        let (late, ()) = tokio::join!(pass(&context, &source), both(&mut server));
        late.unwrap_err();
        let mut newer = source;
        newer.metadata.resource_version = Some("13".to_owned());
        context.caches.cron_jobs().begin();
        context.caches.cron_jobs().complete();
        let (result, ()) = tokio::join!(pass(&context, &newer), async {
            server.expect("POST", CRON_JOBS, 201, stored(1)).await;
            server.expect("PUT", STATUS, 200, written("14")).await;
        });
        result.unwrap();
    }
}

#[tokio::test]
async fn run_now_makes_one_job_and_notes_its_token() {
    let (context, mut server) = set_up();
    let mut source = settled(&context, &mut server).await;
    source.metadata.annotations = Some(BTreeMap::from([(RUN_NOW.to_owned(), "today".to_owned())]));
    let (result, (job, status)) = tokio::join!(pass(&context, &source), async {
        let job = server.expect("POST", JOBS, 201, stored(1)).await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        (job, status)
    });
    result.unwrap();
    assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], "source-uid");
    assert_eq!(status["status"]["runNow"]["state"], "Started");
    assert_eq!(status["status"]["runNow"]["job"], job["metadata"]["name"]);
    let (again, ()) = tokio::join!(pass(&context, &source), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
}

fn finished_job() -> JobRecord {
    JobRecord {
        uid: "job-uid".to_owned(),
        name: "blue-moon-1".to_owned(),
        owner_uid: "cron-job-uid".to_owned(),
        trigger: Trigger::Schedule,
        run_now_token: None,
        created: "2026-01-02T00:00:00Z".parse().unwrap(),
        active_deadline_seconds: Some(600),
        ended_pods: 1,
        ended: Some(JobEnd {
            at: "2026-01-02T00:00:09Z".parse().unwrap(),
            is_complete: true,
            reason: "CompletionsReached".to_owned(),
            message: String::new(),
        }),
    }
}

fn finished_pod() -> PodRecord {
    let report = serde_json::from_value(json!({
        "source": "music/blue-moon", "apiName": "blue_moon", "run": "1", "outcome": "Succeeded",
        "startedAt": "2026-01-02T00:00:05.000Z", "finishedAt": "2026-01-02T00:00:08.000Z", "durationSeconds": 3.0,
        "found": 7, "processed": 7, "new": 7, "store": "postgres", "metricsPushed": true
    }))
    .unwrap();
    PodRecord {
        uid: "pod-uid".to_owned(),
        name: "blue-moon-1-x".to_owned(),
        job_uid: "job-uid".to_owned(),
        created: "2026-01-02T00:00:01Z".parse().unwrap(),
        is_deleted: false,
        state: PodState::Ended {
            exit_code: Some(0),
            reason: None,
            message: None,
            report: Some(Box::new(report)),
            at: Some("2026-01-02T00:00:08Z".parse().unwrap()),
        },
    }
}

#[tokio::test]
async fn a_finished_run_takes_one_write_and_is_counted_once_across_restarts() {
    let (context, mut server) = set_up();
    let source = settled(&context, &mut server).await;
    let key = source.key();
    context.caches.runs().set_job(&key, finished_job());
    context.caches.runs().set_pod(&key, finished_pod());
    let (result, status) = tokio::join!(
        pass(&context, &source),
        server.expect("PUT", STATUS, 200, written("12"))
    );
    result.unwrap();
    assert_eq!(status["status"]["totals"]["processed"], 7);
    assert_eq!(status["status"]["lastRun"]["processed"], 7);
    assert_eq!(status["status"]["countedJobs"], json!(["job-uid"]));

    let (fresh, mut server) = set_up();
    let source = with_status(source, &status);
    fresh.caches.api_names().claim(&source);
    let cron_job = render(&source, &fresh.config, true).unwrap();
    fresh
        .caches
        .cron_jobs()
        .set(&ObjectMetaOf(&cron_job).with("cron-job-uid", 1), &fresh.config);
    fresh.caches.runs().set_job(&key, finished_job());
    fresh.caches.runs().set_pod(&key, finished_pod());
    let (again, ()) = tokio::join!(pass(&fresh, &source), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
}
