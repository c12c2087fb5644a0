//! The programs that a cluster is made of: where they are, and how to get those that are missing. IO.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Error, Result, machine::cni_plugins};
use crate::Component;

/// Debian keeps these outside an ordinary user's search path.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Which components run, and from which files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    components: Vec<(Component, PathBuf)>,
    folder: PathBuf,
}

impl Programs {
    /// Looks for programs: first in `folder`, which `e2e/control-plane/build` or `KUBEBUILDER_ASSETS` gives, then in the
    /// search path.
    ///
    /// # Errors
    /// [`Error::MissingPrograms`], with the packages that hold them.
    pub fn find(folder: &Path, with_node: bool) -> Result<Self> {
        let mut wanted = vec![Component::Etcd, Component::ApiServer];
        // KUBEBUILDER_ASSETS holds neither: then there is an API without controllers.
        let controllers = [Component::ControllerManager, Component::Scheduler];
        let has_controllers = controllers
            .iter()
            .any(|component| folder.join(component.name()).exists());
        if has_controllers || with_node {
            wanted.extend(controllers);
        }
        if with_node {
            wanted.extend([
                Component::Containerd,
                Component::Kubelet,
                Component::Proxy,
                Component::Dns,
            ]);
        }
        let mut missing = Vec::new();
        let mut components = Vec::new();
        for component in wanted {
            match find(folder, component.name()) {
                Some(path) => components.push((component, path)),
                None => missing.push(component.name().to_owned()),
            }
        }
        let mut tools = vec!["ip", "kubectl", "nsenter", "setpriv", "unshare"];
        if with_node {
            tools.extend(["ctr", "iptables", "runc"]);
            if !cni_plugins().join("ptp").exists() {
                missing.push("CNI plugins".to_owned());
            }
        }
        missing.extend(
            tools
                .into_iter()
                .filter(|tool| find(folder, tool).is_none())
                .map(str::to_owned),
        );
        if missing.is_empty() {
            return Ok(Self {
                components,
                folder: folder.to_owned(),
            });
        }
        Err(Error::MissingPrograms {
            names: missing,
            remedy: format!(
                "looked in {} and PATH; the kube-* programs, kubelet, kubectl and coredns come from \
                 e2e/control-plane/build, the others on Debian from etcd-server, containerd, runc, \
                 containernetworking-plugins, iproute2, iptables, util-linux",
                folder.display()
            ),
        })
    }

    /// The components that run.
    pub fn components(&self) -> impl Iterator<Item = Component> + '_ {
        self.components.iter().map(|(component, _)| *component)
    }

    /// The program of a component; its bare name if it does not run.
    pub fn path(&self, component: Component) -> &Path {
        let found = self.components.iter().find(|(found, _)| *found == component);
        found.map_or_else(|| Path::new(component.name()), |(_, path)| path)
    }

    /// The search path of components and of the command: with `kubectl`, and with the folders of system programs.
    pub fn search_path(&self) -> String {
        let mut folders: Vec<_> = search_path().collect();
        folders.extend(SYSTEM_FOLDERS.map(PathBuf::from));
        folders.push(self.folder.clone());
        let folders: Vec<_> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        folders.join(":")
    }
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.to_owned()]
        .into_iter()
        .chain(search_path())
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
