//! Bears that the cluster does not answer for a while, where a command looks again and again anyway. IO: tells of it.

use std::time::{Duration, Instant};

use super::{Result, tell};
use crate::commands::{CommandError, TRANSIENT};

/// How long it is borne: an API server that restarts, a network that changes.
const LIMIT: Duration = Duration::from_secs(30);

/// Since when there has been no answer.
#[derive(Debug, Default)]
pub struct Patience {
    since: Option<Instant>,
}

impl Patience {
    /// What was answered; `None` where there was no answer and it is worth asking again.
    ///
    /// # Errors
    /// What will not pass, and what has lasted for longer than `LIMIT`.
    pub fn bear<T>(&mut self, answer: Result<T>) -> Result<Option<T>> {
        self.bear_at(answer, Instant::now())
    }

    fn bear_at<T>(&mut self, answer: Result<T>, now: Instant) -> Result<Option<T>> {
        let error: CommandError = match answer {
            Ok(answer) => {
                self.since = None;
                return Ok(Some(answer));
            }
            Err(error) => error,
        };
        if error.code != TRANSIENT {
            return Err(error);
        }
        match self.since {
            None => {
                tell(format_args!("{}; asking again", error.message));
                self.since = Some(now);
                Ok(None)
            }
            Some(since) if now.duration_since(since) < LIMIT => Ok(None),
            Some(_) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_without_an_answer_is_borne_and_a_long_one_is_not() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let away = || Err::<u8, _>(CommandError::transient("no answer"));
        let mut patience = Patience::default();
        assert_eq!(patience.bear_at(away(), after(0)).unwrap(), None);
        assert_eq!(patience.bear_at(away(), after(29)).unwrap(), None);
        assert_eq!(patience.bear_at(Ok(1), after(29)).unwrap(), Some(1));
        assert_eq!(patience.bear_at(away(), after(40)).unwrap(), None);
        assert_eq!(
            patience.bear_at(away(), after(71)).unwrap_err().message,
            "no answer"
        );
    }

    #[test]
    fn what_will_not_pass_is_told_at_once() {
        let refused = Err::<u8, _>(CommandError::configuration("no rights"));
        assert_eq!(
            Patience::default().bear(refused).unwrap_err().message,
            "no rights"
        );
    }
}
