//! `sms_scraper`: parses flags, starts what was asked for, and turns the result into an exit code. IO.

use std::process::ExitCode;

use sms_job::{args, commands, secrets, worker};

fn main() -> ExitCode {
    // The worker is started for every run: nothing else is set up for it.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == worker::child::ARGUMENT)
    {
        return match worker::child::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    secrets::leave_no_core_file();
    commands::run(args::parse())
}
