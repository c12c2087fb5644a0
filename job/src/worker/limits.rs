//! The worker's limits, and what its end by one of them means. Pure but for [`apply`].

use std::time::Duration;

use rlimit::Resource;
use sms_crds::report::Reason;

use super::WorkerError;

/// Most processor time of one run's worker, in seconds: above what the deadlines of its requests allow in sum only for
/// a worker that ignores them.
const PROCESSOR_SECONDS: u64 = 120;

/// Most address space, in bytes. A 10 MiB JSON page takes about a tenth of it.
const ADDRESS_SPACE_BYTES: u64 = 1 << 30;

/// Stack of the thread that does the work, in bytes.
pub const STACK_BYTES: usize = 16 << 20;

/// Longest time for one request: a base, and more for a larger page.
pub fn deadline(body_bytes: usize) -> Duration {
    Duration::from_secs(5) + Duration::from_millis(body_bytes as u64 / 500)
}

/// Puts the limits on this process. What the system refuses (a lower hard limit) is stricter already.
pub fn apply() {
    for (resource, limit) in [
        (Resource::CPU, PROCESSOR_SECONDS),
        (Resource::AS, ADDRESS_SPACE_BYTES),
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
    ] {
        let _ = rlimit::setrlimit(resource, limit, limit);
    }
}

/// What the end of a worker by `signal`, with `stderr` as its last words, means.
pub fn explain_end(signal: Option<i32>, stderr: &str) -> WorkerError {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    let limit = |how: &str| WorkerError::Died {
        reason: Reason::LimitExceeded,
        how: how.to_owned(),
    };
    match signal {
        _ if stderr.contains("memory allocation") => {
            limit("reading the page needed more than 1 GiB of memory")
        }
        _ if stderr.contains("overflowed its stack") => limit("reading the page nested too deep"),
        Some(SIGXCPU) => limit("reading the page took more than 120 s of processor time"),
        Some(SIGSEGV) => limit("reading the page overflowed the stack"),
        Some(SIGKILL) => limit("it was killed, most likely for want of memory"),
        Some(SIGABRT) | None => {
            let words = stderr
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            WorkerError::Died {
                reason: Reason::Internal,
                how: words.chars().take(300).collect(),
            }
        }
        Some(other) => WorkerError::Died {
            reason: Reason::Internal,
            how: format!("signal {other}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_page_has_more_time() {
        assert_eq!(deadline(0), Duration::from_secs(5));
        assert_eq!(deadline(10_000_000), Duration::from_secs(25));
    }

    #[test]
    fn each_end_has_its_words() {
        let reason = |signal, stderr| explain_end(signal, stderr).reason();
        assert_eq!(
            reason(Some(6), "memory allocation of 80 bytes failed"),
            Reason::LimitExceeded
        );
        assert_eq!(
            reason(Some(6), "thread 'x' has overflowed its stack"),
            Reason::LimitExceeded
        );
        assert_eq!(reason(Some(24), ""), Reason::LimitExceeded);
        assert_eq!(reason(Some(6), "thread 'x' panicked at"), Reason::Internal);
        assert_eq!(reason(None, ""), Reason::Internal);
    }
}
