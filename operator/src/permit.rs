//! Until when this replica may write. Pure but for the lock and the clock.
//!
//! Whoever is told that leadership is lost learns it a moment too late: a process that was suspended goes on with what it was
//! about to send, before its timers have fired. So the time is looked at where a request leaves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// A right to write that ends by itself, unless it is renewed. A clone sees the same.
#[derive(Clone, Debug)]
pub struct Permit(Arc<Mutex<Term>>);

#[derive(Clone, Copy, Debug)]
enum Term {
    Unlimited,
    Until(Instant),
    Over,
}

/// A request that was not sent, since another replica may lead by now.
#[derive(Debug, thiserror::Error)]
#[error("this replica does not lead any more")]
pub struct NotLeading;

impl Permit {
    /// For ever: where there is no election.
    pub fn unlimited() -> Self {
        Self(Arc::new(Mutex::new(Term::Unlimited)))
    }

    /// Not before [`Self::grant`].
    pub fn withheld() -> Self {
        Self(Arc::new(Mutex::new(Term::Over)))
    }

    /// From now on, until `end`.
    pub fn grant(&self, end: Instant) {
        *self.lock() = Term::Until(end);
    }

    /// From now on, for ever.
    pub fn grant_always(&self) {
        *self.lock() = Term::Unlimited;
    }

    /// No longer.
    pub fn withdraw(&self) {
        *self.lock() = Term::Over;
    }

    /// Whether this process may write at this moment.
    pub fn holds(&self) -> bool {
        match *self.lock() {
            Term::Unlimited => true,
            Term::Until(end) => Instant::now() < end,
            Term::Over => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Term> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_permit_ends_by_itself_and_can_be_renewed_and_withdrawn() {
        let permit = Permit::withheld();
        let seen = permit.clone();
        assert!(!seen.holds());
        permit.grant(Instant::now() + Duration::from_secs(10));
        assert!(seen.holds());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!seen.holds());
        permit.grant(Instant::now() + Duration::from_secs(10));
        assert!(seen.holds());
        permit.withdraw();
        assert!(!seen.holds());
        permit.grant_always();
        tokio::time::advance(Duration::from_hours(1)).await;
        assert!(seen.holds());
    }
}
