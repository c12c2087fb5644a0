//! Flags and variables as they are written. Pure.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the texts of --help"
)]

use std::{path::PathBuf, time::Duration};

use clap::{
    ArgAction, Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::BoolishValueParser, value_parser,
};
use sms_crds::DurationString;
use url::Url;

/// Turns each ScrapeSource into a CronJob, and what its runs tell into status, events and metrics.
#[derive(Debug, Parser)]
#[command(name = "sms_operator", version, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// What to log, in tracing's filter syntax [default: info].
    #[arg(long, global = true, env = "SMS_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// How to log [default: pretty on a terminal, else json].
    #[arg(long, global = true, env = "SMS_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The flags of this process; an empty variable counts as unset, since charts write those all the time. Ends the
/// process on `--help` and on wrong flags, as clap does.
pub fn parse() -> Args {
    let matches = unset_if_empty(Args::command()).get_matches();
    Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn unset_if_empty(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| {
            let is_empty = argument
                .get_env()
                .and_then(std::env::var_os)
                .is_some_and(|value| value.is_empty());
            if is_empty {
                argument.env(None::<&str>)
            } else {
                argument
            }
        })
        .mut_subcommands(unset_if_empty)
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
    /// Watch ScrapeSources and keep their CronJobs, status and metrics right.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinition, for `kubectl apply --server-side -f -`.
    Crd,
    /// Print the CronJobs that `run` would make of manifests; needs no cluster.
    Render(RenderArgs),
    /// Wait until an operator is ready; with --create-source-dry-run also until the API server would take a source.
    /// For `helm test` and the like, in an image without a shell.
    Probe(ProbeArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What every Job gets.
#[derive(Clone, Debug, ClapArgs)]
pub struct JobArgs {
    /// Image of sms_scraper; wins over `image` in --job-settings.
    #[arg(long, env = "SMS_JOB_IMAGE", value_name = "IMAGE")]
    pub job_image: Option<String>,

    /// YAML file with settings of Jobs: pull secrets, tolerations, resources, environment, Pushgateway and more.
    #[arg(long, env = "SMS_JOB_SETTINGS", value_name = "PATH")]
    pub job_settings: Option<PathBuf>,

    /// Name of this installation: whose groups in a Pushgateway are ours.
    #[arg(
        long,
        env = "SMS_INSTALLATION",
        value_name = "NAME",
        default_value = "sms-scraper"
    )]
    pub installation: String,

    /// Secret in each source's namespace whose key `url` is the store's address; wins over `store.secretName` in
    /// --job-settings [default: sms-store].
    #[arg(long, env = "SMS_STORE_SECRET", value_name = "NAME")]
    pub store_secret: Option<String>,

    /// What the name of a Secret that a source names must begin with.
    #[arg(
        long,
        env = "SMS_SECRET_PREFIX",
        value_name = "PREFIX",
        default_value = "sms-"
    )]
    pub secret_prefix: String,

    /// Allow sources on private, loopback and link-local addresses; wins over `allowPrivateAddresses` in
    /// --job-settings [default: false].
    #[arg(long, env = "SMS_ALLOW_PRIVATE_ADDRESSES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub allow_private_addresses: Option<bool>,

    /// Address of the Pushgateway as the operator reaches it, to delete the groups of sources that are gone. Without
    /// `pushgateway.url` in --job-settings Jobs push there too. Credentials come from variables or files alone, so
    /// that no process list shows them: SMS_PUSHGATEWAY_USERNAME with SMS_PUSHGATEWAY_PASSWORD, or
    /// SMS_PUSHGATEWAY_TOKEN, each also with _FILE; SMS_PUSHGATEWAY_CA_FILE names further certificate authorities
    /// [default: `pushgateway.url` in --job-settings].
    #[arg(long, env = "SMS_PUSHGATEWAY_URL", value_name = "URL", hide_env_values = true)]
    pub pushgateway: Option<String>,
}

/// `run`
#[derive(Clone, Debug, ClapArgs)]
pub struct RunArgs {
    /// Jobs.
    #[command(flatten)]
    pub job: JobArgs,

    /// Watch this namespace alone [default: the whole cluster].
    #[arg(long, env = "SMS_WATCH_NAMESPACE", value_name = "NAMESPACE")]
    pub watch_namespace: Option<String>,

    /// Namespace of the operator itself, where its Lease is [default: that of the service account or of the
    /// kubeconfig's context].
    #[arg(long, env = "SMS_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Time between two sweeps of the Pushgateway.
    #[arg(long, env = "SMS_PUSHGATEWAY_SWEEP_INTERVAL", value_name = "DURATION", default_value = "5m", value_parser = sweep_interval)]
    pub pushgateway_sweep_interval: Duration,

    /// Let one of several replicas lead, by a Lease. Without it, run no more than one replica.
    #[arg(long, env = "SMS_LEADER_ELECTION", value_name = "BOOL", default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub leader_election: bool,

    /// Name of the Lease.
    #[arg(
        long,
        env = "SMS_LEASE_NAME",
        value_name = "NAME",
        default_value = "sms-operator"
    )]
    pub lease_name: String,

    /// How long a leader that gives no sign of life keeps the Lease, in seconds.
    #[arg(long, env = "SMS_LEASE_DURATION", value_name = "SECONDS", default_value_t = 15, value_parser = value_parser!(u16).range(5..=600))]
    pub lease_duration: u16,

    /// Sources that are reconciled side by side.
    #[arg(long, env = "SMS_CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = value_parser!(u16).range(1..=256))]
    pub concurrency: u16,

    /// Port of the exporter (/metrics), on every interface.
    #[arg(long, env = "SMS_METRICS_PORT", value_name = "PORT", default_value_t = 9898)]
    pub metrics_port: u16,

    /// Port of /healthz and /readyz, on every interface.
    #[arg(long, env = "SMS_HEALTH_PORT", value_name = "PORT", default_value_t = 8080)]
    pub health_port: u16,
}

/// `render`
#[derive(Clone, Debug, ClapArgs)]
pub struct RenderArgs {
    /// Files with ScrapeSource manifests (YAML or JSON), or folders of them; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub manifests: Vec<PathBuf>,

    /// Jobs.
    #[command(flatten)]
    pub job: JobArgs,
}

/// `probe`
#[derive(Clone, Debug, ClapArgs)]
pub struct ProbeArgs {
    /// Address of the operator's /readyz, e.g. http://sms-operator.sms-system:8080/readyz.
    #[arg(long, env = "SMS_READY_URL", value_name = "URL")]
    pub ready_url: Url,

    /// Ask the API server as well to create a ScrapeSource in this namespace, without keeping it (a dry run): the CRD is
    /// installed and its rules work. Needs the right to create scrapesources there.
    #[arg(long, value_name = "NAMESPACE")]
    pub create_source_dry_run: Option<String>,

    /// How long to wait for all of it, 1s to 1h.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = probe_timeout)]
    pub timeout: Duration,
}

fn probe_timeout(text: &str) -> Result<Duration, String> {
    duration_within(
        text,
        Duration::from_secs(1),
        Duration::from_hours(1),
        "use 1s to 1h",
    )
}

fn sweep_interval(text: &str) -> Result<Duration, String> {
    duration_within(
        text,
        Duration::from_secs(10),
        Duration::from_hours(24),
        "use 10s to 24h",
    )
}

/// A duration as the product writes them everywhere.
///
/// # Errors
/// It is none, or not between `least` and `most`; `remedy` says what is.
pub fn duration_within(
    text: &str,
    least: Duration,
    most: Duration,
    remedy: &str,
) -> Result<Duration, String> {
    let duration = DurationString::new(text)
        .to_std()
        .map_err(|error| error.to_string())?;
    if (least..=most).contains(&duration) {
        Ok(duration)
    } else {
        Err(remedy.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<RunArgs, String> {
        let arguments = ["sms_operator", "run"].iter().chain(arguments);
        match Args::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Run(args) => Ok(*args),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_out_of_range_are_refused_with_the_range() {
        assert_eq!(
            run(&["--pushgateway-sweep-interval", "90s"])
                .unwrap()
                .pushgateway_sweep_interval,
            Duration::from_secs(90)
        );
        for wrong in ["1s", "25h"] {
            let error = run(&["--pushgateway-sweep-interval", wrong]).unwrap_err();
            assert!(error.contains("use 10s to 24h"), "{error}");
        }
        assert!(run(&["--lease-duration", "4"]).unwrap_err().contains("5..=600"));
        assert!(run(&["--concurrency", "0"]).is_err());
    }

    #[test]
    fn a_switch_takes_a_value_or_none() {
        assert_eq!(run(&[]).unwrap().job.allow_private_addresses, None);
        assert_eq!(
            run(&["--allow-private-addresses"])
                .unwrap()
                .job
                .allow_private_addresses,
            Some(true)
        );
        assert_eq!(
            run(&["--allow-private-addresses", "false"])
                .unwrap()
                .job
                .allow_private_addresses,
            Some(false)
        );
        assert!(run(&[]).unwrap().leader_election);
        assert!(!run(&["--leader-election=false"]).unwrap().leader_election);
    }
}
