//! The sub-commands: one file each, one signature, this dispatcher. IO.

mod completions;
mod crd;
pub mod output;
mod probe;
mod render;
pub mod settings;

use std::{fmt::Display, process::ExitCode};

use crate::{
    args::{Args, Command},
    run, telemetry,
};

/// Exit code of a failure that may pass.
pub const TRANSIENT: u8 = 1;

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
    pub fn configuration(problem: impl Display) -> Self {
        Self {
            message: problem.to_string(),
            code: CONFIGURATION,
        }
    }

    /// Something that may be better next time.
    pub fn transient(problem: impl Display) -> Self {
        Self {
            message: problem.to_string(),
            code: TRANSIENT,
        }
    }
}

/// Runs the command that was asked for.
pub fn run(args: Args) -> ExitCode {
    let logs = telemetry::start(args.log.as_deref(), args.log_format);
    let result = logs
        .map_err(CommandError::configuration)
        .and_then(|()| match args.command {
            Command::Run(args) => run::block_on(*args),
            Command::Crd => crd::run(),
            Command::Render(args) => render::run(&args),
            Command::Probe(args) => probe::run(&args),
            Command::Completions { shell } => completions::run(shell),
        });
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::note(format_args!("error: {}", error.message));
            ExitCode::from(error.code)
        }
    }
}
