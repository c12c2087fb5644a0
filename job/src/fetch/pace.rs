//! Pauses between requests to one host. IO (waits).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::{Instant, sleep_until},
};

/// Lets one request at a time through to each host, with a pause after each.
#[derive(Debug, Default)]
pub struct Pace {
    hosts: Mutex<HashMap<String, Arc<AsyncMutex<Option<Instant>>>>>,
}

/// The permission to make one request; the pause begins when it is dropped.
#[derive(Debug)]
pub struct Turn {
    /// When the host may be asked again.
    ready_at: OwnedMutexGuard<Option<Instant>>,
    pause: Duration,
}

impl Pace {
    /// Waits until `host` may be asked, and keeps it to itself until the turn is dropped and `pause` is over. The first
    /// request to a host does not wait.
    pub async fn turn(&self, host: &str, pause: Duration) -> Turn {
        let slot = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(host.to_owned()).or_default())
        };
        let ready_at = slot.lock_owned().await;
        if let Some(at) = *ready_at {
            sleep_until(at).await;
        }
        Turn { ready_at, pause }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.ready_at = Some(Instant::now() + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_first_request_to_a_host_never_waits() {
        let (pace, start) = (Pace::default(), Instant::now());
        drop(pace.turn("a.example", SECOND).await);
        drop(pace.turn("b.example", SECOND).await);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_begins_at_the_end_of_the_request_before() {
        let (pace, start) = (Pace::default(), Instant::now());
        let turn = pace.turn("a.example", SECOND).await;
        tokio::time::sleep(5 * SECOND).await;
        drop(turn);
        drop(pace.turn("a.example", SECOND).await);
        assert!(
            (start.elapsed().as_secs_f64() - 6.0).abs() < 0.1,
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_requests_to_one_host_queue_up() {
        let (pace, start) = (Pace::default(), Instant::now());
        let request = || async { drop(pace.turn("a.example", SECOND).await) };
        tokio::join!(request(), request(), request());
        assert!(
            (start.elapsed().as_secs_f64() - 2.0).abs() < 0.1,
            "{:?}",
            start.elapsed()
        );
    }
}
