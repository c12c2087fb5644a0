//! Connections of a server, each with its limits: clients that are slow keep nobody waiting for long. IO.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Most connections at once.
const CONNECTIONS: u32 = 256;
/// Time to send the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Age from which a connection takes no further request, and the time that the last one then has.
const AGE_LIMIT: Duration = Duration::from_mins(1);
const LAST_REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// Time for requests that are under way when the server stops.
const GRACE: Duration = Duration::from_secs(1);
/// Pause where the system has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `stop`.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let turns = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let accept = async {
        while let Ok(turn) = turns.clone().acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (router, stop) = (router.clone(), stop.clone());
            tokio::spawn(async move {
                let _turn = turn;
                connection(stream, router, stop).await;
            });
        }
    };
    let _ = stop.run_until_cancelled(accept).await;
    drop(listener);
    let _ = timeout(GRACE, turns.acquire_many(CONNECTIONS)).await;
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = pin!(served);
    let limit = tokio::select! {
        _ = served.as_mut() => return,
        () = stop.cancelled() => GRACE,
        () = sleep(AGE_LIMIT) => LAST_REQUEST_LIMIT,
    };
    served.as_mut().graceful_shutdown();
    let _ = timeout(limit, served).await;
}
