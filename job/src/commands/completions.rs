//! `completions`: a script for a shell. IO: standard output.

use clap::CommandFactory;

use super::CommandError;
use crate::args::Args;

/// Prints the script.
pub fn run(shell: clap_complete::Shell) -> Result<u8, CommandError> {
    clap_complete::generate(shell, &mut Args::command(), "sms_scraper", &mut std::io::stdout());
    Ok(0)
}
