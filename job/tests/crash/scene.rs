//! A store that something happens to during a run, beside one that nothing ever happens to. IO.

use std::time::{Duration, Instant};

use sms_proof::{Group, record};
use tokio::time::sleep;

use crate::{
    bench::Bench,
    place::Place,
    scraper::{Ended, ended},
    state::Found,
    venue::Venue,
};

/// How long a run under a fault may take that it gets over.
pub const LIMIT: Duration = Duration::from_secs(45);

/// A place whose database something happens to, and one that nothing ever happens to.
pub struct Scene {
    pub venue: Venue,
    pub place: Place,
    pub reference: Place,
    version: u32,
}

/// What a run under a fault came to.
pub struct Trial {
    pub run: Ended,
    pub before: Found,
    pub after: Found,
    pub took: Duration,
}

impl Scene {
    /// Both places have run once. `bench` is the database of the first.
    pub async fn over(bench: Bench) -> Self {
        let venue = Venue::start().await;
        let place = Place::new("gateway", bench, &venue).await;
        let reference = Place::new("reference", Bench::sqlite(), &venue).await;
        place.succeed().await;
        reference.succeed().await;
        Self {
            venue,
            place,
            reference,
            version: 0,
        }
    }

    /// From now on the page is another one.
    pub fn next_page(&mut self) {
        self.version += 1;
        self.venue.show(self.version);
    }

    /// A run over a new page, and `happens` while the page is fetched.
    pub async fn while_fetching(&mut self, happens: impl FnOnce()) -> Trial {
        self.next_page();
        let before = self.place.found().await;
        self.venue.delay(Duration::from_secs(2));
        let begun = Instant::now();
        let asked = self.venue.served();
        let run = self.place.spawn(&[]);
        while self.venue.served() == asked {
            sleep(Duration::from_millis(10)).await;
        }
        happens();
        let run = ended(run.wait_with_output().await.unwrap());
        let took = begun.elapsed();
        self.venue.delay(Duration::ZERO);
        Trial {
            run,
            before,
            after: Found::default(),
            took,
        }
    }

    /// What is wrong once a run without a fault has followed, if anything.
    pub async fn aftermath(&mut self, trial: &Trial) -> Option<String> {
        let committed = trial.after.state.runs.len() == trial.before.state.runs.len() + 1;
        if !committed && trial.after.state != trial.before.state {
            return Some("half a run is stored".to_owned());
        }
        if (trial.run.code == 0) != committed {
            return Some(format!("exit {} and stored: {committed}", trial.run.code));
        }
        if trial.after.is_leased {
            self.place.expire_lease().await;
        }
        // As often as the reference: a page that is read twice is the proof that an event is gone.
        for _ in 0..if committed { 1 } else { 2 } {
            self.place.succeed().await;
        }
        self.reference.succeed().await;
        self.reference.succeed().await;
        let (found, wanted) = (self.place.found().await, self.reference.found().await);
        let faults = [trial.after.faults.clone(), found.faults.clone()].concat();
        if found.state.events != wanted.state.events || found.state.runs != wanted.state.runs {
            return Some("the end is not that of undisturbed runs".to_owned());
        }
        faults.into_iter().next()
    }
}

/// How a run says that it ended.
pub fn told(run: &Ended) -> String {
    let report = run.report();
    let word = report["reason"]
        .as_str()
        .or(report["outcome"].as_str())
        .unwrap_or_default();
    format!("{word} with exit {}", run.code)
}

/// Records a trial, and fails if it is not as wanted.
pub fn shown(attack: &str, trial: &Trial, wanted: &str, limit: Duration, wrong: Option<&String>) {
    let is_as_wanted = told(&trial.run) == wanted && trial.took < limit;
    let figure = format!(
        "{} after {} s; {}",
        told(&trial.run),
        trial.took.as_secs(),
        wrong.map_or("0 lost, 0 doubled", |wrong| wrong)
    );
    let goal = format!("{wanted} within {} s; 0 lost, 0 doubled", limit.as_secs());
    let met = record(
        Group::CrashSafety,
        attack,
        figure.clone(),
        &goal,
        is_as_wanted && wrong.is_none(),
    );
    assert!(met, "{attack}: {figure}; {goal}\n{}", trial.run.stderr);
}
