//! A leader loses its Lease in the middle of a write, which arrives after its successor's. IO.

use k8s_openapi::api::batch::v1::CronJob;
use kube::Api;
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, crowd,
    end_state::EndState,
    eventually,
    operator::{self, Options},
    proxy::{Act, Answer, Call, Verb},
};

use super::{A_WHILE, prove, proxy};

const LEASE: &str = "sms-operator";
const NAME: &str = "blue-moon";
const NEW: &str = "newcomer";

fn is_of_sources(call: &Call) -> bool {
    call.is_write() && call.resource != "leases" && call.resource != "events"
}

async fn until_leads(operator: &Operator) {
    eventually(A_WHILE, "it leads", || async {
        let leads = operator.metric("sms_operator_leader").await == Some(1.0);
        leads.then_some(()).ok_or(operator.log())
    })
    .await;
}

async fn deadline(namespace: &Namespace) -> Option<i64> {
    let cron_jobs: Api<CronJob> = namespace.api();
    let spec = cron_jobs.get(NAME).await.unwrap().spec?;
    spec.job_template.spec?.active_deadline_seconds
}

async fn edit(source: &Source, deadline: i64) {
    let change = json!({ "spec": { "job": { "activeDeadlineSeconds": deadline } } });
    source.patch(change).await;
}

#[tokio::test]
async fn a_write_of_a_lost_leader_that_comes_late_is_put_right() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "late").await;
    let options = Options {
        lease: Some(LEASE.to_owned()),
        ..Options::watching(&cluster, &namespace)
    };
    let (first_proxy, second_proxy) = (proxy(&cluster).await, proxy(&cluster).await);
    let first = Operator::start(&cluster, &options.clone().through(&first_proxy)).await;
    until_leads(&first).await;
    let second = Operator::start(&cluster, &options.through(&second_proxy)).await;
    crowd::create(&namespace, &crowd::idle(NAME)).await;
    crowd::until_ready(&namespace, 1, A_WHILE).await;

    // The leader is cut off while it changes one CronJob and creates another.
    first_proxy.set(move |call| match call.resource == "cronjobs" && call.is_write() {
        true => Act::Late,
        false => Act::Forward,
    });
    let source = Source::named(&cluster, &namespace, NAME);
    edit(&source, 111).await;
    crowd::create(&namespace, &crowd::idle(NEW)).await;
    first_proxy.until_faults(1).await;
    let cut_off = first_proxy.calls().len();
    first_proxy.set(|_| Act::Instead(Answer::Silence));
    first_proxy.cut_watches();
    until_leads(&second).await;
    crowd::until_ready(&namespace, 2, A_WHILE).await;
    edit(&source, 222).await;
    crowd::until_ready(&namespace, 2, A_WHILE).await;
    let before = eventually(A_WHILE, "statuses are about what is", || EndState::of(&namespace)).await;
    assert_eq!(deadline(&namespace).await, Some(222));

    let repairs = second_proxy.count(is_of_sources);
    first_proxy.let_late_calls_go();
    eventually(A_WHILE, "the late write was put right", || async {
        // Two writes: the CronJob, and its generation in the status.
        let writes = second_proxy.count(is_of_sources) - repairs;
        (writes >= 2).then_some(()).ok_or(writes)
    })
    .await;
    eventually(A_WHILE, "all is as it was", || async {
        let now = EndState::of(&namespace).await?;
        now.difference(&before).map_or(Ok(()), Err)
    })
    .await;
    assert_eq!(deadline(&namespace).await, Some(222));
    first_proxy.behave();
    eventually(A_WHILE, "the former leader follows", || async {
        let (code, said) = first.health("/readyz").await?;
        (code == 200).then_some(()).ok_or(said)
    })
    .await;
    let later = first_proxy.calls().split_off(cut_off);
    let later: Vec<_> = later
        .iter()
        .filter(|call| is_of_sources(call))
        .map(Call::to_string)
        .collect();
    let repairs = second_proxy.count(is_of_sources) - repairs;
    let deletes = second_proxy.count(|call| call.verb == Verb::Delete);
    prove(
        "leader lost in the middle of an apply, its write arrives late",
        format!(
            "put right with {repairs} writes; {} writes by the former leader; {deletes} deletes",
            later.len()
        ),
        "the end is the newest spec's; put right with 2 writes; 0 writes by the former leader",
        repairs == 2 && later.is_empty() && deletes == 0,
    );
    namespace.delete().await;
}
