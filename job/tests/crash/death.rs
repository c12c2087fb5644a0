//! `kill -9` at random moments of a run: what is stored is what was stored before, or what the run stores, and the runs
//! after it come to what they would have come to without it.

use std::{collections::BTreeMap, fmt, time::Duration};

use sms_proof::{Group, record};

use crate::{
    bench::Bench,
    place::{Killed, Place},
    state::{Found, State},
    times,
    venue::Venue,
};

/// Two runs a page make the removals of that page, see `RunCommit::removal`.
const RUNS_A_PAGE: usize = 2;

/// Where the kills hit, and what was wrong after them.
#[derive(Default)]
struct Tally {
    kills: u32,
    before_lease: u32,
    under_lease: u32,
    after_commit: u32,
    over: u32,
    lost: usize,
    doubled: usize,
    orphans: usize,
    faults: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            before_lease,
            under_lease,
            after_commit,
            over,
            lost,
            doubled,
            orphans,
            faults,
        } = self;
        write!(
            f,
            "{kills} kills ({before_lease} before the lease, {under_lease} under it, {after_commit} after the commit, {over} after the end): \
             {lost} lost, {doubled} doubled, {} other faults, {orphans} processes left",
            faults.len()
        )
    }
}

/// Moments of a seed, the same in every run (`SplitMix64`).
pub struct Moments(pub u64);

impl Moments {
    /// Between nothing and somewhat longer than a run takes.
    pub fn next(&mut self, run: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = u32::try_from((mixed ^ (mixed >> 31)) >> 40).unwrap();
        run.mul_f64(1.1 * f64::from(share) / f64::from(1_u32 << 24))
    }
}

/// The median of what runs took lately.
#[derive(Default)]
struct Usual(Vec<Duration>);

impl Usual {
    fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    fn median(&self) -> Duration {
        let mut latest: Vec<_> = self.0.iter().rev().take(9).collect();
        latest.sort();
        *latest[latest.len() / 2]
    }
}

/// Looks at what a kill left: `before` or one run more, and nothing that was told is missing.
fn judge(tally: &mut Tally, before: &State, found: &Found, killed: &Killed) -> bool {
    let committed = found.state.runs.len() == before.runs.len() + 1;
    let is_untouched = found.state == *before;
    if !committed && !is_untouched {
        tally
            .faults
            .push(format!("neither as before nor stored: {:?}", found.state.runs));
    }
    tally.lost += usize::from(killed.acknowledged && !committed);
    tally.doubled += found.doubled();
    tally.faults.extend(found.faults.iter().cloned());
    *match (killed.was_over, committed, found.is_leased) {
        (true, ..) => &mut tally.over,
        (_, true, _) => &mut tally.after_commit,
        (_, _, true) => &mut tally.under_lease,
        (_, _, false) => &mut tally.before_lease,
    } += 1;
    committed
}

/// A place whose runs are killed.
struct Leg {
    place: Place,
    moments: Moments,
    usual: Usual,
    first_sights: BTreeMap<String, String>,
    tally: Tally,
}

impl Leg {
    async fn new(name: &str, bench: Bench, venue: &Venue, seed: u64) -> Self {
        Self {
            place: Place::new(name, bench, venue).await,
            moments: Moments(seed),
            usual: Usual::default(),
            first_sights: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Kills a run somewhere; tells whether it is stored.
    async fn kill(&mut self, before: &State) -> bool {
        let moment = self.moments.next(self.usual.median());
        let killed = self.place.kill_after(moment).await;
        let found = self.place.found().await;
        self.tally.kills += 1;
        self.tally.orphans += killed.orphans;
        let committed = judge(&mut self.tally, before, &found, &killed);
        if found.is_leased {
            self.place.expire_lease().await;
        }
        committed
    }

    /// The runs of one page, of which the first is killed; the very first page makes the store, and what it takes to
    /// make one is another test.
    async fn read_page(&mut self) {
        let before = self.place.found().await.state;
        let mut runs = 0;
        if !before.runs.is_empty() && self.kill(&before).await {
            runs += 1;
        }
        while runs < RUNS_A_PAGE {
            let time = self.place.succeed().await;
            if runs == 0 {
                self.usual.add(time);
            }
            runs += 1;
        }
    }

    /// The first run of a store that is not there yet is killed, and followed by one that is not.
    async fn make_store(&mut self) {
        self.place.begin_anew().await;
        if !self.kill(&State::default()).await {
            self.usual.add(self.place.succeed().await);
        }
    }

    /// Compares with what undisturbed runs came to.
    async fn compare(&mut self, wanted: &Found) {
        let found = self.place.found().await;
        if found.state != wanted.state || found.is_leased {
            self.tally.faults.push(format!(
                "the end is not that of undisturbed runs, leased {}: {:?} and not {:?}",
                found.is_leased, found.state.runs, wanted.state.runs
            ));
        }
        self.tally.faults.extend(found.faults.iter().cloned());
        for (uid, first_seen) in &self.first_sights {
            match found.first_seen.get(uid) {
                Some(now) if now == first_seen => {}
                Some(_) => self.tally.faults.push(format!("{uid} was first seen anew")),
                None => self.tally.lost += 1,
            }
        }
        self.first_sights = found.first_seen;
    }

    fn record(&self, attack: &str) {
        let Self { tally, .. } = self;
        let pass = tally.lost == 0 && tally.doubled == 0 && tally.orphans == 0 && tally.faults.is_empty();
        let goal = "0 lost, 0 doubled, 0 other faults, 0 processes left; the end is that of undisturbed runs";
        let met = record(Group::CrashSafety, attack, tally.to_string(), goal, pass);
        assert!(met, "{tally}: {:?}", tally.faults);
    }
}

/// A leg for each store that there is.
async fn legs(venue: &Venue) -> (Leg, Option<Leg>) {
    let sqlite = Leg::new("sqlite", Bench::sqlite(), venue, 1).await;
    let postgres = match Bench::postgres().await {
        Some(bench) => Some(Leg::new("postgres", bench, venue, 2).await),
        None => None,
    };
    (sqlite, postgres)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_leaves_its_store_as_before_or_as_after_it() {
    let venue = Venue::start().await;
    let reference = Place::new("reference", Bench::sqlite(), &venue).await;
    let (mut sqlite, mut postgres) = legs(&venue).await;
    for version in 0..=times(40, 200) {
        venue.show(version);
        let undisturbed = async {
            for _ in 0..RUNS_A_PAGE {
                reference.succeed().await;
            }
            reference.found().await
        };
        let other = async {
            if let Some(leg) = &mut postgres {
                leg.read_page().await;
            }
        };
        let (wanted, ..) = tokio::join!(undisturbed, sqlite.read_page(), other);
        sqlite.compare(&wanted).await;
        if let Some(leg) = &mut postgres {
            leg.compare(&wanted).await;
        }
    }
    sqlite.record("kill -9 at random moments of a run, SQLite");
    if let Some(leg) = postgres {
        leg.record("kill -9 at random moments of a run, PostgreSQL");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_while_it_makes_its_store_is_followed_by_one_that_finishes_it() {
    let venue = Venue::start().await;
    let reference = Place::new("reference", Bench::sqlite(), &venue).await;
    reference.succeed().await;
    let wanted = reference.found().await;
    let (mut sqlite, mut postgres) = legs(&venue).await;
    for round in 0..=times(20, 100) {
        for leg in [Some(&mut sqlite), postgres.as_mut()].into_iter().flatten() {
            if round == 0 {
                leg.usual.add(leg.place.succeed().await);
                continue;
            }
            leg.make_store().await;
            leg.compare(&wanted).await;
            leg.first_sights.clear();
        }
    }
    sqlite.record("kill -9 while a new store is made, SQLite");
    if let Some(leg) = postgres {
        leg.record("kill -9 while a new store is made, PostgreSQL");
    }
}
