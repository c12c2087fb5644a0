//! The host's side of a cluster: what has to be there before the namespaces and go after them. IO.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    process::Child,
    signal::unix::{SignalKind, signal},
    time,
};

use super::{
    Error, Result,
    cgroup::Cgroups,
    inside::{self, Inside},
    network,
    programs::Programs,
};
use crate::layout::Layout;

/// Bash as the first process of the namespace collects every orphan that ends; a plain `exec` would not.
const INIT: &str = r#""$@"; exit $?"#;

/// Runs a cluster until its command or a signal ends it; gives the exit code.
///
/// `state` is a folder that exists; it is removed at the end, its logs copied to `logs` before.
///
/// # Errors
/// What keeps the cluster from being started. What goes wrong inside is told there, and is exit code 1 here.
pub async fn run(options: &Inside, logs: Option<&Path>) -> Result<u8> {
    let layout = Layout::new(&options.state);
    let state = State(layout.clone());
    check(options)?;
    let cgroups = Cgroups::create(&options.cgroup)?;
    let code = until_end(options, &layout).await;
    if options.linked_to_host {
        network::unlink_from_host();
    }
    if let Some(folder) = logs {
        copy_logs(&layout, folder)?;
    }
    drop(cgroups);
    drop(state);
    code
}

/// Whether a cluster could be started.
///
/// # Errors
/// What is missing.
pub fn check(options: &Inside) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot);
    }
    Programs::find(&options.control_plane, !options.images.is_empty()).map(drop)
}

async fn until_end(options: &Inside, layout: &Layout) -> Result<u8> {
    let mut child = unshare(options)?;
    tokio::select! {
        code = accompany(&mut child, options, layout) => code,
        number = end_signal() => {
            // Its end ends the first process of the namespaces, and with it everything inside.
            child.kill().await.map_err(spawned("unshare"))?;
            Ok(128 + number?)
        }
    }
}

/// Gives the namespaces their link, if they get one, and waits for their end.
async fn accompany(child: &mut Child, options: &Inside, layout: &Layout) -> Result<u8> {
    let pid = child.id().unwrap_or_default();
    if options.linked_to_host {
        while !layout.path("namespaces").exists() {
            if let Some(status) = child.try_wait().map_err(spawned("unshare"))? {
                return Ok(inside::exit_code(status));
            }
            time::sleep(Duration::from_millis(20)).await;
        }
        network::link_to_host(pid)?;
        let children = format!("/proc/{pid}/task/{pid}/children");
        let init = fs::read_to_string(&children).map_err(Error::file("read", &children))?;
        let path = layout.path("init.pid");
        fs::write(&path, init.trim()).map_err(Error::file("write", &path))?;
    }
    child
        .wait()
        .await
        .map(inside::exit_code)
        .map_err(spawned("unshare"))
}

/// Everything inside dies with `unshare`, which dies with this process.
fn unshare(options: &Inside) -> Result<Child> {
    let program = env::current_exe().map_err(spawned("cluster"))?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare"]);
    command.args([
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--uts",
        "--fork",
        "--mount-proc",
        "--kill-child",
    ]);
    command
        .args(["bash", "-c", INIT, "init"])
        .arg(program)
        .arg("inside");
    command.arg("--state").arg(&options.state);
    command.arg("--control-plane").arg(&options.control_plane);
    command.arg("--cgroup").arg(&options.cgroup);
    if options.linked_to_host {
        command.arg("--linked-to-host");
    }
    for image in &options.images {
        command.arg("--image").arg(image);
    }
    command.arg("--").args(&options.command);
    tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .map_err(spawned("setpriv"))
}

async fn end_signal() -> Result<u8> {
    let listen = |kind| signal(kind).map_err(spawned("a signal handler"));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
        _ = hang_up.recv() => 1,
    })
}

fn spawned(program: &str) -> impl FnOnce(std::io::Error) -> Error {
    let program = program.to_owned();
    move |source| Error::Spawn { program, source }
}

/// Removes the state folder when dropped.
struct State(Layout);

impl Drop for State {
    fn drop(&mut self) {
        // What was killed may still be on its way out.
        for _ in 0..50 {
            if fs::remove_dir_all(self.0.state()).is_ok() || !self.0.state().exists() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn copy_logs(layout: &Layout, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    for entry in fs::read_dir(layout.logs()).into_iter().flatten().flatten() {
        let to = folder.join(entry.file_name());
        fs::copy(entry.path(), &to).map_err(Error::file("write", &to))?;
    }
    Ok(())
}

/// The state folder of the one cluster that stays.
pub fn background_state() -> PathBuf {
    env::temp_dir().join("sms-e2e-up")
}

/// Starts `hold` in the background and waits until the cluster is ready; gives its kubeconfig.
///
/// # Errors
/// A cluster that is already up, or that ended.
pub async fn up(hold: &[String]) -> Result<PathBuf> {
    let state = background_state();
    if background_pid().is_some() {
        return Err(Error::AlreadyUp { state });
    }
    let _ = fs::remove_dir_all(&state);
    // It holds the administrator's token.
    let folder = fs::DirBuilder::new().mode(0o700).create(&state);
    folder.map_err(Error::file("create", &state))?;
    let log = state.with_extension("log");
    let output = fs::File::create(&log).map_err(Error::file("create", &log))?;
    let program = env::current_exe().map_err(spawned("cluster"))?;
    let mut child = Command::new("setsid")
        .arg(program)
        .arg("hold")
        .args(hold)
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone().map_err(Error::file("open", &log))?)
        .stderr(output)
        .spawn()
        .map_err(spawned("setsid"))?;
    let pid = state.join("hold.pid");
    fs::write(&pid, child.id().to_string()).map_err(Error::file("write", &pid))?;
    let layout = Layout::new(state);
    while !layout.ready().exists() {
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(Error::UpFailed { log });
        }
        time::sleep(Duration::from_millis(100)).await;
    }
    Ok(layout.kubeconfig())
}

/// Ends the cluster in the background.
///
/// # Errors
/// There is none.
pub fn down() -> Result<()> {
    let pid = background_pid().ok_or(Error::NotUp)?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)
        .map_err(|source| spawned("kill")(source.into()))?;
    let start = Instant::now();
    while background_state().exists() && start.elapsed() < Duration::from_mins(1) {
        thread::sleep(Duration::from_millis(100));
    }
    let _ = fs::remove_file(background_state().with_extension("log"));
    Ok(())
}

/// The arguments of `nsenter` into the cluster in the background.
///
/// # Errors
/// There is none.
pub fn enter() -> Result<Command> {
    background_pid().ok_or(Error::NotUp)?;
    let path = background_state().join("init.pid");
    let init = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let mut command = Command::new("nsenter");
    command.args([
        "--target",
        init.trim(),
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--uts",
    ]);
    Ok(command)
}

/// The process that holds the cluster in the background, if it is alive and is one of ours.
fn background_pid() -> Option<rustix::process::Pid> {
    let pid: i32 = fs::read_to_string(background_state().join("hold.pid"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    command
        .split('\0')
        .any(|argument| argument == "hold")
        .then_some(())?;
    rustix::process::Pid::from_raw(pid)
}
