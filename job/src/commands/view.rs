//! `view`: serves the stored events over HTTP until told to stop. IO.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::net::TcpListener;
use tracing::info;
use url::Url;

use super::{CommandError, setup};
use crate::{
    args::ViewArgs,
    exporter::ServerError,
    stop,
    store::reader::Reader,
    view::{
        connections,
        context::View,
        health::{self, Health},
        metrics::ViewMetrics,
        routes,
    },
};

/// Serves until SIGTERM or SIGINT.
pub async fn run(args: ViewArgs) -> Result<u8, CommandError> {
    let stop = stop::on_signal()
        .map_err(|error| CommandError::transient(format!("failed to listen to signals: {error}")))?;
    let url = setup::store_url(&args.store)?.map_or_else(|| setup::fallback_store(&args.store), Ok)?;
    let reader = Arc::new(Reader::new(&url).map_err(|error| setup::store_error(&error))?);
    let base_url = args.view_url.as_deref().map(base_url).transpose()?;
    let metrics = Arc::new(
        ViewMetrics::new(&routes::ROUTES)
            .map_err(|error| CommandError::transient(format!("failed to make metrics: {error}")))?,
    );
    let view = listen(args.view_port, "the view", "--view-port", "SMS_VIEW_PORT").await?;
    let scrape = listen(
        args.metrics_port,
        "/metrics",
        "--metrics-port",
        "SMS_METRICS_PORT",
    )
    .await?;
    let probe = listen(
        args.health_port,
        "/healthz and /readyz",
        "--health-port",
        "SMS_HEALTH_PORT",
    )
    .await?;
    info!(store = %url, view_port = args.view_port, metrics_port = args.metrics_port, health_port = args.health_port, "Started the view");
    let health = Arc::new(Health::new(reader.clone(), stop.clone()));
    let router = routes::router(
        View::new(reader.clone(), base_url.as_ref().map(Url::as_str)),
        metrics.clone(),
    );
    tokio::join!(
        connections::serve(view, router, stop.clone()),
        connections::serve(scrape, health::metrics_router(metrics), stop.clone()),
        connections::serve(probe, health::health_router(health), stop),
    );
    reader.close().await;
    info!("Stopped the view");
    Ok(0)
}

async fn listen(
    port: u16,
    purpose: &'static str,
    flag: &'static str,
    variable: &'static str,
) -> Result<TcpListener, CommandError> {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    TcpListener::bind(address).await.map_err(|source| {
        let error = ServerError::Bind {
            address,
            purpose,
            flag,
            variable,
            source,
        };
        CommandError::configuration(error.to_string())
    })
}

/// The public address: one that paths can be added to.
fn base_url(text: &str) -> Result<Url, CommandError> {
    let is_base = |url: &Url| {
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        is_web && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
    };
    text.trim().parse().ok().filter(is_base).ok_or_else(|| {
        CommandError::configuration(
            "--view-url (SMS_VIEW_URL) is no public address: write for example https://events.example/",
        )
    })
}
