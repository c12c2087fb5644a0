//! Waits for something that becomes true by itself. IO (the clock).

use std::{
    future::Future,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(100);

/// Calls `attempt` until it gives a value, and gives that value. `what` says what is awaited.
///
/// # Panics
/// After `deadline`, with what was seen last.
#[allow(clippy::panic, reason = "a test ends with a panic")]
pub async fn eventually<T, E, F>(deadline: Duration, what: &str, mut attempt: impl FnMut() -> F) -> T
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let start = Instant::now();
    loop {
        let left = deadline.saturating_sub(start.elapsed()).max(POLL);
        let last = match tokio::time::timeout(left, attempt()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(last)) => last.to_string(),
            Err(_) => "an attempt that did not end".to_owned(),
        };
        assert!(
            start.elapsed() < deadline,
            "not within {} s: {what}; last seen: {last}",
            deadline.as_secs_f64()
        );
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_value_is_given() {
        let mut attempts = 0;
        let value = eventually(Duration::from_secs(5), "a third attempt", || {
            attempts += 1;
            let attempt = attempts;
            async move {
                if attempt == 3 {
                    Ok(attempt)
                } else {
                    Err("too early")
                }
            }
        });
        assert_eq!(value.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "not within 0.2 s: rain; last seen: a cloudless sky")]
    async fn what_was_seen_last_is_told() {
        eventually(Duration::from_millis(200), "rain", || async {
            Err::<(), _>("a cloudless sky")
        })
        .await;
    }

    #[tokio::test]
    #[should_panic(expected = "last seen: an attempt that did not end")]
    async fn an_attempt_that_hangs_does_not_outlive_the_deadline() {
        eventually(
            Duration::from_millis(200),
            "an answer",
            std::future::pending::<Result<(), String>>,
        )
        .await;
    }
}
