//! A process and what it and its children cost. IO: starts it and watches `/proc`.

use std::{
    fs,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use wait4::Wait4 as _;

/// Clock ticks of `/proc/<pid>/stat` a second (`USER_HZ` of every Linux).
const TICKS: f64 = 100.0;

/// How a process ended, and what it took together with its children.
pub struct Measured {
    pub code: Option<i32>,
    pub stderr: String,
    /// Processor time in seconds.
    pub seconds: f64,
    /// Most memory of any of the processes in MiB: resident, the program's own pages included.
    pub mebibytes: f64,
}

/// Runs `command` to its end.
pub fn run(command: &mut Command) -> Measured {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = read(child.stderr.take());
    // A worker that its parent ends is in nobody's account, and `ru_maxrss` begins with that of this process.
    let (over, id) = (Arc::new(AtomicBool::new(false)), child.id());
    let watch = thread::spawn({
        let over = Arc::clone(&over);
        move || watch(id, &over)
    });
    let used = Child::wait4(&mut child).unwrap();
    over.store(true, Ordering::Relaxed);
    let (watched_seconds, watched_bytes) = watch.join().unwrap();
    let own = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Measured {
        code: used.status.code(),
        stderr: stderr.join().unwrap(),
        seconds: own.max(watched_seconds),
        mebibytes: f64::from(u32::try_from(watched_bytes / 1024).unwrap()) / 1024.0,
    }
}

fn read(pipe: Option<impl std::io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut pipe = pipe.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Most seconds that a child of `id` was seen with, and most bytes of it or of a child.
fn watch(id: u32, over: &AtomicBool) -> (f64, u64) {
    let mut most = (0.0_f64, 0_u64);
    while !over.load(Ordering::Relaxed) {
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let own = id.to_string();
        for child in children.split_whitespace().chain([own.as_str()]) {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            // The name in brackets may hold anything.
            let fields: Vec<&str> = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
            let seconds = ticks(11)
                .zip(ticks(12))
                .map_or(0.0, |(user, system)| (user + system) / TICKS);
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            let kibibytes = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))
                .and_then(|line| line.trim().strip_suffix(" kB"))
                .and_then(|number| number.trim().parse::<u64>().ok())
                .unwrap_or(0);
            most = (most.0.max(seconds), most.1.max(kibibytes * 1024));
        }
        thread::sleep(Duration::from_millis(5));
    }
    most
}
