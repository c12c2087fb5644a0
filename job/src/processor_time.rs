//! Processor time used so far: unlike the time of day it does not depend on what else the machine does. IO.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// That of this process, all threads together.
pub fn of_this_process() -> Duration {
    of(ClockId::ProcessCPUTime)
}

/// That of this thread.
pub fn of_this_thread() -> Duration {
    of(ClockId::ThreadCPUTime)
}

fn of(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// What `work` gives, if it takes this thread less than `limit`; panics otherwise. Tests run unoptimised: a generous limit
/// still tells what grows with the square.
#[cfg(test)]
pub fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let begin = of_this_thread();
    let result = work();
    let took = of_this_thread().saturating_sub(begin);
    assert!(took < limit, "took {took:?} of {limit:?}");
    result
}
