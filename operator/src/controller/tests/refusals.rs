//! What is wrong or refused is told, and what is in force stays.

use super::*;

/// A pass whose new CronJob is answered with 403 and `message`: reason of the error, reason and message of `Ready`.
async fn forbidden(message: &'static str) -> [String; 3] {
    let (context, mut server) = set_up();
    let source = source();
    let (result, status) = tokio::join!(pass(&context, &source), async {
        server
            .expect("POST", CRON_JOBS, 403, refused(403, "Forbidden", message))
            .await;
        let status = server.expect("PUT", STATUS, 200, written("12")).await;
        server.expect("POST", EVENTS, 201, |body| body).await;
        status
    });
    let told = |field: &str| ready(&status)[field].as_str().unwrap().to_owned();
    let error = result.unwrap_err().reason().to_owned();
    [error, told("reason"), told("message")]
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
    let message =
        "cronjobs.batch \"blue-moon\" is forbidden: exceeded quota: tight, requested: count/cronjobs.batch=1";
    let [error, reason, told] = forbidden(message).await;
    assert_eq!([error, reason], ["Refused", "CronJobRefused"]);
    assert!(told.contains("exceeded quota"), "{told}");
}

#[tokio::test]
async fn a_right_that_the_operator_lacks_is_not_blamed_on_the_source() {
    let message = "cronjobs.batch is forbidden: User \"system:serviceaccount:sms-system:sms-operator\" cannot create resource \"cronjobs\" in API group \"batch\" in the namespace \"music\"";
    assert_eq!(
        forbidden(message).await[..2],
        ["Forbidden", "OperatorLacksRights"]
    );
}

#[tokio::test]
async fn a_policy_that_says_cannot_is_a_policy() {
    let message =
        "ValidatingAdmissionPolicy 'registries' denied request: images cannot come from this registry";
    assert_eq!(forbidden(message).await[..2], ["Refused", "CronJobRefused"]);
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
