//! Helm with the charts that ship. IO.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{Cluster, cluster::environment};

/// The tag of the images that the charts ask for unless told otherwise: the version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folder of a chart.
pub fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/helm")
        .join(name)
}

/// The folder that `.ci/tools/build` prints, if the environment names it.
pub fn tools() -> Option<PathBuf> {
    std::env::var_os(environment::TOOLS).map(PathBuf::from)
}

/// Runs `helm` as the administrator of the cluster.
///
/// # Panics
/// If there is no `helm`.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub fn run<A: AsRef<OsStr>>(cluster: &Cluster, arguments: impl IntoIterator<Item = A>) -> Output {
    let program = tools().map_or("helm".into(), |folder| folder.join("helm"));
    let output = Command::new(&program)
        .env("KUBECONFIG", cluster.kubeconfig())
        .args(arguments)
        .output();
    output.unwrap_or_else(|error| {
        let program = program.display();
        panic!(
            "{program}: {error}; set {} to what .ci/tools/build prints",
            environment::TOOLS
        )
    })
}

/// The same; gives what it prints.
///
/// # Panics
/// If it fails.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub fn helm<A: AsRef<OsStr>>(cluster: &Cluster, arguments: impl IntoIterator<Item = A>) -> String {
    let arguments: Vec<OsString> = arguments.into_iter().map(|one| one.as_ref().to_owned()).collect();
    let output = run(cluster, &arguments);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "helm {arguments:?}: {}\n{printed}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed.into_owned()
}

/// Flags for the images under test, where the environment names others than those of this version.
pub fn images(cluster: &Cluster) -> Vec<String> {
    let named = [
        ("operator", environment::OPERATOR_IMAGE, cluster.operator_image()),
        ("jobs", environment::JOB_IMAGE, cluster.job_image()),
    ];
    let named = named
        .into_iter()
        .filter(|(_, variable, _)| std::env::var_os(variable).is_some());
    let flags = named.filter_map(|(key, _, image)| {
        let (repository, tag) = image.rsplit_once(':')?;
        Some(format!(
            "--set={key}.image.repository={repository},{key}.image.tag={tag}"
        ))
    });
    flags.collect()
}
