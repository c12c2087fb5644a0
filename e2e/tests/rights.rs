//! The rights that ship are exactly those that are needed, and Jobs have none. IO.
//!
//! Records rows of the group `secrets`. The files in `rights/` hold what `kubectl auth can-i --list` says; `UPDATE_GOLDEN=1` writes them.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use http::{Method, Request};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, Config, api::ListParams, config::KubeConfigOptions};
use serde_json::json;
use sms_e2e::{
    Cluster, Namespace, Operator, Source, crowd, eventually,
    operator::{self, HOME, Options},
};
use sms_proof::{Group, record};

const A_WHILE: Duration = Duration::from_mins(3);
const OPERATOR: &str = "system:serviceaccount:sms-system:sms-operator";

/// What an account may do in a namespace, as `kubectl` lists it: without the paths and reviews that Kubernetes itself
/// grants to everybody, in an order of its own.
fn rights(cluster: &Cluster, account: &str, namespace: &str) -> String {
    let arguments = [
        "auth",
        "can-i",
        "--list",
        "--no-headers",
        "--as",
        account,
        "-n",
        namespace,
    ];
    let output = cluster.kubectl(&arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A row without a resource is about paths such as /healthz.
    let is_everybodys = |line: &&str| line.starts_with([' ', '[']) || line.contains("selfsubject");
    let rows: BTreeSet<String> = text
        .lines()
        .filter(|line| !is_everybodys(line))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
        .collect();
    rows.into_iter().collect()
}

fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/rights")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "{}", path.display());
}

#[tokio::test]
async fn the_accounts_may_do_what_the_golden_files_say_and_nothing_else() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "rights").await;
    assert_golden("operator-at-home.txt", &rights(&cluster, OPERATOR, HOME));
    assert_golden(
        "operator-elsewhere.txt",
        &rights(&cluster, OPERATOR, namespace.name()),
    );
    let job = format!("system:serviceaccount:{}:default", namespace.name());
    assert_golden("job.txt", &rights(&cluster, &job, namespace.name()));
    namespace.delete().await;
}

#[tokio::test]
async fn an_operator_of_one_namespace_may_do_the_same_there_and_nothing_elsewhere() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "one").await;
    let watched = format!("--set=watchNamespaces={{{}}}", namespace.name());
    cluster.apply(&operator::rights(&cluster, namespace.name(), &[&watched]));
    let account = format!("system:serviceaccount:{}:sms-operator", namespace.name());
    assert_golden(
        "operator-at-home.txt",
        &rights(&cluster, &account, namespace.name()),
    );
    assert_golden("job.txt", &rights(&cluster, &account, HOME));
    namespace.delete().await;
}

/// A client with the operator's own token.
async fn client_of_the_operator(cluster: &Cluster) -> Client {
    let kubeconfig = operator::kubeconfig_of_the_operator(cluster, HOME);
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    Client::try_from(config.unwrap()).unwrap()
}

/// The status that the API server answers with.
async fn ask(client: &Client, method: &str, path: &str) -> u16 {
    let request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("Content-Type", "application/merge-patch+json")
        .body(b"{}".to_vec())
        .unwrap();
    match client.request_text(request).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{method} {path}: {error}"),
    }
}

/// Requests that the operator has no reason to make; `sources` is the path of the sources of the namespace `n`.
fn not_its_business(n: &str, sources: &str) -> Vec<(&'static str, String)> {
    vec![
        ("GET", format!("/api/v1/namespaces/{n}/secrets")),
        ("GET", format!("/api/v1/namespaces/{n}/secrets/sms-store")),
        ("GET", format!("/api/v1/namespaces/{HOME}/secrets/any")),
        ("POST", format!("/api/v1/namespaces/{n}/secrets")),
        ("GET", format!("/api/v1/namespaces/{HOME}/configmaps")),
        (
            "POST",
            format!("/api/v1/namespaces/{HOME}/serviceaccounts/sms-operator/token"),
        ),
        ("DELETE", format!("/apis/batch/v1/namespaces/{n}/jobs/any")),
        ("PATCH", format!("/apis/batch/v1/namespaces/{n}/jobs/any")),
        ("PATCH", format!("/apis/batch/v1/namespaces/{n}/jobs/any/status")),
        ("DELETE", format!("/apis/batch/v1/namespaces/{n}/cronjobs/any")),
        ("DELETE", format!("/apis/batch/v1/namespaces/{n}/cronjobs")),
        ("PUT", format!("/apis/batch/v1/namespaces/{n}/cronjobs/any")),
        (
            "PATCH",
            format!("/apis/batch/v1/namespaces/{n}/cronjobs/any/status"),
        ),
        ("POST", format!("/api/v1/namespaces/{n}/pods")),
        ("PATCH", format!("/api/v1/namespaces/{n}/pods/any")),
        ("DELETE", format!("/api/v1/namespaces/{n}/pods/any")),
        ("POST", format!("/api/v1/namespaces/{n}/pods/any/exec?command=x")),
        ("POST", format!("/api/v1/namespaces/{n}/pods/any/eviction")),
        (
            "PATCH",
            format!("/api/v1/namespaces/{n}/pods/any/ephemeralcontainers"),
        ),
        ("GET", format!("/api/v1/namespaces/{n}/pods/any/log")),
        ("POST", sources.to_owned()),
        ("PUT", format!("{sources}/any")),
        ("PATCH", format!("{sources}/any")),
        ("DELETE", format!("{sources}/any")),
        (
            "GET",
            format!("/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/another"),
        ),
        (
            "PUT",
            format!("/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/another"),
        ),
        (
            "DELETE",
            format!("/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/sms-operator"),
        ),
        (
            "PUT",
            format!("/apis/coordination.k8s.io/v1/namespaces/{n}/leases/sms-operator"),
        ),
        ("POST", format!("/apis/apps/v1/namespaces/{n}/deployments")),
        ("GET", "/api/v1/nodes".to_owned()),
        (
            "PATCH",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/sms-operator".to_owned(),
        ),
        (
            "PATCH",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scrapesources.sms-scraper.dev"
                .to_owned(),
        ),
    ]
}

#[tokio::test]
async fn the_operator_is_refused_what_is_not_its_business() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "refused").await;
    let client = client_of_the_operator(&cluster).await;
    let n = namespace.name();
    // So that a refusal below means something.
    let sources = format!("/apis/sms-scraper.dev/v1alpha1/namespaces/{n}/scrapesources");
    assert_eq!(ask(&client, "GET", &sources).await, 200);
    let asked = not_its_business(n, &sources);
    let mut allowed = Vec::new();
    for (method, path) in &asked {
        let code = ask(&client, method, path).await;
        if code != 403 {
            allowed.push(format!("{method} {path}: {code}"));
        }
    }
    let met = record(
        Group::Secrets,
        "rights: the operator asks for Secrets, ConfigMaps, Nodes, exec, logs, tokens and others' objects",
        format!(
            "{} of {} requests refused",
            asked.len() - allowed.len(),
            asked.len()
        ),
        "403 to each",
        allowed.is_empty(),
    );
    assert!(met, "not refused:\n{}", allowed.join("\n"));
    namespace.delete().await;
}

#[tokio::test]
async fn whoever_may_view_or_edit_a_namespace_may_do_so_with_its_sources() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "roles").await;
    for role in ["view", "edit", "admin"] {
        let bound = cluster.kubectl(&[
            "create",
            "rolebinding",
            role,
            &format!("--clusterrole={role}"),
            &format!("--user={role}-of-music"),
            "-n",
            namespace.name(),
        ]);
        assert!(
            bound.status.success(),
            "{}",
            String::from_utf8_lossy(&bound.stderr)
        );
    }
    let asks = |role: &str, arguments: &[&str]| {
        let user = format!("{role}-of-music");
        let mut all = vec!["auth", "can-i", "--as", &user, "-n", namespace.name()];
        all.extend(arguments);
        let answer = cluster.kubectl(&all).stdout;
        match String::from_utf8_lossy(&answer).trim() {
            "yes" => true,
            "no" => false,
            other => panic!("{arguments:?}: {other}"),
        }
    };
    let may = |role: &str, verb: &str| asks(role, &[verb, "scrapesources"]);
    let may_write_status =
        |role: &str, verb: &str| asks(role, &[verb, "scrapesources", "--subresource=status"]);
    // A controller adds them up.
    eventually(A_WHILE, "the roles are aggregated", || async {
        let is_done = may("view", "get") && may("edit", "create");
        is_done.then_some(()).ok_or("they are not")
    })
    .await;
    for verb in ["get", "list", "watch"] {
        for role in ["view", "edit", "admin"] {
            assert!(may(role, verb), "{role} {verb}");
        }
    }
    for verb in ["create", "update", "patch", "delete", "deletecollection"] {
        assert!(!may("view", verb), "view {verb}");
        for role in ["edit", "admin"] {
            assert!(may(role, verb), "{role} {verb}");
            // The ledger of runs is the operator's alone.
            assert!(!may_write_status(role, verb), "{role} {verb} status");
        }
    }
    namespace.delete().await;
}

#[tokio::test]
async fn the_pod_of_a_run_holds_no_token() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "token").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    crowd::create(&namespace, &crowd::idle("tokenless")).await;
    let source = Source::named(&cluster, &namespace, "tokenless");
    source.run_now("1").await;
    let pods: Api<Pod> = namespace.api();
    // Its own object, after admission has added what it adds.
    let pod = eventually(A_WHILE, "the run has a Pod", || async {
        let listed = pods
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        listed.items.into_iter().next().ok_or("none".to_owned())
    })
    .await;
    let spec = json!(pod.spec);
    let mounts = spec["containers"][0]["volumeMounts"].to_string();
    let holds_none = spec["automountServiceAccountToken"] == false
        && !spec.to_string().contains("serviceAccountToken\":{")
        && !mounts.contains("/var/run/secrets/kubernetes.io");
    let met = record(
        Group::Secrets,
        "rights: the Pod of a run and the API server",
        if holds_none { "no token" } else { "a token" },
        "no token",
        holds_none,
    );
    assert!(met, "{spec}");
    namespace.delete().await;
}
