//! `run`: servers, client, CRD, leadership, and the controller while this process leads. IO.
//!
//! ```text
//! ports open ──▶ client ──▶ CRD there ──▶ ┌─ follow ──▶ lead: controller, gateway, series of sources ─┐
//!                                         └───────────────────────── leadership lost ◀────────────────┘
//! ```

mod signals;
mod term;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use kube::{
    Client,
    runtime::events::{Recorder, Reporter},
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    args::RunArgs,
    commands::{CommandError, settings},
    context::Context,
    controller::{self, Caches},
    exporter::Exporter,
    gateway::{Gateway, GatewayHandle},
    lease::{Leadership, LeaseSettings},
    metrics::OperatorMetrics,
    permit::Permit,
    server::{
        Listeners, Views,
        health::{Health, Stage},
    },
    settings::Config,
    startup::{
        self,
        client::{Clients, connect_replica},
    },
};
use term::Term;

/// The name under which Kubernetes events are reported.
const REPORTER: &str = "sms-operator";
/// How old the last answer of the API server may be before it is asked whether it is there. Twice this, which a quiet
/// cluster may take, is less than `/readyz` allows.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Runs until a signal, on two threads: one is free for the Lease while the other computes.
///
/// # Errors
/// A setting that cannot be used, a port that is taken, or a vital task that ended.
pub fn block_on(args: RunArgs) -> Result<u8, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CommandError::transient(format!("failed to start the runtime: {error}")))?;
    let result = runtime.block_on(run(args));
    // A name look-up that hangs in the system's resolver must not keep a finished process.
    runtime.shutdown_background();
    result
}

/// Everything that lasts as long as the process.
struct Operator {
    args: RunArgs,
    config: Config,
    clients: Clients,
    permit: Permit,
    metrics: Arc<OperatorMetrics>,
    health: Arc<Health>,
    term: Term,
    gateway: GatewayHandle,
    lease: LeaseSettings,
}

/// Runs until a signal. See [`block_on`].
///
/// # Errors
/// As [`block_on`].
pub async fn run(args: RunArgs) -> Result<u8, CommandError> {
    let stop = signals::stop().map_err(CommandError::transient)?;
    let config = settings::config(&args.job)?;
    let gateway = settings::gateway(&args.job, &config)?
        .map(|gateway| Gateway::new(gateway, &args.job.installation))
        .transpose()
        .map_err(CommandError::configuration)?;
    let metrics =
        Arc::new(OperatorMetrics::new(&controller::error::REASONS).map_err(CommandError::transient)?);
    let permit = Permit::withheld();
    let term = Term::new(permit.clone());
    let is_synced = term.clone();
    let health = Arc::new(Health::new(move || is_synced.is_synced(), Instant::now()));
    let sources = term.clone();
    let views = Views {
        metrics: metrics.clone(),
        exporter: Arc::new(Exporter::new(&args.job.installation)),
        sources: Arc::new(move |read| sources.read(read)),
        health: health.clone(),
    };
    let everywhere = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listeners = Listeners::bind(everywhere(args.metrics_port), everywhere(args.health_port))
        .await
        .map_err(CommandError::configuration)?;
    let servers_stop = CancellationToken::new();
    let servers = tokio::spawn(listeners.serve(views, servers_stop.clone()));

    let noted = health.clone();
    let clients = connect_replica(permit.clone(), move || noted.note_answer(Instant::now()))
        .await
        .map_err(CommandError::configuration)?;
    let lease = LeaseSettings {
        namespace: args
            .namespace
            .clone()
            .unwrap_or_else(|| clients.namespace.clone()),
        name: args.lease_name.clone(),
        identity: LeaseSettings::identity(env::var("HOSTNAME").ok().as_deref()),
        duration: Duration::from_secs(args.lease_duration.into()),
    };
    let gateway = tidying(gateway, &term, args.pushgateway_sweep_interval, &stop);
    tokio::spawn(
        stop.clone()
            .run_until_cancelled_owned(heartbeat(clients.any.clone(), health.clone())),
    );
    let operator = Operator {
        args,
        config,
        clients,
        permit,
        metrics,
        health,
        term,
        gateway,
        lease,
    };
    let result = operator.work(&stop).await;
    servers_stop.cancel();
    let _ = servers.await;
    result.map(|()| 0)
}

fn tidying(
    gateway: Option<Gateway>,
    term: &Term,
    interval: Duration,
    stop: &CancellationToken,
) -> GatewayHandle {
    let Some(gateway) = gateway else {
        return GatewayHandle::none();
    };
    let live = term.clone();
    let live = Arc::new(move || live.live_sources());
    let (handle, task) = GatewayHandle::start(gateway, live, interval, stop.clone());
    tokio::spawn(task);
    handle
}

/// Asks an API server that has been silent whether it is there, for `/readyz`: a quiet cluster is no broken one.
async fn heartbeat(client: Client, health: Arc<Health>) {
    loop {
        sleep(HEARTBEAT).await;
        if health.answered().is_none_or(|at| at.elapsed() >= HEARTBEAT) {
            let _ = client.apiserver_version().await;
        }
    }
}

impl Operator {
    async fn work(&self, stop: &CancellationToken) -> Result<(), CommandError> {
        let namespace = self.args.watch_namespace.as_deref();
        self.health
            .set_stage(Stage::Waiting("waits for the API server".to_owned()));
        let crd = startup::wait_for_crd(&self.clients.any, namespace, |obstacle| {
            self.health.set_stage(Stage::Waiting(obstacle.to_string()));
        });
        if stop.run_until_cancelled(crd).await.is_none() {
            self.health.set_stage(Stage::Stopping);
            return Ok(());
        }
        let leadership = self.stand_for_election();
        let result = self.lead_and_follow(&leadership, stop).await;
        leadership.release().await;
        result
    }

    fn stand_for_election(&self) -> Leadership {
        if !self.args.leader_election {
            return Leadership::always(&self.permit);
        }
        let health = self.health.clone();
        let on_read = move || {
            let now = Instant::now();
            health.note_answer(now);
            health.note_lease_read(now);
        };
        let client = self.clients.any.clone();
        Leadership::start(client, self.lease.clone(), self.permit.clone(), on_read)
    }

    /// Runs the controller whenever this process leads, until `stop`.
    async fn lead_and_follow(
        &self,
        leadership: &Leadership,
        stop: &CancellationToken,
    ) -> Result<(), CommandError> {
        let mut leads = leadership.watch();
        loop {
            if !stop.is_cancelled() {
                // From now on the Lease has to be read.
                self.health.note_lease_read(Instant::now());
                self.health.set_stage(Stage::Following);
            }
            // First the signal: a process that leads until it has stopped must not begin again.
            let elected = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.health.set_stage(Stage::Stopping);
                    return Ok(());
                }
                elected = leads.wait_for(|leads| *leads) => elected.map(drop),
            };
            if elected.is_err() {
                return Err(self.died("leader election"));
            }
            let context = self.begin_term();
            let halt = stop.child_token();
            let gateway = self.gateway.clone();
            let mut controller = tokio::spawn(controller::run(
                context,
                self.args.watch_namespace.clone(),
                self.args.concurrency,
                move |key, api_name| gateway.source_gone(key, api_name),
                halt.clone(),
            ));
            let died = tokio::select! {
                _ = &mut controller => true,
                _ = leads.wait_for(|leads| !*leads) => false,
                () = stop.cancelled() => {
                    self.health.set_stage(Stage::Stopping);
                    false
                }
            };
            self.end_term();
            halt.cancel();
            if died && !stop.is_cancelled() {
                return Err(self.died("controller"));
            }
            if !died && timeout(self.lease.time_to_stop(), &mut controller).await.is_err() {
                tracing::warn!("The controller did not stop in time and is ended");
                controller.abort();
                let _ = controller.await;
            }
        }
    }

    fn begin_term(&self) -> Arc<Context> {
        let reporter = Reporter {
            controller: REPORTER.to_owned(),
            instance: Some(self.lease.identity.clone()),
        };
        let client = self.clients.leader.clone();
        let context = Arc::new(Context {
            config: self.config.clone(),
            caches: Arc::new(Caches::default()),
            metrics: self.metrics.clone(),
            recorder: Recorder::new(client.clone(), reporter),
            client,
        });
        self.term.begin(context.clone());
        self.metrics.set_leader(true);
        self.health.set_stage(Stage::Leading);
        self.gateway.sweep_soon();
        context
    }

    fn end_term(&self) {
        self.term.end();
        self.metrics.set_leader(false);
    }

    fn died(&self, task: &'static str) -> CommandError {
        self.health.note_death(task);
        CommandError::transient(format!(
            "the task {task} has ended by itself; start the operator again"
        ))
    }
}
