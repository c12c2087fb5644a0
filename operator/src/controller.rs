//! The controller: watches, passes over sources, and when a failed one is tried again. IO.

pub mod build;
pub mod error;
pub mod status;
pub mod validate;

mod apply;
mod caches;
mod calls;
mod confidential;
mod cron_jobs;
mod invalid;
mod kept;
mod observe;
mod pass;
mod queue;
mod run_cache;
mod run_now;
mod watch;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future, stream};
use k8s_openapi::api::batch::v1::CronJob;
use kube::Resource;
use sms_crds::{Problem, ScrapeSource, SourceKey};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::{context::Context, metrics::ReconcileResult, settings::Config};
pub use caches::Caches;
use confidential::Confidential;
use error::{ReconcileError, pause};
pub use kept::Kept;

/// Longest time of one pass: kube's own calls have no limit together.
const PASS_LIMIT: Duration = Duration::from_mins(1);

/// Every source is looked at this often, although a watch tells of every change.
const RESYNC: Duration = Duration::from_hours(1);

/// Runs until `stop`: first lists what is there, then keeps every source as it should be.
///
/// `gone` is told of every source that vanished, with its API name.
pub async fn run(
    context: Arc<Context>,
    namespace: Option<String>,
    concurrency: u16,
    gone: impl Fn(SourceKey, String) + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let caches = Arc::clone(&context.caches);
    let (Some(writer), Some(mut triggered)) = (caches.take_writer(), caches.take_triggers()) else {
        error!("The caches of this context were used before");
        return;
    };
    let mut watches = JoinSet::new();
    let mut listed = Vec::new();
    macro_rules! follow {
        ($watch:path) => {{
            let (sender, receiver) = oneshot::channel();
            watches.spawn($watch(Arc::clone(&context), namespace.clone(), sender));
            listed.push(receiver);
        }};
    }
    follow!(watch::cron_jobs);
    follow!(watch::jobs);
    follow!(watch::pods);
    let mut sources = watch::sources(&context, namespace.as_deref(), writer, gone).boxed();
    // A pass that knows nothing of CronJobs and runs would create what is there, and count runs without their reports. Sources
    // are listed at the same time as all else, and each gets its pass afterwards.
    let mut seen = Vec::new();
    let see = async {
        while let Some(source) = sources.next().await {
            seen.push(source);
        }
    };
    tokio::select! {
        _ = future::join_all(listed) => caches.set_listed(),
        () = see => return error!("A watch has ended by itself"),
        () = stop.cancelled() => return,
    }
    for key in seen {
        caches.trigger(&key);
    }

    let triggers = stream::poll_fn(move |task| triggered.poll_recv(task));
    let passes = queue::run(
        stream::select(sources, triggers),
        caches.sources().wait_until_ready(),
        concurrency.into(),
        |key| turn(key, &context),
        &stop,
    );
    tokio::select! {
        () = passes => {}
        // A controller that no longer sees what happens must not go on.
        _ = watches.join_next() => error!("A watch has ended by itself"),
        () = resync(&caches) => {}
    }
}

/// Asks for a pass over every source now and then, for ever. A pause of its own for each source would take as much memory as
/// all that is kept of its CronJob.
async fn resync(caches: &Caches) {
    loop {
        sleep(RESYNC).await;
        for source in caches.sources().state() {
            caches.trigger(&source.key());
        }
    }
}

/// The turn of one source. Gives the pause after which it wants another one.
async fn turn(key: SourceKey, context: &Context) -> Option<Duration> {
    // Otherwise it is gone meanwhile.
    let source = context.caches.source(&key)?;
    match reconcile(&source, context).await {
        Ok(pause) => pause,
        Err(error) => on_error(&source, &error, context),
    }
}

/// One pass over one source.
async fn reconcile(source: &Kept, context: &Context) -> Result<Option<Duration>, ReconcileError> {
    let started = tokio::time::Instant::now();
    let pass = timeout(PASS_LIMIT, async {
        match source.read() {
            Ok(source) if source.metadata.deletion_timestamp.is_some() => {
                Ok((ReconcileResult::Unchanged, None))
            }
            Ok(source) => Box::pin(pass::over(source, context)).await,
            Err(_) => invalid::tell(context, source.meta()).await,
        }
    });
    let result = pass.await.unwrap_or(Err(ReconcileError::TimedOut(PASS_LIMIT)));
    let outcome = result
        .as_ref()
        .map_or(ReconcileResult::Failed, |(result, _)| *result);
    context.metrics.reconciled(outcome, started.elapsed());
    let (_, pause) = result?;
    context.caches.note_success(&source.key());
    Ok(pause)
}

/// When a failed pass is tried again.
fn on_error(source: &Kept, error: &ReconcileError, context: &Context) -> Option<Duration> {
    let key = source.key();
    if error.is_of_a_vanished_source() {
        return None;
    }
    let attempts = context.caches.note_failure(&key);
    let text = error.to_string();
    let confidential = Confidential::of(&source.spec(), &context.config);
    let text = confidential.hide(&text);
    if error.is_ordinary() {
        debug!(source = %key, "{text}");
    } else {
        context.metrics.failed(error.reason());
        warn!(source = %key, attempts, "Failed to reconcile: {text}");
    }
    Some(pause(attempts, &key))
}

/// The CronJob that the operator would apply; needs no cluster.
///
/// # Errors
/// Everything that is wrong with the source.
pub fn render(source: &ScrapeSource, config: &Config, is_owner: bool) -> Result<CronJob, Vec<Problem>> {
    validate::validate(source, config, is_owner)
        .map(|valid| build::cron_job(&valid, config))
        .map_err(|refusal| refusal.problems)
}

#[cfg(test)]
mod tests;
