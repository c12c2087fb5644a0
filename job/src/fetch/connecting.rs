//! Tells the time of connecting from the time of waiting for an answer, which have limits of their own. IO.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

/// A layer of reqwest's connector that notes when connections are being made.
#[derive(Debug, Clone, Default)]
pub struct Connecting(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    active: usize,
    last_end: Option<Instant>,
}

impl Connecting {
    /// Ends when for `limit`, counted from now, no connection was being made.
    pub async fn silence(&self, limit: Duration) {
        let start = Instant::now();
        loop {
            let now = Instant::now();
            let since = {
                let state = self.state();
                if state.active > 0 {
                    now
                } else {
                    state.last_end.map_or(start, |end| end.max(start))
                }
            };
            let until = since + limit;
            if until <= now {
                return;
            }
            sleep_until(until).await;
        }
    }

    /// Whether a connection is being made.
    pub fn is_active(&self) -> bool {
        self.state().active > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Layer<S> for Connecting {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted {
            inner,
            connecting: self.clone(),
        }
    }
}

/// A connector whose connections are noted.
#[derive(Debug, Clone)]
pub struct Noted<S> {
    inner: S,
    connecting: Connecting,
}

impl<S, R> Service<R> for Noted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.connecting.state().active += 1;
        let noted = Ongoing(self.connecting.clone());
        let connection = self.inner.call(request);
        Box::pin(async move {
            let _noted = noted;
            connection.await
        })
    }
}

/// Also dropped where connecting is given up.
struct Ongoing(Connecting);

impl Drop for Ongoing {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.active = state.active.saturating_sub(1);
        state.last_end = Some(Instant::now());
    }
}
