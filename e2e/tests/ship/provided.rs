//! What a real cluster has and this one has not: the Prometheus Operator's kinds, and volumes. They go with their values. IO.

use std::{fs, os::unix::fs::PermissionsExt};

use sms_e2e::{Cluster, helm};
use tempfile::TempDir;

use crate::scene::kubectl;

const MONITORING: [&str; 3] = ["servicemonitors", "podmonitors", "prometheusrules"];

/// The Prometheus Operator's own definitions of the kinds that the chart uses. Nobody acts on their objects.
pub struct Definitions {
    cluster: Cluster,
    files: Vec<String>,
}

impl Definitions {
    pub fn install(cluster: &Cluster) -> Self {
        let folder = helm::tools().unwrap().join("crds");
        let file = |kind: &str| folder.join(format!("monitoring.coreos.com_{kind}.yaml"));
        let files: Vec<_> = MONITORING.map(|kind| file(kind).display().to_string()).to_vec();
        for file in &files {
            kubectl(cluster, &["apply", "--server-side", "-f", file]);
        }
        for kind in MONITORING {
            let name = format!("customresourcedefinition/{kind}.monitoring.coreos.com");
            kubectl(
                cluster,
                &["wait", &name, "--for=condition=Established", "--timeout=2m"],
            );
        }
        let cluster = cluster.clone();
        Self { cluster, files }
    }
}

impl Drop for Definitions {
    fn drop(&mut self) {
        for file in &self.files {
            self.cluster.kubectl(&["delete", "--wait=false", "-f", file]);
        }
    }
}

/// A volume that any claim may get.
pub struct Volume {
    cluster: Cluster,
    name: String,
    _folder: TempDir,
}

impl Volume {
    pub fn provide(cluster: &Cluster) -> Self {
        let folder = TempDir::with_prefix_in("sms-volume-", "/tmp").unwrap();
        // The kubelet does not give a folder of the node to the group of a Pod.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let path = folder.path().display().to_string();
        let name = path.trim_start_matches("/tmp/").to_lowercase();
        cluster.apply(&format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{ name: {name} }}\nspec:\n  capacity: {{ storage: 1Gi }}\n  \
             accessModes: [ReadWriteOnce]\n  hostPath: {{ path: {path} }}\n"
        ));
        Self {
            cluster: cluster.clone(),
            name,
            _folder: folder,
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        self.cluster
            .kubectl(&["delete", "persistentvolume", &self.name, "--wait=false"]);
    }
}
