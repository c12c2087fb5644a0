//! Flags and variables as they are written. Pure.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the texts of --help"
)]

use std::path::PathBuf;

use clap::{
    Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::BoolishValueParser,
};
use jiff::{Timestamp, civil};

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

/// Which sources.
#[derive(Clone, Debug, ClapArgs)]
pub struct SourceArgs {
    /// File or folder with ScrapeSource manifests (YAML or JSON); a folder is read with its sub-folders.
    #[arg(long, env = "SMS_SOURCES", value_name = "PATH")]
    pub sources: Option<PathBuf>,

    /// One source as JSON, as the operator hands it over. Such a source may name no files.
    #[arg(
        long,
        env = "SMS_SOURCE",
        value_name = "JSON",
        hide = true,
        hide_env_values = true
    )]
    pub source: Option<String>,

    /// Only these, by API name, comma-separated.
    #[arg(long, env = "SMS_APIS", value_name = "A,B", value_delimiter = ',')]
    pub apis: Vec<String>,
}

/// Where events are stored.
#[derive(Clone, Debug, ClapArgs)]
pub struct StoreArgs {
    /// sqlite://PATH, postgres://USER:PASSWORD@HOST/DATABASE or stdout: [default: a SQLite file in the user's data
    /// folder].
    #[arg(long, env = "SMS_STORE_URL", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,

    /// File that holds the store's address, for an address with a password.
    #[arg(
        long,
        env = "SMS_STORE_URL_FILE",
        value_name = "PATH",
        conflicts_with = "store"
    )]
    pub store_file: Option<PathBuf>,

    /// Store where neither the flags above nor the manifest name one; with it a --store-file that does not exist is no
    /// error. This is how a cluster without a database starts with stdout: [default: a SQLite file in the user's data
    /// folder].
    #[arg(
        long,
        env = "SMS_DEFAULT_STORE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub default_store: Option<String>,
}

/// What a run may reach.
#[derive(Clone, Debug, ClapArgs)]
pub struct ReachArgs {
    /// Allow sources on private, loopback and link-local addresses. What may be reached is for whoever runs the
    /// process, never for whoever writes a source.
    #[arg(long, env = "SMS_ALLOW_PRIVATE_ADDRESSES", default_value_t = false, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub allow_private_addresses: bool,

    /// PEM file with further certificate authorities.
    #[arg(long, env = "SMS_CA_FILE", value_name = "PATH")]
    pub ca_file: Option<PathBuf>,

    /// HTTP proxy that pages are fetched through. It looks names up itself: what it reaches is for whoever runs it. Proxies
    /// of the environment (HTTPS_PROXY) are not used [default: none].
    #[arg(long, env = "SMS_PROXY", value_name = "URL", hide_env_values = true)]
    pub proxy: Option<String>,

    /// Folder with secrets, read as FOLDER/<secret name>/<key>.
    #[arg(long, env = "SMS_SECRETS_DIR", value_name = "FOLDER")]
    pub secrets_dir: Option<PathBuf>,

    /// Longest time of one run, in seconds, waiting for another run of the same source included.
    #[arg(long, env = "SMS_RUN_TIMEOUT", value_name = "SECONDS", default_value_t = 540, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub run_timeout: u64,
}

/// Where metrics are pushed. Credentials come from variables or files alone, so that no process list shows them:
/// SMS_PUSHGATEWAY_USERNAME with SMS_PUSHGATEWAY_PASSWORD, or SMS_PUSHGATEWAY_TOKEN; each also with _FILE.
#[derive(Clone, Debug, ClapArgs)]
pub struct PushArgs {
    /// Address of the Pushgateway [default: no push].
    #[arg(long, env = "SMS_PUSHGATEWAY_URL", value_name = "URL", hide_env_values = true)]
    pub pushgateway: Option<String>,

    /// Name of this installation in `sms_source_info`.
    #[arg(long, env = "SMS_INSTALLATION", value_name = "NAME", default_value = "local")]
    pub installation: String,
}

/// `ingester`
#[derive(Debug, ClapArgs)]
pub struct IngesterArgs {
    /// Sources.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Reach.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Push.
    #[command(flatten)]
    pub push: PushArgs,

    /// Run although the last success is younger than the cadence.
    #[arg(long, env = "SMS_BYPASS_CADENCE", default_value_t = false, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub bypass_cadence: bool,

    /// Fetch and extract, but neither store nor push.
    #[arg(long)]
    pub dry_run: bool,

    /// Print the metrics of each run as they were, or would be, pushed.
    #[arg(long)]
    pub print_metrics: bool,

    /// Sources that run side by side.
    #[arg(long, env = "SMS_PARALLEL", value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,

    /// File for the run report of a single source, at most 4096 bytes: Kubernetes' termination message.
    #[arg(long, env = "SMS_TERMINATION_MESSAGE_PATH", value_name = "PATH", hide = true)]
    pub termination_message_path: Option<PathBuf>,
}

/// `serve`
#[derive(Debug, ClapArgs)]
pub struct ServeArgs {
    /// Sources.
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Reach.
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Push.
    #[command(flatten)]
    pub push: PushArgs,

    /// Port of the exporter (/metrics), on every interface.
    #[arg(long, env = "SMS_METRICS_PORT", value_name = "PORT", default_value_t = 9898)]
    pub metrics_port: u16,

    /// Port of /healthz and /readyz, on every interface.
    #[arg(long, env = "SMS_HEALTH_PORT", value_name = "PORT", default_value_t = 8080)]
    pub health_port: u16,

    /// Sources that run side by side.
    #[arg(long, env = "SMS_PARALLEL", value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,

    /// Run every source once at the start, as far as its cadence allows, instead of waiting for its schedule.
    #[arg(long, env = "SMS_RUN_AT_START", default_value_t = false, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub run_at_start: bool,
}

/// `view`
#[derive(Debug, ClapArgs)]
pub struct ViewArgs {
    /// Store.
    #[command(flatten)]
    pub store: StoreArgs,

    /// Port of the view, on every interface.
    #[arg(long, env = "SMS_VIEW_PORT", value_name = "PORT", default_value_t = 8090)]
    pub view_port: u16,

    /// Address under which clients reach the view, for example https://events.example/: calendars then say where they are
    /// from, and the start page offers to subscribe [default: not told].
    #[arg(long, env = "SMS_VIEW_URL", value_name = "URL")]
    pub view_url: Option<String>,

    /// Port of the exporter (/metrics), on every interface.
    #[arg(long, env = "SMS_METRICS_PORT", value_name = "PORT", default_value_t = 9898)]
    pub metrics_port: u16,

    /// Port of /healthz and /readyz, on every interface.
    #[arg(long, env = "SMS_HEALTH_PORT", value_name = "PORT", default_value_t = 8080)]
    pub health_port: u16,
}

/// `check`
#[derive(Debug, ClapArgs)]
pub struct CheckArgs {
    /// Files or folders [default: --sources].
    pub paths: Vec<PathBuf>,

    /// File or folder with manifests.
    #[arg(long, env = "SMS_SOURCES", value_name = "PATH")]
    pub sources: Option<PathBuf>,
}

/// `preview`
#[derive(Debug, ClapArgs)]
pub struct PreviewArgs {
    /// The manifest; with several sources in it, name one with --apis.
    pub manifest: PathBuf,

    /// Which source of the manifest, by API name.
    #[arg(long, value_name = "API", value_delimiter = ',')]
    pub apis: Vec<String>,

    /// Read this file instead of fetching; its extension tells the content type.
    #[arg(long, value_name = "FILE")]
    pub fixture: Option<PathBuf>,

    /// A detail page for `follow`, as ADDRESS=FILE; with --fixture, addresses that are not given stay without details.
    #[arg(long, value_name = "ADDRESS=FILE", requires = "fixture")]
    pub detail: Vec<String>,

    /// Pretend that it is this time: 2026-02-12 or 2026-02-12T10:00:00-08:00.
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,

    /// Form of the output.
    #[arg(long, value_enum, default_value_t = PreviewFormat::Table)]
    pub format: PreviewFormat,

    /// Most events and rejected items in the table; 0 is all.
    #[arg(long, default_value_t = 50)]
    pub limit: usize,

    /// Reach.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Form of `preview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreviewFormat {
    /// Tables for people.
    Table,
    /// One JSON object: found, events, rejected, warnings, fields, items.
    Json,
}

/// `events`
#[derive(Debug, ClapArgs)]
pub struct EventsArgs {
    /// Store.
    #[command(flatten)]
    pub store: StoreArgs,

    /// Only these sources, by API name, comma-separated.
    #[arg(long, env = "SMS_APIS", value_name = "A,B", value_delimiter = ',')]
    pub apis: Vec<String>,

    /// Only events that end on this date or later.
    #[arg(long, value_name = "DATE")]
    pub from: Option<civil::Date>,

    /// Only events that start on this date or earlier.
    #[arg(long, value_name = "DATE")]
    pub to: Option<civil::Date>,

    /// Removed events too.
    #[arg(long)]
    pub include_removed: bool,

    /// Form of the output.
    #[arg(long, value_enum, default_value_t = EventsFormat::Table)]
    pub format: EventsFormat,

    /// Most events, the earliest first; 0 is all [default: all].
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}

/// Form of `events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventsFormat {
    /// A table for people.
    Table,
    /// A JSON array.
    Json,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// An iCalendar feed (RFC 5545).
    Ical,
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
