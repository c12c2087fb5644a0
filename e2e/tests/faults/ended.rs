//! The operator is asked to end while it is at work. IO.

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::CronJob;
use sms_e2e::{Cluster, crowd, eventually, operator};

use super::{A_WHILE, Scene, prove};

const SIZE: usize = 100;
/// How many are done when it is asked to end.
const DONE: usize = 20;
/// Time to end; Kubernetes gives 30 s.
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_operator_that_is_asked_to_end_in_the_middle_leaves_nothing_half_done() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let mut scene = Scene::start(&cluster, "ended").await;
    let names = crowd::names(SIZE);
    let create = crowd::create_all(&scene.namespace, &names);
    let some = eventually(A_WHILE, "some are done", || async {
        let made = scene.namespace.names::<CronJob>().await.len();
        (made >= DONE).then_some(()).ok_or(made)
    });
    tokio::join!(create, some);
    let start = Instant::now();
    let code = scene.operator.terminate().await;
    let took = start.elapsed();
    let made = scene.namespace.names::<CronJob>().await.len();
    scene.operator = sms_e2e::Operator::start(&cluster, &scene.options).await;
    crowd::until_ready(&scene.namespace, SIZE, A_WHILE).await;
    let state = scene.settled().await;
    prove(
        "SIGTERM while 100 sources are new",
        format!(
            "exit code {code:?} after {took:.1?}, {made} of {SIZE} CronJobs by then; {} objects in the end",
            state.len()
        ),
        "exit code 0 within 10 s, 100 sources and 100 CronJobs in the end",
        code == Some(0) && took <= LIMIT && state.len() == 2 * SIZE,
    );
    scene.namespace.delete().await;
}
