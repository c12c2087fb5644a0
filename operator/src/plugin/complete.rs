//! Completions: scripts for shells, and the words that kubectl asks for. IO: names of sources come from the cluster.

mod words;

use std::time::Duration;

use clap::CommandFactory;
use clap_complete::Shell;
use tokio::time::timeout;

use super::{
    Result,
    args::{Args, CompletionFor},
    cluster::Cluster,
};
use crate::commands::output;
use words::Wanted;

/// Whoever waits for a completion waits at a prompt.
const LIMIT: Duration = Duration::from_secs(3);

/// kubectl 1.26 and later runs `kubectl_complete-sms` with the words after `kubectl sms`.
const FOR_KUBECTL: &str = "#!/bin/sh\nexec kubectl-sms __complete -- \"$@\"\n";

/// Only what was printed, no names of files (cobra, `ShellCompDirectiveNoFileComp`).
const NO_FILES: &str = ":4";
/// Names of files (cobra, `ShellCompDirectiveDefault`).
const FILES: &str = ":0";

/// Prints the script.
pub fn script(wanted: CompletionFor) -> Result {
    let shell = match wanted {
        CompletionFor::Kubectl => {
            output::product(FOR_KUBECTL.as_bytes())?;
            return Ok(0);
        }
        CompletionFor::Bash => Shell::Bash,
        CompletionFor::Elvish => Shell::Elvish,
        CompletionFor::Fish => Shell::Fish,
        CompletionFor::Powershell => Shell::PowerShell,
        CompletionFor::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "kubectl-sms", &mut script);
    output::product(&script)?;
    Ok(0)
}

/// Prints what may stand where the last word stands. A cluster that cannot be asked gives no names, and no error: nobody
/// could read it.
pub async fn words(words: &[String]) -> Result {
    let (candidates, directive) = match words::wanted(&Args::command(), words) {
        Wanted::Words(words) => (words, NO_FILES),
        Wanted::Files => (Vec::new(), FILES),
        Wanted::Sources => {
            let sources = timeout(LIMIT, sources(words)).await;
            (sources.unwrap_or_default(), NO_FILES)
        }
    };
    let prefix = words.last().map_or("", String::as_str);
    let mut text: String = candidates
        .into_iter()
        .filter(|word| word.starts_with(prefix))
        .map(|word| word + "\n")
        .collect();
    text.push_str(directive);
    text.push('\n');
    output::product(text.as_bytes())?;
    Ok(0)
}

async fn sources(words: &[String]) -> Vec<String> {
    let Ok(cluster) = Cluster::connect(&words::cluster(words)).await else {
        return Vec::new();
    };
    let found = cluster.sources(&cluster.scope(false)).await.unwrap_or_default();
    found.iter().map(|found| found.key().name).collect()
}
