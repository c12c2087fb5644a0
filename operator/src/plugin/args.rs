//! Flags as they are written. Pure.

#![allow(clippy::doc_markdown, reason = "these comments are the texts of --help")]

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::args::duration_within;

const AFTER_HELP: &str = "\
Examples:
  kubectl sms get -A                          every source, and whether it is stale
  kubectl sms run sea-monster --wait          run it now; the exit code is its outcome
  kubectl sms logs sea-monster                what its newest run logged
  kubectl sms preview sea-monster             what it would extract now; nothing is stored
  kubectl sms suspend --all                   no scheduled run until `resume --all`
  kubectl sms status -A > status.txt          a redacted report for a bug report

Exit codes: 0 done; 1 failed, trying again may help; 2 wrong flags, no such source, no rights; 130 interrupted.";

/// See and steer the ScrapeSources of a cluster.
#[derive(Debug, Parser)]
#[command(name = "kubectl-sms", bin_name = "kubectl sms", version, max_term_width = 110, after_help = AFTER_HELP)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// The flags of this process. Ends the process on `--help` and on wrong flags, as clap does.
pub fn parse() -> Args {
    Args::parse()
}

/// Which cluster, as kubectl's own flags say it.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// The kubeconfig file [default: KUBECONFIG, else ~/.kube/config, else the Pod's service account].
    #[arg(long, global = true, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig [default: its current context].
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,

    /// The cluster of the kubeconfig [default: that of the context].
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,

    /// The user of the kubeconfig [default: that of the context].
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,

    /// The namespace [default: that of the context].
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List sources: ready or why not, last run, next run, stale.
    Get(GetArgs),
    /// Run a source now, whatever its cadence.
    Run(RunArgs),
    /// Stop scheduled runs. A run that is under way goes on.
    Suspend(SuspendArgs),
    /// Let scheduled runs go on.
    Resume(SuspendArgs),
    /// Show what a run logged: the newest, or another.
    Logs(LogsArgs),
    /// Show what a source would extract now. Stores nothing, pushes nothing, counts as no run.
    Preview(PreviewArgs),
    /// Print a report about the installation and its sources, without secrets, for a bug report.
    Status(StatusArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell, or `kubectl` for the script kubectl_complete-sms by which kubectl itself completes.
        shell: CompletionFor,
    },
    /// Print what may stand where the last word stands.
    #[command(name = "__complete", hide = true)]
    Complete {
        /// The words after `kubectl sms`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

/// For whom completions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletionFor {
    /// `kubectl-sms` in bash.
    Bash,
    /// `kubectl-sms` in elvish.
    Elvish,
    /// `kubectl-sms` in fish.
    Fish,
    /// `kubectl sms` in every shell that kubectl completes: save it as kubectl_complete-sms in a folder of PATH.
    Kubectl,
    /// `kubectl-sms` in PowerShell.
    Powershell,
    /// `kubectl-sms` in zsh.
    Zsh,
}

/// `get`
#[derive(Debug, ClapArgs)]
pub struct GetArgs {
    /// Only these.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// The sources of every namespace.
    #[arg(short = 'A', long, conflicts_with = "names")]
    pub all_namespaces: bool,

    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t = GetFormat::Table)]
    pub output: GetFormat,
}

/// Form of `get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GetFormat {
    /// A table.
    Table,
    /// The table with host, failures in a row and the message of what is wrong.
    Wide,
    /// The objects as JSON.
    Json,
    /// The objects as YAML.
    Yaml,
    /// scrapesource.sms-scraper.dev/NAME.
    Name,
}

/// `run`
#[derive(Debug, ClapArgs)]
pub struct RunArgs {
    /// The source.
    pub name: String,

    /// Wait until the run is over and its outcome is in the status: exit code 0 for Succeeded and Unchanged, else 1.
    #[arg(long)]
    pub wait: bool,

    /// How long to wait with --wait, 1s to 24h.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = wait)]
    pub timeout: Duration,
}

/// `suspend` and `resume`
#[derive(Debug, ClapArgs)]
pub struct SuspendArgs {
    /// The sources.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    pub names: Vec<String>,

    /// Every source of the namespace.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// With --all: of every namespace.
    #[arg(short = 'A', long, requires = "all", conflicts_with = "names")]
    pub all_namespaces: bool,
}

/// `logs`
#[derive(Debug, ClapArgs)]
pub struct LogsArgs {
    /// The source.
    pub name: String,

    /// Go on until the run is over. A run that has not started yet is waited for.
    #[arg(short, long)]
    pub follow: bool,

    /// The run of this Job.
    #[arg(long, value_name = "JOB")]
    pub run: Option<String>,

    /// The run before the newest.
    #[arg(short, long, conflicts_with = "run")]
    pub previous: bool,
}

/// `preview`
#[derive(Debug, ClapArgs)]
pub struct PreviewArgs {
    /// The source.
    #[arg(required_unless_present = "filename")]
    pub name: Option<String>,

    /// Preview the source as this file has it, before it is applied; - is standard input. Image, settings and Secrets
    /// are those of the source of that name in the cluster, or of NAME.
    #[arg(short, long, value_name = "FILE")]
    pub filename: Option<PathBuf>,

    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t = PreviewFormat::Table)]
    pub output: PreviewFormat,

    /// Most events and rejected items in the table; 0 is all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,

    /// How long to wait, 1s to 1h.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = preview_wait)]
    pub timeout: Duration,
}

/// Form of `preview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreviewFormat {
    /// Tables for people.
    Table,
    /// One JSON object: found, events, rejected, warnings, fields, items.
    Json,
}

/// `status`
#[derive(Debug, ClapArgs)]
pub struct StatusArgs {
    /// The sources of every namespace.
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Namespace of the operator [default: where a Deployment of it is found, else sms-system].
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,

    /// Lines of each operator Pod's log.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub log_lines: u32,

    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t = StatusFormat::Text)]
    pub output: StatusFormat,

    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "PATH")]
    pub file: Option<PathBuf>,
}

/// Form of `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people.
    Text,
    /// For programs.
    Yaml,
    /// For programs.
    Json,
}

fn wait(text: &str) -> Result<Duration, String> {
    duration_within(
        text,
        Duration::from_secs(1),
        Duration::from_hours(24),
        "use 1s to 24h",
    )
}

fn preview_wait(text: &str) -> Result<Duration, String> {
    duration_within(
        text,
        Duration::from_secs(1),
        Duration::from_hours(1),
        "use 1s to 1h",
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Args, String> {
        let arguments = ["kubectl-sms"].iter().chain(arguments);
        Args::try_parse_from(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_flags_of_kubectl_stand_before_or_after_the_command() {
        for arguments in [
            &["-n", "music", "--context", "home", "get"][..],
            &["get", "--context", "home", "-n", "music"],
        ] {
            let args = parsed(arguments).unwrap();
            assert_eq!(args.cluster.namespace.as_deref(), Some("music"));
            assert_eq!(args.cluster.context.as_deref(), Some("home"));
        }
    }

    #[test]
    fn suspend_needs_names_or_all() {
        assert!(parsed(&["suspend"]).is_err());
        assert!(parsed(&["suspend", "a", "--all"]).is_err());
        assert!(parsed(&["suspend", "a", "-A"]).is_err());
        assert!(parsed(&["suspend", "a", "b"]).is_ok());
        assert!(parsed(&["resume", "--all", "-A"]).is_ok());
    }

    #[test]
    fn durations_out_of_range_are_refused_with_the_range() {
        let error = parsed(&["run", "a", "--timeout", "25h"]).unwrap_err();
        assert!(error.contains("use 1s to 24h"), "{error}");
        let error = parsed(&["preview", "a", "--timeout", "2h"]).unwrap_err();
        assert!(error.contains("use 1s to 1h"), "{error}");
    }
}
