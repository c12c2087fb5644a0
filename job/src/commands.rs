//! The sub-commands: one file each, one signature, this dispatcher. IO.

pub mod check;
pub mod completions;
pub mod events;
pub mod ingester;
pub mod migrate;
mod output;
pub mod preview;
pub mod serve;
mod setup;
pub mod table;
mod termination;
pub mod view;

use std::process::ExitCode;

use crate::{
    args::{Args, Command},
    telemetry,
};

/// Exit code of a configuration that no retry mends.
pub const CONFIGURATION: u8 = 2;

/// Why a command ended before its work: the words for standard error, and the exit code.
#[derive(Debug)]
pub struct CommandError {
    /// In words, a line for each problem.
    pub message: String,
    /// 1 transient, 2 configuration.
    pub code: u8,
}

impl CommandError {
    /// A wrong flag, manifest or file.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: CONFIGURATION,
        }
    }

    /// Something that may be better next time.
    pub fn transient(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }
}

/// Runs the command that was asked for.
pub fn run(args: Args) -> ExitCode {
    let quiet = !matches!(
        args.command,
        Command::Ingester(_) | Command::Serve(_) | Command::View(_)
    );
    if let Err(message) = telemetry::start(args.log.as_deref(), args.log_format, quiet) {
        output::note(format_args!("error: {message}"));
        return ExitCode::from(CONFIGURATION);
    }
    let result = match args.command {
        Command::Check(args) => check::run(&args),
        Command::Completions { shell } => completions::run(shell),
        Command::Ingester(args) => setup::block_on(ingester::run(args)),
        Command::Serve(args) => setup::block_on(serve::run(args)),
        Command::View(args) => setup::block_on_threads(view::run(args)),
        Command::Preview(args) => setup::block_on(preview::run(args)),
        Command::Events(args) => setup::block_on(events::run(args)),
        Command::Migrate(args) => setup::block_on(migrate::run(args)),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::note(format_args!("error: {}", error.message));
            ExitCode::from(error.code)
        }
    }
}
