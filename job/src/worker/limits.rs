//! The worker's limits, and what its end by one of them means. Pure but for [`apply`].

use std::time::Duration;

use rlimit::Resource;
use sms_crds::report::Reason;

use super::WorkerError;
use crate::processor_time;

/// Most processor time of one run's worker, in seconds, whatever the number of its pages.
const PROCESSOR_SECONDS: u64 = 120;

/// Processor time for one page and what is made of it, in seconds. The time of the clock on the wall is no measure: a
/// Pod with a tenth of a processor has ten times as much of it.
const PAGE_PROCESSOR_SECONDS: u64 = 2;

/// Most memory of pages up to [`LARGE_PAGE_BYTES`], in bytes: heap and stack, as `RLIMIT_DATA` counts them. With the
/// program's own pages the process stays below 128 MiB.
const PAGE_MEMORY_BYTES: u64 = 116 << 20;

/// Pages up to this size have the limits above (the default of `fetch.maxBodyBytes`). Of each further byte a page is
/// read, or a manifest's `maxBodyBytes` allows, come [`MEMORY_PER_BYTE`].
const LARGE_PAGE_BYTES: u64 = 10 << 20;
const MEMORY_PER_BYTE: u64 = 12;
/// Bytes over [`LARGE_PAGE_BYTES`] for which there is a second of processor time more.
const BYTES_PER_SECOND: u64 = 5 << 20;

/// Most address space, in bytes, whatever the size of the pages.
const ADDRESS_SPACE_BYTES: u64 = 1 << 30;

/// Stack of the thread that does the work, in bytes.
pub const STACK_BYTES: usize = 16 << 20;

/// Longest time for one request: a base, and more for a larger page. What computes meets the limit of processor time long
/// before, unless the machine is busy.
pub fn deadline(body_bytes: usize) -> Duration {
    Duration::from_mins(1) + Duration::from_millis(body_bytes as u64 / 500)
}

/// Puts the limits on this process. What the system refuses (a lower hard limit) is stricter already.
pub fn apply() {
    for (resource, limit) in [
        (Resource::AS, ADDRESS_SPACE_BYTES),
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
    ] {
        let _ = rlimit::setrlimit(resource, limit, limit);
    }
    Allowance::new(None).apply(Duration::ZERO);
}

/// What the pages of one run may cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes that were announced or read, whichever is more.
    bytes: u64,
    read: u64,
    pages: u32,
}

impl Allowance {
    /// For a run that has read nothing; `max_body_bytes` is what the manifest says.
    pub fn new(max_body_bytes: Option<i64>) -> Self {
        let announced = max_body_bytes.and_then(|bytes| u64::try_from(bytes).ok());
        Self {
            bytes: announced.unwrap_or(0),
            read: 0,
            pages: 0,
        }
    }

    /// Counts a page, and puts the limits for it on this process. The first page shares its time with the start.
    pub fn page(&mut self, body_bytes: usize) {
        self.read = self.read.saturating_add(body_bytes as u64);
        self.bytes = self.bytes.max(self.read);
        self.pages += 1;
        let used = match self.pages {
            1 => Duration::ZERO,
            _ => processor_time::of_this_process(),
        };
        self.apply(used);
    }

    fn memory_bytes(self) -> u64 {
        PAGE_MEMORY_BYTES + self.large_bytes().saturating_mul(MEMORY_PER_BYTE)
    }

    /// The system counts whole seconds.
    fn processor_seconds(self, used: Duration) -> u64 {
        let used = (used + Duration::from_millis(500)).as_secs();
        used + PAGE_PROCESSOR_SECONDS + self.large_bytes() / BYTES_PER_SECOND
    }

    fn large_bytes(self) -> u64 {
        self.bytes.saturating_sub(LARGE_PAGE_BYTES)
    }

    fn apply(self, used: Duration) {
        let seconds = self.processor_seconds(used).min(PROCESSOR_SECONDS);
        let memory = self.memory_bytes().min(ADDRESS_SPACE_BYTES);
        let _ = rlimit::setrlimit(Resource::CPU, seconds, PROCESSOR_SECONDS);
        let _ = rlimit::setrlimit(Resource::DATA, memory, ADDRESS_SPACE_BYTES);
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
        _ if stderr.contains("memory allocation") => limit(
            "reading the page needed more memory than a page may: 116 MiB, or what a larger spec.fetch.maxBodyBytes allows",
        ),
        _ if stderr.contains("overflowed its stack") => limit("reading the page nested too deep"),
        Some(SIGXCPU) => limit(
            "reading the page took more than 2 s of processor time: the page or a program of the manifest is too heavy",
        ),
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
        assert_eq!(deadline(0), Duration::from_mins(1));
        assert_eq!(deadline(10_000_000), Duration::from_secs(80));
    }

    #[test]
    fn pages_of_ordinary_size_have_fixed_limits_and_larger_ones_more() {
        let ordinary = Allowance::new(Some(10 << 20));
        assert_eq!(ordinary.memory_bytes(), 116 << 20);
        assert_eq!(ordinary.processor_seconds(Duration::ZERO), 2);
        assert_eq!(ordinary.processor_seconds(Duration::from_millis(700)), 3);
        let large = Allowance::new(Some(20 << 20));
        assert_eq!(large.memory_bytes(), (116 + 120) << 20);
        assert_eq!(large.processor_seconds(Duration::ZERO), 4);
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
