//! Old views of the cluster: conflicts, and echoes that are late.

use super::*;

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

/// The CronJob as another process of the operator left it, built from this generation and spec of the source.
fn left(context: &Context, source: &ScrapeSource) {
    let cron_job = render(source, &context.config, true).unwrap();
    let metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    context.caches.cron_jobs().set(&metadata, &context.config);
}

#[tokio::test]
async fn an_old_view_after_a_restart_does_not_undo_a_newer_spec() {
    let (context, mut server) = set_up();
    let mut newer = source();
    newer.spec.suspend = true;
    newer.metadata.generation = Some(3);
    left(&context, &newer);
    let mut old = source();
    old.metadata.generation = Some(2);
    context.caches.api_names().claim(&old);
    for refused in [false, true] {
        if refused {
            // It would be suspended.
            old.spec.time_zone = "Mars/Olympus".to_owned();
            old.spec.suspend = true;
            old.metadata.resource_version = Some("11".to_owned());
        }
        let (result, ()) = tokio::join!(pass(&context, &old), async {
            server.expect("GET", SOURCE, 200, |_| metadata_of(&newer)).await;
            server.expect_silence().await;
        });
        let error = result.unwrap_err();
        assert!(error.is_ordinary() && error.is_of_an_old_view(), "{error}");
        let (again, ()) = tokio::join!(pass(&context, &old), server.expect_silence());
        assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
    }

    newer.metadata.resource_version = Some("14".to_owned());
    let (result, _) = tokio::join!(
        pass(&context, &newer),
        server.expect("PUT", STATUS, 200, written("15"))
    );
    result.unwrap();
}

fn metadata_of(source: &ScrapeSource) -> Value {
    json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": source.metadata})
}

#[tokio::test]
async fn a_generation_that_somebody_made_up_keeps_nothing_from_being_applied() {
    let (context, mut server) = set_up();
    let mut of_the_future = source();
    of_the_future.spec.suspend = true;
    of_the_future.metadata.generation = Some(1_000_000);
    left(&context, &of_the_future);
    let source = source();
    let (result, (patch, _)) = tokio::join!(pass(&context, &source), async {
        server.expect("GET", SOURCE, 200, |_| metadata_of(&source)).await;
        (
            server.expect("PATCH", CRON_JOB, 200, stored(3)).await,
            server.expect("PUT", STATUS, 200, written("11")).await,
        )
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
    let annotations = &patch["metadata"]["annotations"];
    assert_eq!(annotations["sms-scraper.dev/source-generation"], "1");
}

#[tokio::test]
async fn a_cron_job_of_an_earlier_release_is_changed_without_asking() {
    let (context, mut server) = set_up();
    let mut edited = settled(&context, &mut server).await;
    let cron_job = render(&edited, &context.config, true).unwrap();
    let mut metadata = ObjectMetaOf(&cron_job).with("cron-job-uid", 1);
    let annotations = metadata.annotations.as_mut().unwrap();
    assert!(annotations.remove("sms-scraper.dev/source-generation").is_some());
    context.caches.cron_jobs().set(&metadata, &context.config);
    // The missing annotation alone is no reason to write.
    let (again, ()) = tokio::join!(pass(&context, &edited), server.expect_silence());
    assert_eq!(again.unwrap().0, ReconcileResult::Unchanged);
    edited.spec.suspend = true;
    edited.metadata.generation = Some(2);
    let (result, _) = tokio::join!(pass(&context, &edited), async {
        server.expect("PATCH", CRON_JOB, 200, stored(2)).await;
        server.expect("PUT", STATUS, 200, written("12")).await
    });
    assert_eq!(result.unwrap().0, ReconcileResult::Applied);
}
