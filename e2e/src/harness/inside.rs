//! The life of a cluster inside its namespaces: mounts, network, components in order, then the command. IO.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

use rustix::mount::{MountFlags, mount};

use super::{
    Error, Result, files, machine::Machine, network, programs::Programs, readiness, supervisor::Supervisor,
};
use crate::{
    Component,
    cluster::environment,
    layout::{Layout, NODE_ADDRESS, NODE_NAME, VENUE_ADDRESS},
};

/// What the outside decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// State folder.
    pub state: PathBuf,
    /// Folder of the programs that were built.
    pub control_plane: PathBuf,
    /// Cgroup below which Pods are.
    pub cgroup: String,
    /// Image archives; none: there is no node.
    pub images: Vec<PathBuf>,
    /// The host makes the node's link.
    pub linked_to_host: bool,
    /// What runs in the cluster; nothing: the cluster stays.
    pub command: Vec<OsString>,
}

/// Starts the cluster, runs the command, and gives its exit code. Nothing is ended here: all ends with the namespaces.
///
/// # Errors
/// A part of the cluster that does not start.
pub async fn run(options: &Inside) -> Result<u8> {
    let layout = Layout::new(&options.state);
    let with_node = !options.images.is_empty();
    let programs = Programs::find(&options.control_plane, with_node)?;
    hide_folders(&layout)?;
    touch(&layout.path("namespaces"))?;
    network::prepare(options.linked_to_host).await?;
    files::write(&layout, &Machine::observe(options.cgroup.clone(), &options.state))?;

    let start = Instant::now();
    let (supervisor, mut ended) = Supervisor::new(layout.clone(), programs.clone());
    tokio::select! {
        ready = bring_up(&layout, &supervisor, &programs, options) => ready?,
        Some(error) = ended.recv() => return Err(error),
    }
    eprintln!(
        "The cluster is ready after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    touch(&layout.ready())?;
    if options.command.is_empty() {
        std::future::pending::<()>().await;
    }
    let variables = variables(&layout, &programs, with_node);
    let status = spawn(&options.command, &variables)?.wait().await;
    status.map(exit_code).map_err(|source| Error::Spawn {
        program: "the command".to_owned(),
        source,
    })
}

/// What tests and the command find in their environment.
pub fn variables(layout: &Layout, programs: &Programs, with_node: bool) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![
        ("PATH", programs.search_path().into()),
        ("KUBECONFIG", layout.kubeconfig().into()),
        // What kubectl keeps between calls, which is in the home folder otherwise.
        ("KUBECACHEDIR", layout.path("kubectl-cache").into()),
        (environment::STATE, layout.state().into()),
        (environment::NODE_ADDRESS, NODE_ADDRESS.into()),
        (environment::VENUE_ADDRESS, VENUE_ADDRESS.into()),
    ];
    if with_node {
        variables.push((environment::NODE_NAME, NODE_NAME.into()));
    }
    variables
}

async fn bring_up(
    layout: &Layout,
    supervisor: &Supervisor,
    programs: &Programs,
    options: &Inside,
) -> Result<()> {
    let has = |component| programs.components().any(|found| found == component);
    supervisor.start(Component::Etcd);
    if has(Component::Containerd) {
        supervisor.start(Component::Containerd);
    }
    readiness::etcd().await?;
    supervisor.start(Component::ApiServer);
    let client = readiness::client(layout).await?;
    if has(Component::Containerd) {
        readiness::containerd(layout).await?;
        import(layout, &options.images)?;
    }
    readiness::api_server(&client).await?;
    for component in [
        Component::ControllerManager,
        Component::Scheduler,
        Component::Kubelet,
        Component::Proxy,
        Component::Dns,
    ] {
        if has(component) {
            supervisor.start(component);
        }
    }
    if has(Component::ControllerManager) {
        readiness::controllers(&client).await?;
    }
    if has(Component::Kubelet) {
        readiness::node(&client).await?;
    }
    Ok(())
}

/// Puts images where the kubelet finds them.
fn import(layout: &Layout, images: &[PathBuf]) -> Result<()> {
    let socket = layout.containerd_socket().display().to_string();
    for image in images {
        let image = image.display().to_string();
        network::run(
            "ctr",
            &[
                "--address",
                &socket,
                "--namespace",
                "k8s.io",
                "images",
                "import",
                &image,
            ],
        )?;
    }
    Ok(())
}

/// Kubelet, containerd and the network plugins write to fixed places; the host must not keep what they write there.
fn hide_folders(layout: &Layout) -> Result<()> {
    let upper = layout.path("hidden");
    make(&upper)?;
    mount_at("tmpfs", &upper, "mode=0755")?;
    mount_at("tmpfs", Path::new("/run"), "mode=0755")?;
    for folder in ["/var/lib", "/var/log"] {
        let name = folder.replace('/', "-");
        let changes = upper.join(format!("changes{name}"));
        let work = upper.join(format!("work{name}"));
        make(&changes)?;
        make(&work)?;
        let data = format!(
            "lowerdir={folder},upperdir={},workdir={}",
            changes.display(),
            work.display()
        );
        mount_at("overlay", Path::new(folder), &data)?;
    }
    Ok(())
}

fn mount_at(kind: &str, target: &Path, data: &str) -> Result<()> {
    let data = std::ffi::CString::new(data).unwrap_or_default();
    mount(kind, target, kind, MountFlags::empty(), data.as_c_str())
        .map_err(|source| Error::file("mount over", target)(source.into()))
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))
}

fn touch(path: &Path) -> Result<()> {
    fs::write(path, "").map_err(Error::file("write", path))
}

fn spawn(command: &[OsString], variables: &[(&'static str, OsString)]) -> Result<tokio::process::Child> {
    let (program, arguments) = command.split_first().ok_or(Error::NotUp)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(variables.iter().cloned())
        .stdin(Stdio::inherit());
    tokio::process::Command::from(command)
        .spawn()
        .map_err(|source| Error::Spawn {
            program: program.display().to_string(),
            source,
        })
}

/// The exit code as a shell gives it.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(u8::MAX)
}
