//! The kept corpus of every target and what is near to it, with the ordinary compiler. IO: reads the corpus.
//!
//! Coverage-guided fuzzing itself is `make fuzz`; it leaves the number of its executions below `target/fuzz/results`,
//! which the long form of the proof asks for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::mpsc,
    thread,
};

use sms_fuzz::{TARGETS, Target};
use sms_proof::Group;

/// Executions of each target in the long form.
const EXECUTIONS: u64 = 1_000_000;

/// Changed inputs of each target in the short form.
const MUTATIONS: usize = 1_000;

/// The stack of the process that reads pages.
const STACK_BYTES: usize = 16 << 20;

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The kept inputs of a target, by name, so that every run sees them in one order.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = folder("corpus").join(target.name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A kept input with some bytes changed, doubled, left out, or with a part of another one.
fn mutated(random: &mut fastrand::Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.usize(..corpus.len())].clone();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=input.len());
        let end = random.usize(at..=input.len().min(at + 32));
        match random.u8(..6) {
            0 if at < input.len() => input[at] ^= 1 << random.u8(..8),
            1 if at < input.len() => input[at] = random.u8(..),
            2 => {
                input.drain(at..end);
            }
            3 => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            4 => {
                let other = &corpus[random.usize(..corpus.len())];
                let start = random.usize(..=other.len());
                let part = other[start..other.len().min(start + 64)].to_vec();
                input.splice(at..at, part);
            }
            _ => {
                input.splice(at..at, [random.u8(..), random.u8(32..127)]);
            }
        }
    }
    input
}

/// The inputs that break `target`, and how many were tried.
fn attack(target: &Target) -> (Vec<String>, usize, usize) {
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "{}: no corpus", target.name);
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mutations = (0..MUTATIONS).map(|_| mutated(&mut random, &corpus));
    let inputs: Vec<Vec<u8>> = corpus.iter().cloned().chain(mutations).collect();
    let mut broken = Vec::new();
    for input in &inputs {
        if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
            broken.push(format!("{}: {:?}", target.name, String::from_utf8_lossy(input)));
        }
    }
    (broken, corpus.len(), inputs.len() - corpus.len())
}

/// What `make fuzz` counted: executions, and inputs that broke the target.
fn counted(target: &Target) -> (u64, u64) {
    let file = folder("../../target/fuzz/results").join(target.name);
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}: run make fuzz before", file.display()));
    let (executions, crashes) = text.trim().split_once(' ').unwrap();
    (executions.parse().unwrap(), crashes.parse().unwrap())
}

#[test]
fn no_kept_input_and_nothing_near_to_one_breaks_a_reader() {
    let (queue, work) = mpsc::channel();
    for target in TARGETS {
        queue.send(target).unwrap();
    }
    drop(queue);
    let work = std::sync::Mutex::new(work);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            let (work, done) = (&work, done.clone());
            thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || {
                    loop {
                        let next = work.lock().unwrap().recv();
                        let Ok(target) = next else { return };
                        done.send((target, attack(&target))).unwrap();
                    }
                })
                .unwrap();
        }
        drop(done);
    });
    let mut failed = Vec::new();
    for (target, (broken, kept, changed)) in results {
        let mut figure = format!(
            "{kept} kept inputs replayed, {changed} mutations, {} crashes",
            broken.len()
        );
        let mut goal = "0 crashes";
        let mut pass = broken.is_empty();
        if sms_proof::long() {
            let (executions, crashes) = counted(&target);
            figure = format!("{executions} executions, {crashes} crashes; {figure}");
            goal = "1000000 executions, 0 crashes";
            pass &= executions >= EXECUTIONS && crashes == 0;
        }
        let attack = format!("{}: {}", target.name, target.reads);
        if !sms_proof::record(Group::Fuzzing, &attack, figure.clone(), goal, pass) {
            failed.push(format!("{attack}: {figure}\n{}", broken.join("\n")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
