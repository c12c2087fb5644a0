//! `ingester`: every chosen source once, side by side. IO.

use std::{io::IsTerminal, sync::Arc};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use sms_crds::report::{Outcome, Reason, Step};
use tracing::{error, info};

use super::{CONFIGURATION, CommandError, output, setup, table, termination};
use crate::{
    args::IngesterArgs,
    environment::{Environment, LoadedSource, StoreChoiceError},
    metrics::PushMethod,
    pipeline::{self, Finished, RunOptions, progress::exit_code},
    sources, stop,
    telemetry::PROGRESS,
};

/// Runs the sources; the highest exit code of all wins, a problem in a manifest is 2.
pub async fn run(args: IngesterArgs) -> Result<u8, CommandError> {
    let stop = stop::on_signal()
        .map_err(|error| CommandError::transient(format!("failed to listen to signals: {error}")))?;
    let loaded = sources::load(&args.sources);
    if loaded.sources.is_empty() {
        not_begun(&args, Reason::InvalidSource, loaded.problems.join("; "));
        return Err(CommandError::configuration(loaded.problems.join("\nerror: ")));
    }
    for problem in &loaded.problems {
        error!("{problem}");
    }
    let environment = setup::environment(&args.store, &args.reach, &args.push, stop, true)
        .inspect_err(|error| not_begun(&args, Reason::ContainerConfigInvalid, error.message.clone()))?;
    info!(store = %environment.stores.default_url(), sources = loaded.sources.len(), "Started ingester");

    let options = RunOptions {
        bypass_cadence: args.bypass_cadence,
        dry_run: args.dry_run,
    };
    let bar = progress_bar(loaded.sources.len());
    let sources = loaded.sources.clone();
    let single = loaded.sources.len() == 1;
    let mut finished: Vec<Finished> = stream::iter(loaded.sources)
        .map(|source| {
            let environment = Arc::clone(&environment);
            let bar = bar.clone();
            async move {
                bar.set_message(source.source.api_name());
                let finished = Box::pin(pipeline::run(&source, &environment, options)).await;
                bar.inc(1);
                finished
            }
        })
        .buffer_unordered(usize::from(args.parallel))
        .collect()
        .await;
    bar.finish_and_clear();
    let store_failed = finished
        .iter()
        .any(|run| run.report.outcome == Outcome::Failed && run.report.step == Some(Step::Store));
    let is_hopeless = store_failed && has_hopeless_store(&sources, &environment).await;
    environment.stores.close().await;
    finished.sort_by(|a, b| a.report.api_name.cmp(&b.report.api_name));

    if let (Some(path), true, [only]) = (&args.termination_message_path, single, finished.as_slice()) {
        termination::write(path, &only.report);
    }
    if args.print_metrics {
        for run in &finished {
            output::product(metrics_text(run))?;
        }
    }
    if args.dry_run {
        for run in &finished {
            output::product(dry_run_text(run))?;
        }
    }
    output::note(table::runs(finished.iter().map(|run| &run.report)));
    let codes = finished.iter().map(|run| exit_code(&run.report));
    let manifest = if loaded.problems.is_empty() {
        0
    } else {
        CONFIGURATION
    };
    let store = if is_hopeless { CONFIGURATION } else { 0 };
    Ok(codes.chain([manifest, store]).max().unwrap_or_default())
}

/// Tells Kubernetes why a run could not begin.
fn not_begun(args: &IngesterArgs, reason: Reason, message: String) {
    if let Some(path) = &args.termination_message_path {
        let json = args.sources.source.as_deref();
        termination::write(
            path,
            &termination::not_begun(json, reason, message, Timestamp::now()),
        );
    }
}

/// Whether a store is such that no later try opens it, for example a damaged file: the exit code must then keep Kubernetes
/// from trying again.
async fn has_hopeless_store(sources: &[LoadedSource], environment: &Environment) -> bool {
    for loaded in sources {
        let store = environment
            .stores
            .for_source(&loaded.source, &environment.secrets)
            .await;
        if let Err(StoreChoiceError::Store(error)) = store
            && !error.is_transient()
        {
            return true;
        }
    }
    false
}

/// The events of a dry run, below the name of their source.
fn dry_run_text(run: &Finished) -> String {
    let report = &run.report;
    let mut text = format!(
        "\n{}: {}",
        report.api_name,
        output::counted(run.events.len(), "event")
    );
    if report.outcome != Outcome::Succeeded {
        let message = report.message.as_deref().unwrap_or_default();
        text = format!("{text}, {}: {message}", report.outcome.as_str());
    }
    text.push_str(" (dry run: nothing is stored or pushed)");
    if !run.events.is_empty() {
        let events = run.events.iter().map(|identified| &identified.event);
        text = format!("{text}\n{}", table::events(events));
    }
    text
}

fn metrics_text(run: &Finished) -> String {
    let api = &run.report.api_name;
    let Some(metrics) = &run.metrics else {
        return format!(
            "# {api}: a run with outcome {} is not pushed",
            run.report.outcome.as_str()
        );
    };
    let done = if run.report.metrics_pushed == Some(true) {
        "pushed"
    } else {
        "would be pushed"
    };
    let method = match metrics.method() {
        PushMethod::Put => "PUT",
        PushMethod::Post => "POST",
    };
    match metrics.to_text() {
        Ok(text) => format!("# {method} /metrics/job/sms_scraper/instance/{api} ({done})\n{text}"),
        Err(problem) => format!("# {api}: cannot be written as text: {problem}"),
    }
}

fn progress_bar(sources: usize) -> ProgressBar {
    if sources < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
    let bar = PROGRESS.add(ProgressBar::new(sources as u64));
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}
