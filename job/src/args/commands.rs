//! Flags of each command. Pure.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum, builder::BoolishValueParser};
use jiff::civil;

use super::shared::{PushArgs, ReachArgs, SourceArgs, StoreArgs};

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
