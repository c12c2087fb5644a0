//! The cluster itself: what other tests take for granted. IO.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{Pod, Service},
};
use kube::{
    Api,
    api::{ListParams, LogParams, Patch, PatchParams, PostParams},
};
use serde_json::json;
use sms_e2e::{Cluster, Namespace, crd, eventually, requests::Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const A_WHILE: Duration = Duration::from_mins(3);

/// A Job that runs the scraper once, as strict as a namespace can demand.
fn job(name: &str, image: &str, arguments: &[&str]) -> Job {
    serde_json::from_value(json!({
        "metadata": { "name": name },
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "securityContext": {
                        "runAsNonRoot": true,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [{
                        "name": "scraper",
                        "image": image,
                        "args": arguments,
                        "env": [{ "name": "SMS_STORE_URL", "value": "stdout:" }],
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": { "drop": ["ALL"] },
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                    }],
                },
            },
        },
    }))
    .unwrap()
}

/// Waits until a Job has ended; gives the log of its Pod.
async fn run(namespace: &Namespace, job: &Job) -> String {
    let jobs: Api<Job> = namespace.api();
    let name = jobs
        .create(&PostParams::default(), job)
        .await
        .unwrap()
        .metadata
        .name
        .unwrap();
    let of_job = ListParams::default().labels(&format!("job-name={name}"));
    let pods: Api<Pod> = namespace.api();
    eventually(A_WHILE, &format!("the Job {name} completes"), || async {
        let status = jobs.get_status(&name).await.unwrap().status.unwrap_or_default();
        if status.succeeded == Some(1) {
            return Ok(());
        }
        let pods = pods.list(&of_job).await.unwrap();
        Err(serde_json::to_string(&pods.items.iter().map(|pod| &pod.status).collect::<Vec<_>>()).unwrap())
    })
    .await;
    let pod = pods
        .list(&of_job)
        .await
        .unwrap()
        .items
        .remove(0)
        .metadata
        .name
        .unwrap();
    pods.logs(&pod, &LogParams::default()).await.unwrap()
}

#[tokio::test]
async fn the_committed_crd_is_established_and_explains_itself() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    crd::install(&cluster).await;
    eventually(A_WHILE, "kubectl explains the CRD", || async {
        let output = cluster.kubectl(&["explain", "scrapesource.spec.fetch"]);
        match output.status.success() && String::from_utf8_lossy(&output.stdout).contains("url") {
            true => Ok(()),
            false => Err(format!("{output:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_of_the_scraper_completes_where_pod_security_is_restricted() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let namespace = Namespace::create(&cluster, "job").await;
    let log = run(
        &namespace,
        &job("check", &cluster.job_image(), &["check", "--help"]),
    )
    .await;
    assert!(log.contains("Usage: sms_scraper check"), "{log}");
    namespace.delete().await;
}

#[tokio::test]
async fn a_pod_that_asks_for_more_than_restricted_is_refused() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let namespace = Namespace::create(&cluster, "restricted").await;
    let pod: Pod = serde_json::from_value(json!({
        "metadata": { "name": "root" },
        "spec": { "containers": [{ "name": "root", "image": cluster.job_image() }] },
    }))
    .unwrap();
    let error = namespace
        .api::<Pod>()
        .create(&PostParams::default(), &pod)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("violates PodSecurity \"restricted"),
        "{error}"
    );
    namespace.delete().await;
}

/// Answers every request with one event.
async fn serve_event(listener: TcpListener) {
    let body = r#"[{ "title": "The last dance", "start": "2099-12-31T20:00:00Z" }]"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A Job that ingests from `url`.
fn ingest(name: &str, image: &str, url: &str, items: &str, environment: &[(&str, &str)]) -> Job {
    let source = json!({
        "apiVersion": "sms-scraper.dev/v1alpha1",
        "kind": "ScrapeSource",
        "metadata": { "name": "club" },
        "spec": {
            "fetch": { "url": url },
            "extract": { "json": { "items": items, "fields": { "title": ".title", "start": ".start // .startDate" } } },
        },
    })
    .to_string();
    let mut object = serde_json::to_value(job(name, image, &["ingester"])).unwrap();
    let variables = &mut object["spec"]["template"]["spec"]["containers"][0]["env"];
    for (name, value) in [("SMS_SOURCE", source.as_str())].iter().chain(environment) {
        variables
            .as_array_mut()
            .unwrap()
            .push(json!({ "name": name, "value": value }));
    }
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn a_pod_reaches_a_venue_at_the_node_with_the_address_guard_on() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let Some(address) = cluster.venue_address() else {
        return;
    };
    let namespace = Namespace::create(&cluster, "venue").await;
    let listener = TcpListener::bind((address.as_str(), 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(serve_event(listener));
    let url = format!("http://{address}:{port}/");
    let log = run(
        &namespace,
        &ingest("ingest", &cluster.job_image(), &url, ".[]", &[]),
    )
    .await;
    assert!(log.contains("The last dance"), "{log}");
    server.abort();
    namespace.delete().await;
}

#[tokio::test]
async fn a_pod_reaches_another_one_at_name_and_address_of_a_service() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let namespace = Namespace::create(&cluster, "service").await;
    let mut server: Pod = serde_json::from_value(json!({
        "metadata": { "name": "venues", "labels": { "app": "venues" } },
    }))
    .unwrap();
    server.spec = job(
        "venues",
        &cluster.venues_image(),
        &["--listen", "0.0.0.0:8000", "--root", "/srv/venues"],
    )
    .spec
    .and_then(|spec| spec.template.spec);
    namespace
        .api::<Pod>()
        .create(&PostParams::default(), &server)
        .await
        .unwrap();
    let service: Service = serde_json::from_value(json!({
        "metadata": { "name": "venues" },
        "spec": { "selector": { "app": "venues" }, "ports": [{ "port": 80, "targetPort": 8000 }] },
    }))
    .unwrap();
    let service = namespace
        .api::<Service>()
        .create(&PostParams::default(), &service)
        .await
        .unwrap();
    let address = service.spec.and_then(|spec| spec.cluster_ip).unwrap();
    eventually(A_WHILE, "the server runs", || async {
        let status = namespace
            .api::<Pod>()
            .get_status("venues")
            .await
            .unwrap()
            .status
            .unwrap_or_default();
        match status.phase.as_deref() {
            Some("Running") => Ok(()),
            _ => Err(format!("{status:?}")),
        }
    })
    .await;
    let name = format!("venues.{}.svc.cluster.local", namespace.name());
    let private = [("SMS_ALLOW_PRIVATE_ADDRESSES", "true")];
    for (job_name, host) in [("by-address", address), ("by-name", name)] {
        let url = format!("http://{host}/blue_moon/api/events");
        let job = ingest(job_name, &cluster.job_image(), &url, ".eventsByDates[]", &private);
        let log = run(&namespace, &job).await;
        assert!(log.contains("Finished run: Succeeded"), "{job_name}: {log}");
    }
    namespace.delete().await;
}

#[tokio::test]
async fn the_api_server_counts_its_requests() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    let namespace = Namespace::create(&cluster, "count").await;
    let jobs: Api<Job> = namespace.api();
    let before = cluster.request_counts().await;
    for _ in 0..3 {
        jobs.list(&ListParams::default().labels("none=such"))
            .await
            .unwrap();
    }
    let patch = Patch::Merge(json!({ "metadata": { "annotations": { "a": "b" } } }));
    jobs.patch("none-such", &PatchParams::default(), &patch)
        .await
        .unwrap_err();
    let more = cluster.request_counts().await.since(&before);
    let [list, patch] = [("LIST", "200"), ("PATCH", "404")].map(|(verb, code)| Request {
        verb: verb.to_owned(),
        resource: "jobs".to_owned(),
        subresource: String::new(),
        code: code.to_owned(),
    });
    assert!(more.0.get(&list) >= Some(&3), "{more:?}");
    assert!(more.writes_to(&["jobs"]).0.get(&patch) >= Some(&1), "{more:?}");
    namespace.delete().await;
}
