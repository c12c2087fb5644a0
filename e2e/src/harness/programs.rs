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
        Err(Error::MissingPrograms { names: missing })
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

    /// The search path of components and of the command: the pinned `kubectl` first, the folders of system programs last.
    pub fn search_path(&self) -> String {
        let folders = folders(&self.folder).map(|folder| folder.display().to_string());
        folders.collect::<Vec<_>>().join(":")
    }
}

fn folders(first: &Path) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path: Vec<_> = env::split_paths(&path).collect();
    [first.to_owned()]
        .into_iter()
        .chain(path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    folders(folder)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
