//! The operator in Pods, installed with the chart that ships, watching the whole cluster. IO.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};

use crate::{
    Cluster, helm,
    operator::{self, HOME},
};

/// A release of the chart; it goes with this value, however the test ends.
pub struct Release {
    cluster: Cluster,
    name: String,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Release {
    /// Installs the chart without the CRD, which belongs to all tests, and waits until all of it is available. `flags` are
    /// further ones of `helm install`.
    ///
    /// # Panics
    /// If that does not happen within five minutes.
    pub fn install(cluster: &Cluster, name: &str, flags: &[&str]) -> Self {
        operator::install_home(cluster);
        let release = Self {
            cluster: cluster.clone(),
            name: name.to_owned(),
        };
        let chart = helm::chart("sms-scraper").display().to_string();
        let images = helm::images(cluster);
        let fixed = [
            "install",
            name,
            &chart,
            "--namespace",
            HOME,
            "--wait",
            "--timeout=5m",
        ];
        let arguments = fixed
            .iter()
            .chain(&["--set=crds.enabled=false"])
            .chain(flags)
            .copied();
        helm::helm(cluster, arguments.chain(images.iter().map(String::as_str)));
        release.wait();
        release
    }

    /// Helm is content when as many are ready as an update may leave: of one replica, none.
    fn wait(&self) {
        let operator = format!("deployment/{}", self.operator());
        let output = self
            .cluster
            .kubectl(&["rollout", "status", &operator, "-n", HOME, "--timeout=5m"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// What the chart calls the operator.
    pub fn operator(&self) -> String {
        format!("{}-sms-scraper-operator", self.name)
    }

    /// Address and port of the exporter of each replica.
    ///
    /// # Panics
    /// If Pods cannot be listed.
    pub async fn exporters(&self) -> Vec<String> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client(), HOME);
        let labels = format!(
            "app.kubernetes.io/component=operator,app.kubernetes.io/instance={}",
            self.name
        );
        let pods = pods.list(&ListParams::default().labels(&labels)).await;
        let pods = pods.unwrap_or_else(|error| panic!("cannot list the operators: {error}"));
        let address = |pod: Pod| pod.status?.pod_ip.map(|address| format!("{address}:9898"));
        pods.items.into_iter().filter_map(address).collect()
    }

    /// Settings of Jobs as the chart renders them.
    ///
    /// # Panics
    /// If there are none.
    pub fn job_settings(&self) -> String {
        let name = format!("{}-sms-scraper-job-settings", self.name);
        let field = "jsonpath={.data.job-settings\\.yaml}";
        let output = self
            .cluster
            .kubectl(&["get", "configmap", &name, "-n", HOME, "-o", field]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let operator = format!("deployment/{}", self.operator());
        let logs = ["-n", HOME, "logs", &operator, "--all-pods", "--prefix"];
        if std::thread::panicking() {
            println!("{}", String::from_utf8_lossy(&self.cluster.kubectl(&logs).stdout));
        }
        // The tests that follow have operators of their own.
        helm::run(
            &self.cluster,
            ["uninstall", &self.name, "--namespace", HOME, "--wait"],
        );
    }
}
