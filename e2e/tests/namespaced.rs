//! An operator with rights in one namespace alone does its work there. IO.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use sms_e2e::{
    Cluster, Namespace, Operator, crd, crowd,
    operator::{self, HOME, Options},
};

const A_WHILE: Duration = Duration::from_mins(3);

#[tokio::test]
async fn an_operator_with_rights_in_one_namespace_leads_and_works_there() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    crd::install(&cluster).await;
    let namespace = Namespace::create(&cluster, "namespaced").await;
    let watched = format!("--set=watchNamespaces={{{}}}", namespace.name());
    let flags = [watched.as_str(), "--set=rbac.aggregateRoles=false"];
    let rights = operator::rights(&cluster, namespace.name(), &flags);
    assert!(!rights.contains("kind: ClusterRole"), "{rights}");
    cluster.apply(&rights);

    let options = Options {
        lease: Some("sms-operator".to_owned()),
        home: namespace.name().to_owned(),
        ..Options::watching(&cluster, &namespace)
    };
    let mut operator = Operator::start(&cluster, &options).await;
    crowd::create_all(&namespace, &crowd::names(3)).await;
    crowd::until_ready(&namespace, 3, A_WHILE).await;
    assert_eq!(operator.metric("sms_operator_leader").await, Some(1.0));
    assert_eq!(operator.terminate().await, Some(0));

    // The same account sees nothing of its neighbours.
    let account = format!("system:serviceaccount:{}:sms-operator", namespace.name());
    for verb in ["list scrapesources", "create cronjobs", "list pods"] {
        let words: Vec<&str> = verb.split(' ').collect();
        let answer = cluster.kubectl(&["auth", "can-i", words[0], words[1], "-n", HOME, "--as", &account]);
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "no", "{verb}");
    }
    namespace.delete().await;
}
