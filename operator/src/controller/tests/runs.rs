//! Runs that are asked for and runs that end.

use super::*;

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
