//! Flags and variables as they are written. Pure.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the texts of --help"
)]

mod commands;
mod shared;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use jiff::{Timestamp, civil};

pub use commands::{
    CheckArgs, EventsArgs, EventsFormat, IngesterArgs, PreviewArgs, PreviewFormat, ServeArgs, ViewArgs,
};
pub use shared::{PushArgs, ReachArgs, SourceArgs, StoreArgs};

/// Scrapes event sources: fetch, extract, de-duplicate, store, and tell Prometheus.
#[derive(Debug, Parser)]
#[command(name = "sms_scraper", version, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// What to log, in tracing's filter syntax [default: info].
    #[arg(
        long,
        global = true,
        env = "SMS_LOG",
        value_name = "FILTER",
        hide_env_values = true
    )]
    pub log: Option<String>,

    /// How to log [default: pretty on a terminal, else json].
    #[arg(long, global = true, env = "SMS_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The flags of this process. An empty variable is one that is not set: compose files and charts write those all the
/// time. Ends the process on `--help` and on wrong flags, as clap does.
pub fn parse() -> Args {
    let matches = without_empty_variables(Args::command()).get_matches();
    Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env().is_some_and(empty) {
            true => argument.env(None::<&str>),
            false => argument,
        })
        .mut_subcommands(without_empty_variables)
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run sources once: fetch, extract, store, push.
    Ingester(IngesterArgs),
    /// Run sources on their schedules, with an exporter and health checks: a machine without Kubernetes.
    Serve(ServeArgs),
    /// Serve the stored events over HTTP, as JSON and iCalendar; reads the store and nothing else.
    View(ViewArgs),
    /// Check manifests without fetching anything.
    Check(CheckArgs),
    /// Show what a source gives: events, rejected items, what each field matched. Writes nothing.
    Preview(PreviewArgs),
    /// Show stored events.
    Events(EventsArgs),
    /// Bring the store's tables up to date.
    Migrate(StoreArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// A time as people write it: a date is its midnight in `zone`.
///
/// # Errors
/// In words.
pub fn parse_now(text: &str, zone: &jiff::tz::TimeZone) -> Result<Timestamp, String> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    text.parse::<civil::DateTime>()
        .and_then(|local| local.to_zoned(zone.clone()))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| format!("--now {text:?} is no time; write 2026-02-12 or 2026-02-12T10:00:00-08:00"))
}
