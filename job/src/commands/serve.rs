//! `serve`: schedules, exporter and health checks in one process. IO.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::Timestamp;
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
    let environment = setup::environment(&args.store, &args.reach, &args.push, stop, false)?;
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
        register(source, &environment, &exporter);
    }
    let (ready, readiness) = watch::channel(Readiness::Starting);
    let (servers_stop, servers_stopped) = stop::channel();
    let mut servers = tokio::spawn(listeners.serve(exporter.clone(), readiness, async move {
        servers_stopped.requested().await;
    }));
    info!(store = %environment.stores.default_url(), sources = scheduled.len(), metrics_port = args.metrics_port, health_port = args.health_port, "Started serving");

    let remembered = remember(&scheduled, &environment, &exporter);
    let parallel = usize::from(args.parallel);
    let runs = serve::run(&scheduled, &environment, &exporter, parallel, args.run_at_start);
    let work = async {
        ready.send_replace(Readiness::Ready);
        tokio::join!(remembered, runs);
        // Sources may all be suspended: the exporter goes on until somebody stops the process.
        environment.stop.requested().await;
    };
    let told = async {
        environment.stop.requested().await;
        ready.send_replace(Readiness::Stopping);
        std::future::pending::<()>().await;
    };
    // The ports stay open until the last run has ended, so that its counts can still be scraped.
    let ended_early = tokio::select! {
        () = work => None,
        ended = &mut servers => Some(ended),
        () = told => None,
    };
    servers_stop.stop();
    let ended = match ended_early {
        Some(ended) => ended,
        None => servers.await,
    };
    environment.stores.close().await;
    match ended {
        Ok(Ok(())) if environment.stop.is_requested() => {
            info!("Stopped serving");
            Ok(0)
        }
        Ok(Ok(())) => Err(CommandError::transient("the servers ended by themselves")),
        Ok(Err(error)) => Err(CommandError::transient(error.to_string())),
        Err(error) => Err(CommandError::transient(format!(
            "the servers ended by themselves: {error}"
        ))),
    }
}

fn schedule(loaded: LoadedSource) -> Result<Scheduled, CommandError> {
    let spec = &loaded.source.spec;
    let key = loaded.source.key();
    let schedule = Schedule::parse(&spec.schedule, &key)
        .map_err(|error| CommandError::configuration(format!("{key}: spec.schedule: {error}")))?;
    let zone = sms_crds::zone::named(&spec.time_zone)
        .map_err(|error| CommandError::configuration(format!("{key}: spec.timeZone: {error}")))?;
    Ok(Scheduled {
        loaded,
        schedule,
        zone,
    })
}

/// Makes the source's series, at 0.
fn register(scheduled: &Scheduled, environment: &Environment, exporter: &Exporter) {
    let source = &scheduled.loaded.source;
    let key = source.key();
    let now = Timestamp::now();
    let between_slots = scheduled.schedule.expected_interval(now, &scheduled.zone);
    let interval = source.expected_interval(between_slots);
    exporter.register_source(
        &source.api_name(),
        &key,
        &environment.installation,
        interval.as_secs_f64(),
    );
    exporter.set_created(&source.api_name(), now);
}

/// Fills in the last successes that the store remembers, until the process is told to stop.
async fn remember(scheduled: &[Scheduled], environment: &Environment, exporter: &Exporter) {
    for scheduled in scheduled {
        let source = &scheduled.loaded.source;
        let state = async {
            let store = environment
                .stores
                .for_source(source, &environment.secrets)
                .await
                .map_err(|error| error.to_string())?;
            let state = store
                .source_state(&source.key(), &source.spec_hash(), 1, None)
                .await;
            state.map_err(|error| error.to_string())
        };
        let state = tokio::select! {
            state = state => state,
            () = environment.stop.requested() => return,
        };
        match state {
            Ok(state) => {
                if let Some(at) = state.last_success_at {
                    exporter.set_last_success(&source.api_name(), at);
                }
            }
            // The runs will say it again, each with its reason; one store that is down is enough to know.
            Err(problem) => {
                warn!(
                    api = source.api_name(),
                    "Failed to read the last success: {problem}"
                );
                return;
            }
        }
    }
}
