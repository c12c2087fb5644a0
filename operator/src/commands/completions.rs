//! `completions`: a script for a shell. IO: standard output.

use clap::CommandFactory;

use super::{CommandError, output};
use crate::args::Args;

/// Prints the script.
pub fn run(shell: clap_complete::Shell) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "sms_operator", &mut script);
    output::product(&script)?;
    Ok(0)
}
