//! The kubectl plugin: sources as a person looks at them, from outside the cluster. IO: one file each command, this
//! dispatcher.
//!
//! ```text
//! flags ──▶ cluster (IO) ──▶ found objects ──▶ table, follow, pick, job, report, redact (pure) ──▶ terminal
//! ```

pub mod args;
pub mod cluster;
mod complete;
mod found;
mod get;
mod logs;
mod patience;
mod pods;
mod preview;
pub mod problem;
mod run;
pub mod status;
mod suspend;
pub mod table;

use std::{fmt::Display, process::ExitCode};

use kube::api::PatchParams;
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::{CommandError, output};
use args::{Args, Command};
use cluster::Cluster;

/// Exit code of a command that Ctrl-C or SIGTERM ended.
pub const INTERRUPTED: u8 = 130;

/// What a command gives: its exit code, or why it has none.
pub type Result<T = u8, E = CommandError> = std::result::Result<T, E>;

/// Who changed a field, as `metadata.managedFields` tells it.
const FIELD_MANAGER: &str = "kubectl-sms";

/// How sources are patched.
fn patch_params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// Runs the command that was asked for.
pub fn run(args: Args) -> ExitCode {
    match block_on(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(format_args!("error: {}", error.message));
            ExitCode::from(error.code)
        }
    }
}

fn block_on(args: Args) -> Result {
    if let Command::Completions { shell } = args.command {
        return complete::script(shell);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::transient(format!("failed to start the runtime: {error}")))?;
    let result = runtime.block_on(dispatch(args));
    runtime.shutdown_background();
    result
}

async fn dispatch(args: Args) -> Result {
    let connect = Cluster::connect(&args.cluster);
    match args.command {
        Command::Get(args) => get::run(&connect.await?, &args).await,
        Command::Run(args) => run::run(&connect.await?, &args).await,
        Command::Suspend(args) => suspend::run(&connect.await?, &args, true).await,
        Command::Resume(args) => suspend::run(&connect.await?, &args, false).await,
        Command::Logs(args) => logs::run(&connect.await?, &args).await,
        Command::Preview(args) => preview::run(&connect.await?, &args).await,
        Command::Status(args) => status::run(&connect.await?, &args).await,
        Command::Completions { shell } => complete::script(shell),
        Command::Complete { words } => complete::words(&words).await,
    }
}

/// Tells something beside the product, if anybody listens.
fn tell(text: impl Display) {
    output::note(text);
}

/// Resolves at SIGINT or SIGTERM.
///
/// # Errors
/// The system refuses to tell about signals.
fn interrupted() -> Result<impl Future<Output = ()>> {
    let refused = |error| CommandError::transient(format!("failed to listen to signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
