//! `ingester`: every chosen source once, side by side. IO.

use std::{io::IsTerminal, sync::Arc};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use sms_crds::report::TERMINATION_MESSAGE_LIMIT;
use tracing::{error, info};

use super::{CONFIGURATION, CommandError, output, setup, table};
use crate::{
    args::IngesterArgs,
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
        return Err(CommandError::configuration(loaded.problems.join(
            "
error: ",
        )));
    }
    for problem in &loaded.problems {
        error!("{problem}");
    }
    let environment = setup::environment(&args.store, &args.reach, &args.push, stop)?;
    info!(store = %environment.stores.default_url(), sources = loaded.sources.len(), "Started ingester");

    let options = RunOptions {
        bypass_cadence: args.bypass_cadence,
        dry_run: args.dry_run,
    };
    let bar = progress_bar(loaded.sources.len());
    let single = loaded.sources.len() == 1;
    let mut finished: Vec<Finished> = stream::iter(loaded.sources)
        .map(|source| {
            let environment = Arc::clone(&environment);
            let bar = bar.clone();
            async move {
                bar.set_message(source.source.api_name());
                let finished = pipeline::run(&source, &environment, options).await;
                bar.inc(1);
                finished
            }
        })
        .buffer_unordered(usize::from(args.parallel))
        .collect()
        .await;
    bar.finish_and_clear();
    environment.stores.close().await;
    finished.sort_by(|a, b| a.report.api_name.cmp(&b.report.api_name));

    if let (Some(path), true, [only]) = (&args.termination_message_path, single, finished.as_slice()) {
        let message = only.report.to_json_within(TERMINATION_MESSAGE_LIMIT);
        if let Err(problem) = std::fs::write(path, message) {
            error!(
                "Failed to write the termination message to {}: {problem}",
                path.display()
            );
        }
    }
    if args.print_metrics {
        for run in &finished {
            output::product(metrics_text(run))?;
        }
    }
    if args.dry_run {
        for run in &finished {
            output::product(table::events(
                run.events.iter().map(|identified| &identified.event),
            ))?;
        }
    }
    output::note(table::runs(finished.iter().map(|run| &run.report)));
    let codes = finished.iter().map(|run| exit_code(&run.report));
    let manifest = if loaded.problems.is_empty() {
        0
    } else {
        CONFIGURATION
    };
    Ok(codes.chain([manifest]).max().unwrap_or_default())
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
