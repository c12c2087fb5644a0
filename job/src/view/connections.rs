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
use tokio_io_timeout::TimeoutStream;

use crate::stop::Stop;

/// Most connections of a port at once.
pub const CONNECTIONS: u32 = 256;
/// Time to send the head of a request.
pub const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Longest head of a request in bytes.
pub const HEAD_SIZE: usize = 16_384;
/// Time in which a client has to take a part of its answer.
pub const READ_LIMIT: Duration = Duration::from_secs(10);
/// Age from which a connection takes no further request, and the time that the last answer then has.
pub const AGE_LIMIT: Duration = Duration::from_mins(1);
const LAST_ANSWER_LIMIT: Duration = Duration::from_mins(1);
/// Time for answers that are under way when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// Pause where the system has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until the stop; answers that are under way then are finished.
pub async fn serve(listener: TcpListener, router: Router, stop: Stop) {
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
    tokio::select! {
        () = accept => {}
        () = stop.requested() => {}
    }
    drop(listener);
    let _ = timeout(GRACE, turns.acquire_many(CONNECTIONS)).await;
}

async fn connection(stream: TcpStream, router: Router, stop: Stop) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(READ_LIMIT));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    let mut served = pin!(served);
    let limit = tokio::select! {
        _ = served.as_mut() => return,
        () = stop.requested() => GRACE,
        () = sleep(AGE_LIMIT) => LAST_ANSWER_LIMIT,
    };
    served.as_mut().graceful_shutdown();
    let _ = timeout(limit, served).await;
}
