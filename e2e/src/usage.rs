//! What a process uses, from `/proc`. IO.

use std::{fmt, fs, time::Duration};

/// Ticks in a second of the times in `/proc/PID/stat`: 100 on every Linux (`proc_pid_stat(5)`, `USER_HZ`).
const TICKS: u64 = 100;

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in KiB (`VmRSS`).
    pub memory: u64,
    /// Most resident memory so far in KiB (`VmHWM`).
    pub peak: u64,
    /// Processor time so far.
    pub processor: Duration,
}

impl Usage {
    /// Of a process that runs.
    pub fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let size = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            memory: size("VmRSS:")?,
            peak: size("VmHWM:")?,
            processor: Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS),
        })
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory,
            peak,
            processor,
        } = self;
        write!(
            formatter,
            "{memory} KiB of memory ({peak} KiB at most), {processor:.2?} of processor time"
        )
    }
}
