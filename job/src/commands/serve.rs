//! `serve`: schedules, exporter and health checks in one process. IO.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::schedule::Schedule;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{CommandError, setup};
use crate::{
    args::ServeArgs,
    environment::{Environment, LoadedSource},
    exporter::{
        Exporter,
        server::{Listeners, Readiness},
    },
    serve::{self, Scheduled},
    sources, stop,
};

/// Serves until SIGTERM or SIGINT.
pub async fn run(args: ServeArgs) -> Result<u8, CommandError> {
    let stop = stop::on_signal()
        .map_err(|error| CommandError::transient(format!("failed to listen to signals: {error}")))?;
    let loaded = sources::load(&args.sources);
    if loaded.sources.is_empty() {
        return Err(CommandError::configuration(loaded.problems.join("\nerror: ")));
    }
    for problem in &loaded.problems {
        error!("{problem}");
    }
    let environment = setup::environment(&args.store, &args.reach, &args.push, stop)?;
    let exporter = Exporter::new()
        .map_err(|error| CommandError::transient(format!("failed to make metrics: {error}")))?;
    let everywhere = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listeners = Listeners::bind(everywhere(args.metrics_port), everywhere(args.health_port))
        .await
        .map_err(|error| CommandError::configuration(error.to_string()))?;

    let scheduled = loaded
        .sources
        .into_iter()
        .map(schedule)
        .collect::<Result<Vec<_>, _>>()?;
    for source in &scheduled {
        register(source, &environment, &exporter).await;
    }
    info!(store = %environment.stores.default_url(), sources = scheduled.len(), metrics_port = args.metrics_port, health_port = args.health_port, "Started serving");

    let (ready, readiness) = watch::channel(Readiness::Ready);
    let stop = environment.stop.clone();
    let servers =
        tokio::spawn(listeners.serve(exporter.clone(), readiness, async move { stop.requested().await }));
    serve::run(
        scheduled,
        environment.clone(),
        exporter,
        usize::from(args.parallel),
        args.run_at_start,
    )
    .await;
    // Sources may all be suspended: the exporter goes on until somebody stops the process.
    environment.stop.requested().await;
    drop(ready);
    match servers.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(CommandError::transient(error.to_string())),
        Err(error) => {
            return Err(CommandError::transient(format!(
                "the servers ended by themselves: {error}"
            )));
        }
    }
    environment.stores.close().await;
    info!("Stopped serving");
    Ok(0)
}

fn schedule(loaded: LoadedSource) -> Result<Scheduled, CommandError> {
    let spec = &loaded.source.spec;
    let key = loaded.source.key();
    let schedule = Schedule::parse(&spec.schedule, &key)
        .map_err(|error| CommandError::configuration(format!("{key}: spec.schedule: {error}")))?;
    let zone = TimeZone::get(&spec.time_zone)
        .map_err(|error| CommandError::configuration(format!("{key}: spec.timeZone: {error}")))?;
    Ok(Scheduled {
        loaded,
        schedule,
        zone,
    })
}

/// Makes the source's series, at 0 or at what the store remembers.
async fn register(scheduled: &Scheduled, environment: &Environment, exporter: &Exporter) {
    let source = &scheduled.loaded.source;
    let key = source.key();
    let interval = scheduled
        .schedule
        .expected_interval(Timestamp::now(), &scheduled.zone);
    exporter.register_source(
        &source.api_name(),
        &key.namespace,
        &key.name,
        interval.as_secs_f64(),
    );
    let state = async {
        let store = environment
            .stores
            .for_source(source, &environment.secrets)
            .await
            .map_err(|error| error.to_string())?;
        store
            .source_state(&key, &source.spec_hash(), 1, None)
            .await
            .map_err(|error| error.to_string())
    };
    match state.await {
        Ok(state) => {
            if let Some(at) = state.last_success_at {
                exporter.set_last_success(&source.api_name(), at);
            }
        }
        // The runs will say it again, each with its reason; a database that is down must not keep the exporter down.
        Err(problem) => warn!(
            api = source.api_name(),
            "Failed to read the last success: {problem}"
        ),
    }
}
