//! Events that the operator does not see, or sees too late: Sieve's recipe for unobserved states. IO.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::CronJob;
use kube::{Api, api::DeleteParams};
use serde_json::json;
use sms_crds::ScrapeSource;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, crowd,
    end_state::EndState,
    eventually, operator,
    operator::Options,
    proxy::{Act, Answer, Verb},
};

use super::{A_WHILE, Scene, life::is_collected, prove};

const SIZE: usize = 4;
const RESOURCES: [&str; 4] = ["scrapesources", "cronjobs", "jobs", "pods"];
/// What a busy machine may need for what takes a second.
const SOON: Duration = Duration::from_mins(1);

/// How a watch learns that its version is too old.
const TOO_OLD: [Answer; 2] = [
    Answer::Status {
        code: 410,
        retry_after: None,
    },
    Answer::Expired,
];

#[tokio::test]
async fn a_watch_whose_version_is_too_old_lists_once_and_goes_on() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let scene = Scene::start(&cluster, "expired").await.with_sources(SIZE).await;
    let (mut lists, mut slowest) = (Vec::new(), Duration::ZERO);
    for (round, answer) in TOO_OLD.into_iter().enumerate() {
        for resource in RESOURCES {
            let before = scene.proxy.count(|call| call.is(Verb::List, resource));
            // Until it lists, its version stays too old.
            let mut is_listed = false;
            scene.proxy.set(move |call| {
                is_listed |= call.is(Verb::List, resource);
                match call.is(Verb::Watch, resource) && !is_listed {
                    true => Act::Instead(answer),
                    false => Act::Forward,
                }
            });
            let faults = scene.proxy.faults();
            scene.proxy.cut_watches();
            scene.proxy.until_faults(faults).await;
            let start = Instant::now();
            // Something that only a watch shows.
            let zone = ["America/Los_Angeles", "UTC"][round];
            let source = Source::named(&cluster, &scene.namespace, &crowd::names(SIZE)[0]);
            let change = json!({ "spec": { "timeZone": zone, "job": { "activeDeadlineSeconds": 100 + lists.len() } } });
            source.patch(change).await;
            let name = source.name().to_owned();
            scene
                .namespace
                .api::<CronJob>()
                .delete(&name, &DeleteParams::background())
                .await
                .unwrap();
            eventually(A_WHILE, "the CronJob is back", || async {
                let found = scene.namespace.names::<CronJob>().await;
                found.contains(&name).then_some(()).ok_or(format!("{found:?}"))
            })
            .await;
            crowd::until_ready(&scene.namespace, SIZE, A_WHILE).await;
            scene.settled().await;
            eventually(A_WHILE, "it was listed", || async {
                let now = scene.proxy.count(|call| call.is(Verb::List, resource));
                (now > before).then_some(()).ok_or("no list")
            })
            .await;
            slowest = slowest.max(start.elapsed());
            lists.push(scene.proxy.count(|call| call.is(Verb::List, resource)) - before);
        }
    }
    prove(
        "410 Gone to each watch, as a status and as an event",
        format!("{lists:?} lists, all right after {slowest:.1?} at most"),
        "1 list for each 410; all right within seconds",
        lists.iter().all(|lists| *lists == 1) && slowest <= SOON,
    );
    scene.namespace.delete().await;
}

#[tokio::test]
async fn a_list_whose_next_page_is_gone_begins_anew() {
    const PAGE: usize = 5;
    const SIZE: usize = 12;
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let mut scene = Scene::start(&cluster, "pages").await.with_sources(SIZE).await;
    let before = scene.settled().await;
    let mut counts = Vec::new();
    for resource in ["scrapesources", "cronjobs"] {
        scene.operator.kill().await;
        scene.proxy.shorten_pages(PAGE);
        let mut pages = 0;
        scene.proxy.set(move |call| {
            let is_next = call.is(Verb::List, resource) && call.is_continued();
            pages += usize::from(is_next);
            // The second page, the first time.
            match is_next && pages == 1 {
                true => Act::Instead(Answer::status(410)),
                false => Act::Forward,
            }
        });
        let writes = scene.proxy.count(sms_e2e::proxy::Call::is_write);
        let pages = scene
            .proxy
            .count(|call| call.is(Verb::List, resource) && call.is_continued());
        scene.operator = Operator::start(&cluster, &scene.options).await;
        eventually(A_WHILE, "it has looked at every source", || async {
            let looked = "sms_operator_reconciliations_total{result=\"unchanged\"}";
            let looked = scene.operator.metric(looked).await.unwrap_or_default();
            (looked >= 12.0).then_some(()).ok_or(looked)
        })
        .await;
        let log = scene.operator.log();
        assert!(log.contains("Listed everything; sources: 12"), "{log}");
        let continued = scene
            .proxy
            .count(|call| call.is(Verb::List, resource) && call.is_continued());
        counts.push((
            continued - pages,
            scene.proxy.count(sms_e2e::proxy::Call::is_write) - writes,
        ));
    }
    assert_eq!(scene.settled().await.difference(&before), None);
    prove(
        "410 Gone to the second page of a list",
        format!("{counts:?} further pages and writes"),
        "begun anew once (1 + 2 pages), 0 writes, no object missed",
        counts == [(3, 0), (3, 0)],
    );
    scene.namespace.delete().await;
}

/// What happens while nobody looks: there and back, another object of the same name, a CronJob that goes, one that changes.
async fn act(cluster: &Cluster, namespace: &Namespace) {
    let source = |index: usize| Source::named(cluster, namespace, &crowd::names(SIZE)[index]);
    let zone = |zone: &str| json!({ "spec": { "timeZone": zone } });
    source(0).patch(zone("America/Los_Angeles")).await;
    source(0).patch(zone("UTC")).await;
    let sources: Api<ScrapeSource> = namespace.api();
    sources
        .delete(source(1).name(), &DeleteParams::default())
        .await
        .unwrap();
    let mut again = crowd::idle(source(1).name());
    again["spec"]["timeZone"] = json!("Europe/Berlin");
    crowd::create(namespace, &again).await;
    sources
        .delete(source(2).name(), &DeleteParams::default())
        .await
        .unwrap();
    let cron_jobs: Api<CronJob> = namespace.api();
    // There is none where no operator was yet.
    let _ = cron_jobs
        .delete(source(3).name(), &DeleteParams::background())
        .await;
}

/// CronJobs whose source is not there any more.
async fn orphans(namespace: &Namespace) -> Vec<String> {
    let sources: Api<ScrapeSource> = namespace.api();
    let cron_jobs: Api<CronJob> = namespace.api();
    let alive = sources
        .list(&kube::api::ListParams::default())
        .await
        .unwrap()
        .items;
    let alive: Vec<_> = alive
        .into_iter()
        .filter_map(|source| source.metadata.uid)
        .collect();
    let found = cron_jobs
        .list(&kube::api::ListParams::default())
        .await
        .unwrap()
        .items;
    let is_orphan = |cron_job: &CronJob| {
        let owners = cron_job.metadata.owner_references.iter().flatten();
        !owners.into_iter().any(|owner| alive.contains(&owner.uid))
    };
    found
        .into_iter()
        .filter(is_orphan)
        .filter_map(|found| found.metadata.name)
        .collect()
}

#[tokio::test]
async fn what_happened_unseen_is_made_up_for() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    if !is_collected(&cluster).await {
        return;
    }
    // A fresh install of what is there in the end.
    let calm = Namespace::create(&cluster, "calm").await;
    crowd::create_all(&calm, &crowd::names(SIZE)).await;
    act(&cluster, &calm).await;
    let reference = {
        let _operator = Operator::start(&cluster, &Options::watching(&cluster, &calm)).await;
        crowd::until_ready(&calm, SIZE - 1, A_WHILE).await;
        eventually(A_WHILE, "statuses are about what is", || EndState::of(&calm)).await
    };
    calm.delete().await;

    let mut slowest = Duration::ZERO;
    // Shown all at once; or never shown, since the watch was cut and its version is too old.
    for is_lost in [false, true] {
        let scene = Scene::start(&cluster, "unseen").await.with_sources(SIZE).await;
        scene.proxy.hold_watches();
        act(&cluster, &scene.namespace).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        if is_lost {
            let mut listed = Vec::new();
            scene.proxy.set(move |call| {
                if call.verb == Verb::List {
                    listed.push(call.resource.clone());
                }
                match call.verb == Verb::Watch && !listed.contains(&call.resource) {
                    true => Act::Instead(Answer::status(410)),
                    false => Act::Forward,
                }
            });
            scene.proxy.cut_watches();
        }
        scene.proxy.release_watches();
        let start = Instant::now();
        crowd::until_ready(&scene.namespace, SIZE - 1, A_WHILE).await;
        eventually(A_WHILE, "the end is that of a fresh install", || async {
            let orphans = orphans(&scene.namespace).await;
            if !orphans.is_empty() {
                return Err(format!("orphans: {orphans:?}"));
            }
            let state = EndState::of(&scene.namespace).await?;
            state.difference(&reference).map_or(Ok(()), Err)
        })
        .await;
        slowest = slowest.max(start.elapsed());
        scene.namespace.delete().await;
    }
    prove(
        "A→B→A, deleted and created again, while the watch is held or lost",
        format!("as a fresh install {slowest:.1?} later at most; 0 CronJobs of sources that are gone"),
        "as a fresh install; 0 CronJobs of sources that are gone",
        true,
    );
}
