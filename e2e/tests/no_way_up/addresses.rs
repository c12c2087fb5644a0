//! Addresses inside the cluster. IO.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::Api;
use serde_json::json;
use sms_crds::report::Reason;
use sms_e2e::{
    Cluster, Namespace, Operator, Source,
    operator::{self, Options},
    source::last_reason,
};

use super::recorder::Recorder;

const LIMIT: Duration = Duration::from_mins(5);

#[tokio::test]
async fn a_source_reaches_nothing_inside_the_cluster() {
    let Some(cluster) = Cluster::with_node().await else {
        return;
    };
    let (Some(public), Some(private)) = (cluster.venue_address(), cluster.node_address()) else {
        return;
    };
    operator::install_rights(&cluster).await;
    let namespace = Namespace::create(&cluster, "inside").await;
    let _operator = Operator::start(&cluster, &Options::watching(&cluster, &namespace)).await;
    let inner = Recorder::start(&private, None).await;
    let outer = Recorder::start(&public, Some(inner.url())).await;
    let services: Api<Service> = Api::namespaced(cluster.client(), "default");
    let api_server = services.get("kubernetes").await.unwrap();
    let api_server = api_server.spec.and_then(|spec| spec.cluster_ip).unwrap();
    let mut sources = Vec::new();
    for (name, url) in [
        ("node", inner.url()),
        ("redirect", outer.url()),
        ("api-server", format!("https://{api_server}/version")),
        (
            "by-name",
            "https://kubernetes.default.svc.cluster.local/version".to_owned(),
        ),
        ("kubelet", format!("https://{private}:10250/pods")),
        ("metadata", "http://169.254.169.254/latest/meta-data/".to_owned()),
        ("loopback", "http://127.0.0.1:8080/".to_owned()),
        ("decimal", "http://2130706433/".to_owned()),
        ("mapped", "http://[::ffff:169.254.169.254]/".to_owned()),
    ] {
        let source = Source::create(&cluster, &namespace, name, &url, &json!({})).await;
        source.run_now("1").await;
        sources.push(source);
    }
    for source in &sources {
        let object = source.until_runs(LIMIT, 1).await;
        assert_eq!(
            last_reason(&object),
            Some(Reason::AddressForbidden),
            "{}: {}",
            source.name(),
            json!(object.status)
        );
        assert_eq!(
            source.pods().await.len(),
            1,
            "{}: it would be refused again",
            source.name()
        );
    }
    assert_eq!(inner.requests(), [""; 0], "somebody got through");
    assert!(!outer.requests().is_empty(), "the redirect was never tried");
    namespace.delete().await;
}
