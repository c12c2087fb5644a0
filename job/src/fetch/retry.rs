//! What is tried again, and when. Pure.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;
use sms_crds::v1alpha1::HttpMethod;

use super::error::FetchError;

/// Longest time that one request waits because of `Retry-After`; a server that asks for more ends the run.
pub const RETRY_AFTER_BUDGET: Duration = Duration::from_mins(1);
/// The same for all requests of a run together, so that a hundred detail pages do not wait a minute each.
pub const RUN_RETRY_AFTER_BUDGET: Duration = Duration::from_mins(3);

/// Waits between the tries: about 0.5 s, then 1 s, 2 s …, each lengthened by chance up to twofold.
pub fn backoff(attempts: u32) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(8))
        .with_max_times(attempts.saturating_sub(1) as usize)
        .with_jitter()
        .build()
}

/// Statuses that may go away by themselves.
pub fn is_retried_status(status: u16, method: HttpMethod) -> bool {
    match method {
        HttpMethod::Get => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
        // After the others the server may have done what the POST asked for.
        HttpMethod::Post => matches!(status, 429 | 503),
    }
}

/// Whether a request that got no answer is sent again.
pub fn is_retried_error(error: &FetchError, method: HttpMethod) -> bool {
    match error {
        FetchError::Dns { .. } => true,
        FetchError::Connect { sent, .. } | FetchError::TimedOut { sent, .. } => {
            !sent || method == HttpMethod::Get
        }
        FetchError::BodyBroken { .. } => method == HttpMethod::Get,
        _ => false,
    }
}

/// The wait that a `Retry-After` header asks for at `now`: seconds or an HTTP date (RFC 9110, 10.2.3). A date in the
/// past asks for none; anything else is `None`.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(
        http_date(value)?
            .duration_since(now)
            .try_into()
            .unwrap_or(Duration::ZERO),
    )
}

/// An HTTP date in any of its three forms (RFC 9110, 5.6.7).
pub fn http_date(value: &str) -> Option<Timestamp> {
    let time: SystemTime = httpdate::parse_http_date(value.trim()).ok()?;
    Timestamp::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        let seconds = |number| Some(Duration::from_secs(number));
        let cases = [
            ("0", seconds(0)),
            ("5", seconds(5)),
            (" 120 ", seconds(120)),
            ("1000000000", seconds(1_000_000_000)),
            ("99999999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(37)),
            ("Sun Nov  6 08:49:37 1994", seconds(37)),
            ("Sun, 06 Nov 1994 08:48:00 GMT", seconds(0)),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("5s", None),
            ("1994-11-06T08:49:37Z", None),
        ];
        for (value, wanted) in cases {
            assert_eq!(retry_after(value, now), wanted, "{value:?}");
        }
    }

    #[test]
    fn statuses_that_may_go_away_are_tried_again() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(is_retried_status(status, HttpMethod::Get), "{status}");
            let for_post = matches!(status, 429 | 503);
            assert_eq!(is_retried_status(status, HttpMethod::Post), for_post, "{status}");
        }
        for status in [200, 204, 206, 304, 400, 401, 403, 404, 410, 451, 501, 505, 511] {
            assert!(!is_retried_status(status, HttpMethod::Get), "{status}");
        }
    }

    #[test]
    fn a_post_that_may_have_arrived_is_not_sent_again() {
        let connect = |sent| FetchError::Connect {
            url: String::new(),
            problem: String::new(),
            sent,
        };
        let timed_out = |sent| FetchError::TimedOut {
            url: String::new(),
            phase: "",
            limit: Duration::ZERO,
            sent,
        };
        let broken = FetchError::BodyBroken {
            url: String::new(),
            problem: String::new(),
        };
        let dns = FetchError::Dns {
            host: String::new(),
            problem: String::new(),
        };
        let tls = FetchError::Tls {
            url: String::new(),
            problem: String::new(),
        };
        let cases = [
            (&connect(false), true, true),
            (&connect(true), true, false),
            (&timed_out(false), true, true),
            (&timed_out(true), true, false),
            (&broken, true, false),
            (&dns, true, true),
            (&tls, false, false),
        ];
        for (error, get, post) in cases {
            assert_eq!(is_retried_error(error, HttpMethod::Get), get, "{error:?}");
            assert_eq!(is_retried_error(error, HttpMethod::Post), post, "{error:?}");
        }
    }

    #[test]
    fn the_number_of_waits_is_one_less_than_the_tries_and_they_grow_within_bounds() {
        assert_eq!(backoff(1).count(), 0);
        let waits: Vec<Duration> = backoff(10).collect();
        assert_eq!(waits.len(), 9);
        assert!(
            waits[0] >= Duration::from_millis(500) && waits[0] <= Duration::from_secs(1),
            "{waits:?}"
        );
        assert!(
            waits.iter().all(|wait| *wait <= Duration::from_secs(16)),
            "{waits:?}"
        );
    }
}
