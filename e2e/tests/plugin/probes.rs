//! `sms_operator probe`, as `helm test` uses it: it is ready, a source would be taken, and nothing is created. IO.

use std::process::{Command, Output};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use sms_crds::ScrapeSource;
use sms_e2e::operator::{HOME, program};

use crate::scene::Scene;

pub async fn find_the_operator_ready_and_create_nothing(scene: &Scene) {
    let pods: Api<Pod> = Api::namespaced(scene.cluster.client(), HOME);
    let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
    let pods = pods.list(&operators).await.unwrap().items;
    // The second replica may still be starting.
    let mut addresses = pods.into_iter().filter_map(|pod| pod.status?.pod_ip);
    let address = addresses.next().unwrap();
    let url = format!("http://{address}:8080/readyz");
    let namespace = scene.namespace.name();
    let before = scene.namespace.names::<ScrapeSource>().await;

    let probe = |kubeconfig: &std::path::Path| -> Output {
        let mut command = Command::new(program());
        command
            .args([
                "probe",
                "--ready-url",
                &url,
                "--create-source-dry-run",
                namespace,
                "--timeout",
                "1m",
            ])
            .env_clear()
            .env("KUBECONFIG", kubeconfig);
        command.output().unwrap()
    };
    let done = probe(scene.cluster.kubeconfig());
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(told.contains("would take a ScrapeSource in namespace"), "{told}");
    assert_eq!(scene.namespace.names::<ScrapeSource>().await, before);

    let refused = probe(scene.user.kubeconfig());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(
        told.contains("may not create a ScrapeSource") && told.contains("allow create"),
        "{told}"
    );
}
