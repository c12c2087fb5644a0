//! What is written, and that nothing else is: a new source, a restart, changes by hand.

use super::*;

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
