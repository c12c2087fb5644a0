//! How many answers are under way at once: each may hold a page of events until its client has read it. IO: waits.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::body::{Frame, SizeHint};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::problem::Problem;

/// Most answers under way that are no calendars; more requests wait.
pub const ANSWERS: usize = 16;

/// Most calendars under way. They are read as fast as their client takes them: apart, they keep nothing else waiting.
pub const CALENDARS: usize = 8;

/// Longest wait for one of them to end.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// The turns of answers of a kind.
#[derive(Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    most: usize,
}

impl Turns {
    /// At most this many at once.
    pub fn new(most: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
        }
    }
}

/// Lets a request in when it is its turn; the turn ends with the last byte of the answer.
pub async fn admit(State(turns): State<Turns>, request: Request, next: Next) -> Response {
    match timeout(TURN_LIMIT, turns.free.acquire_owned()).await {
        Ok(Ok(turn)) => next
            .run(request)
            .await
            .map(|body| Body::new(Admitted { body, _turn: turn })),
        _ => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "{} other answers are under way: ask again in a moment",
                turns.most
            ),
        )
        .into_response(),
    }
}

/// A body with its turn.
struct Admitted {
    body: Body,
    _turn: OwnedSemaphorePermit,
}

impl hyper::body::Body for Admitted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
