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
