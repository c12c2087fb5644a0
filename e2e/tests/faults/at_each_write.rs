//! One fault at each write of a life: Sieve's recipe for intermediate states. IO.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream};
use sms_e2e::{Cluster, operator, proxy::Answer};

use super::life::{Fault, Life, disturbed, is_collected, undisturbed};
use super::prove;

/// Lives at the same time.
const AT_ONCE: usize = 10;

/// What became of lives with one fault each.
#[derive(Default)]
struct Outcome {
    lives: usize,
    same: usize,
    slowest: Duration,
    wrong: Vec<String>,
}

impl Outcome {
    fn add(&mut self, place: &str, life: Option<Life>, reference: &Life) {
        // What is told to people comes in no fixed order: an event may not be there in this life.
        let Some(life) = life else { return };
        self.lives += 1;
        self.slowest = self.slowest.max(life.recovery);
        let differences: Vec<_> = life
            .states
            .iter()
            .zip(&reference.states)
            .enumerate()
            .filter_map(|(step, (here, there))| Some(format!("step {step}: {}", here.difference(there)?)))
            .collect();
        if differences.is_empty() && life.states.len() == reference.states.len() {
            self.same += 1;
        } else {
            self.wrong.push(format!("{place}: {}", differences.join("\n")));
        }
    }
}

/// One fault at each of the writes, in a life of its own; `faults` are rows of the table.
async fn attack(cluster: &Cluster, reference: &Life, faults: &[(usize, Fault)], rows: usize) -> Vec<Outcome> {
    let attacks = faults
        .iter()
        .flat_map(|fault| reference.writes.iter().map(move |write| (*fault, write)));
    let mut lives = stream::iter(attacks)
        .map(|((row, fault), write)| async move {
            let place = format!("{fault:?} at {write}");
            (row, place, disturbed(cluster, write, fault).await)
        })
        .buffer_unordered(AT_ONCE);
    let mut outcomes: Vec<_> = (0..rows).map(|_| Outcome::default()).collect();
    while let Some((row, place, life)) = lives.next().await {
        outcomes[row].add(&place, life, reference);
    }
    outcomes
}

fn report(attack: &str, goal: &str, outcome: &Outcome, least: usize) {
    let figure = format!(
        "{} of {} lives end the same, slowest recovery {:.1} s",
        outcome.same,
        outcome.lives,
        outcome.slowest.as_secs_f64()
    );
    for wrong in &outcome.wrong {
        println!("{wrong}");
    }
    let pass = outcome.same == outcome.lives && outcome.lives >= least;
    prove(attack, figure, goal, pass);
}

#[tokio::test]
async fn a_fault_at_any_write_changes_no_end() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    operator::install_rights(&cluster).await;
    if !is_collected(&cluster).await {
        return;
    }
    let reference = undisturbed(&cluster).await;
    let writes = reference.writes.len();
    let kinds: BTreeSet<_> = reference.writes.iter().map(ToString::to_string).collect();
    println!("{writes} writes: {kinds:?}");
    assert!(writes >= 10, "{kinds:?}");
    // What people are told depends on what came first, and two statuses may become one.
    let told = kinds.iter().filter(|kind| kind.contains("events")).count();
    let least = writes - told - 2;

    let status = |code, retry_after| Answer::Status { code, retry_after };
    let mut faults = vec![
        (0, Fault::KilledBefore),
        (0, Fault::KilledAfter),
        (1, Fault::After(status(504, None))),
    ];
    if sms_proof::long() {
        faults.extend([
            (1, Fault::After(Answer::Reset)),
            (1, Fault::Instead(Answer::Reset)),
            (1, Fault::Instead(status(503, Some(1)))),
            (1, Fault::Instead(status(500, None))),
        ]);
    }
    let outcomes = attack(&cluster, &reference, &faults, 2).await;
    let of_row = |row| faults.iter().filter(|fault| fault.0 == row).count();
    report(
        "SIGKILL before and after each API write of a whole life",
        "every end that of an undisturbed life; 0 duplicates, 0 orphans",
        &outcomes[0],
        of_row(0) * least,
    );
    report(
        "504 after each API write of a whole life was done",
        "every end that of an undisturbed life; 0 duplicates",
        &outcomes[1],
        of_row(1) * least,
    );
}
