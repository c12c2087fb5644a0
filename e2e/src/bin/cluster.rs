//! `cluster`: a real Kubernetes for as long as a command runs, or until it is taken down. IO.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use sms_e2e::{
    cluster::environment,
    harness::{Error, Result, inside, inside::Inside, outside, programs::Programs},
    layout::Layout,
};

/// A real Kubernetes for as long as a command runs, or until it is taken down.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a cluster, run a command in it, and leave nothing behind.
    ///
    /// With `KUBECONFIG` and `SMS_E2E_ALLOW_CLUSTER=1` nothing is started, and the command runs with that cluster.
    Run {
        #[command(flatten)]
        parts: Parts,
        /// Copy the components' logs to this folder at the end.
        #[arg(long, value_name = "FOLDER")]
        logs: Option<PathBuf>,
        /// What runs in the cluster.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Start a cluster in the background, with a link to this machine, and print its kubeconfig.
    Up {
        #[command(flatten)]
        parts: Parts,
    },
    /// End the cluster in the background.
    Down,
    /// Run a command inside the namespaces of the cluster in the background.
    Enter {
        #[command(flatten)]
        parts: Parts,
        /// What runs there.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// The background's own process.
    #[command(hide = true)]
    Hold {
        #[command(flatten)]
        parts: Parts,
    },
    /// The part that runs in the namespaces.
    #[command(hide = true)]
    Inside {
        #[arg(long)]
        state: PathBuf,
        #[arg(long)]
        control_plane: PathBuf,
        #[arg(long)]
        cgroup: String,
        #[arg(long)]
        image: Vec<PathBuf>,
        #[arg(long)]
        linked_to_host: bool,
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct Parts {
    /// Folder of the programs that `e2e/control-plane/build` built, which prints it.
    #[arg(long, env = "SMS_E2E_CONTROL_PLANE", value_name = "FOLDER")]
    control_plane: Option<PathBuf>,
    /// Image archives, or folders of them, that Pods may use.
    #[arg(long, env = "SMS_E2E_IMAGES", value_name = "PATH", default_value = "target/e2e/images", num_args = 1..)]
    images: Vec<PathBuf>,
    /// Leave out the node: there is an API with controllers, but Pods do not run.
    #[arg(long)]
    no_node: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse().command).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<u8> {
    match command {
        Command::Run { command, .. } if environment::has_foreign_cluster() => {
            run_with_foreign_cluster(&command)
        }
        Command::Run { parts, logs, command } => {
            let mut options = inside(&parts, PathBuf::new(), false, command)?;
            let state = tempfile::Builder::new().prefix("sms-e2e-").tempdir();
            options.state = state.map_err(unwritable)?.keep();
            outside::run(&options, logs.as_deref()).await
        }
        Command::Up { parts } => {
            outside::check(&inside(&parts, PathBuf::new(), true, Vec::new())?)?;
            println!("{}", outside::up(&arguments(&parts)).await?.display());
            Ok(0)
        }
        Command::Hold { parts } => {
            outside::run(
                &inside(&parts, outside::background_state(), true, Vec::new())?,
                None,
            )
            .await
        }
        Command::Down => outside::down().map(|()| 0),
        Command::Enter { parts, command } => enter(&parts, &command),
        Command::Inside {
            state,
            control_plane,
            cgroup,
            image,
            linked_to_host,
            command,
        } => {
            let options = Inside {
                state,
                control_plane,
                cgroup,
                images: image,
                linked_to_host,
                command,
            };
            let ended = inside::run(&options).await;
            if let Err(component) = ended.as_ref().map_err(Error::component)
                && let Some(component) = component
            {
                print_end(&Layout::new(&options.state).log(component));
            }
            ended
        }
    }
}

fn unwritable(source: io::Error) -> Error {
    let path = env::temp_dir();
    Error::File {
        act: "create a folder in",
        path,
        source,
    }
}

/// What goes on inside, with everything that depends on this process's folder and environment resolved.
fn inside(parts: &Parts, state: PathBuf, linked_to_host: bool, command: Vec<OsString>) -> Result<Inside> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let images = if parts.no_node {
        Vec::new()
    } else {
        archives(&parts.images)?
    };
    Ok(Inside {
        cgroup: format!("sms-e2e-{}", std::process::id()),
        state,
        control_plane: parts.control_plane.as_deref().map(absolute).unwrap_or_default(),
        images: images.iter().map(|image| absolute(image)).collect(),
        linked_to_host,
        command,
    })
}

fn archives(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut archives = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files = fs::read_dir(path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path());
            archives.extend(files.filter(|file| file.extension().is_some_and(|ending| ending == "tar")));
        } else {
            archives.push(path.clone());
        }
    }
    let pause = archives
        .iter()
        .any(|archive| archive.file_name().is_some_and(|name| name == "pause.tar"));
    let missing = archives.iter().find(|archive| !archive.exists()).cloned();
    match missing.or_else(|| (!pause).then(|| paths.first().cloned().unwrap_or_default().join("pause.tar"))) {
        Some(path) => Err(Error::MissingImages { path }),
        None => Ok(archives),
    }
}

fn arguments(parts: &Parts) -> Vec<String> {
    let control_plane = parts.control_plane.as_ref();
    let mut arguments: Vec<_> = control_plane
        .map(|folder| format!("--control-plane={}", folder.display()))
        .into_iter()
        .collect();
    arguments.extend(
        parts
            .images
            .iter()
            .map(|path| format!("--images={}", path.display())),
    );
    arguments.extend(parts.no_node.then(|| "--no-node".to_owned()));
    arguments
}

fn run_with_foreign_cluster(command: &[OsString]) -> Result<u8> {
    eprintln!("Using the cluster of KUBECONFIG; tests that stop components are left out");
    let (program, arguments) = command.split_first().ok_or(Error::NotUp)?;
    let status = std::process::Command::new(program).args(arguments).status();
    status.map(inside::exit_code).map_err(|source| Error::Spawn {
        program: program.display().to_string(),
        source,
    })
}

fn enter(parts: &Parts, command: &[OsString]) -> Result<u8> {
    let programs = Programs::find(&parts.control_plane.clone().unwrap_or_default(), !parts.no_node)?;
    let layout = Layout::new(outside::background_state());
    let status = outside::enter()?
        .args(command)
        .envs(inside::variables(&layout, &programs, !parts.no_node))
        .status()
        .map_err(|source| Error::Spawn {
            program: "nsenter".to_owned(),
            source,
        })?;
    Ok(inside::exit_code(status))
}

fn tell(error: &Error) {
    eprint!("cluster: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprint!(": {cause}");
        source = cause.source();
    }
    eprintln!();
}

/// Prints the last 4 KiB of a log.
fn print_end(log: &Path) {
    eprintln!("--- the end of {} ---", log.display());
    let mut text = Vec::new();
    if let Ok(mut file) = fs::File::open(log) {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(4096)));
        let _ = file.read_to_end(&mut text);
    }
    let _ = io::stderr().write_all(&text);
    eprintln!("---");
}
