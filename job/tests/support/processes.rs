//! Children of a process, their work and their end, by the process table. IO.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::time::sleep;

/// How long a process may take to notice that its parent is gone; a busy machine has its time.
const END_LIMIT: Duration = Duration::from_secs(20);

/// Ids of the children of a process.
pub fn children(id: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|id| id.parse().ok())
        .collect()
}

/// Whether a process runs: one that waits to be reaped does not.
pub fn runs(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// Waits until none of these runs; gives the time of it, or those that are left.
pub async fn end_of(ids: &[u32]) -> Result<Duration, Vec<u32>> {
    let begun = Instant::now();
    loop {
        let left: Vec<u32> = ids.iter().copied().filter(|id| runs(*id)).collect();
        if left.is_empty() {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > END_LIMIT {
            return Err(left);
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for the process that extracts for a run, until it has used that much processor time.
pub async fn worker_of(parent: u32, busy: Duration) -> u32 {
    let begun = Instant::now();
    loop {
        let child = children(parent).into_iter().next();
        if let Some(child) = child.filter(|child| processor_time(*child) >= busy) {
            return child;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "no extraction process");
        sleep(Duration::from_millis(5)).await;
    }
}

/// SIGKILL.
pub fn kill(id: u32) -> bool {
    let done = std::process::Command::new("kill")
        .args(["-KILL", &id.to_string()])
        .status();
    done.is_ok_and(|status| status.success())
}

/// Processor time that a process used.
pub fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    // utime and stime, the 14th and 15th field of proc(5), in hundredths of a second.
    let ticks = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
