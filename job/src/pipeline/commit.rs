//! What a run gives to its store, and what it learns there. IO through the store.

use jiff::{Timestamp, tz::TimeZone};
use sms_crds::ScrapeSource;

use super::{
    Run, positive,
    progress::{self, Failure},
};
use crate::store::{Lease, Removal, RunCommit, Store, StoredValidators};

impl Run<'_> {
    /// Stores the run, a failed one too.
    pub(super) async fn commit(
        &mut self,
        source: &ScrapeSource,
        store: &Store,
        lease: &Lease,
        validators: Option<StoredValidators>,
        failure: Option<&Failure>,
    ) -> Result<(), Failure> {
        let finished_at = Timestamp::now();
        let mut stored = self.report.clone();
        progress::end(&mut stored, finished_at, self.clock.elapsed());
        if let Some(failure) = failure {
            progress::fail(&mut stored, failure);
        }
        let zone = sms_crds::zone::named(source.venue_time_zone()).unwrap_or(TimeZone::UTC);
        let today = self.started_at.to_zoned(zone).date();
        let removal = if progress::is_complete(&stored) {
            Removal::Complete { today }
        } else {
            Removal::None
        };
        let retention = source.spec.retention.as_ref();
        let commit = RunCommit {
            report: &stored,
            started_at: self.started_at,
            finished_at,
            accepted: stored.outcome.is_success(),
            events: &self.events,
            removal,
            validators: validators.filter(|_| !stored.partial && stored.outcome.is_success()),
            retention_events: positive(
                retention.and_then(|keep| keep.events.as_ref()),
                "spec.retention.events",
            )?,
            retention_runs: positive(
                retention.and_then(|keep| keep.runs.as_ref()),
                "spec.retention.runs",
            )?,
        };
        let summary = store.commit_run(lease, commit).await?;
        self.runs_total = Some(summary.runs_total);
        if failure.is_none() {
            summary.fill(&mut self.report);
        }
        Ok(())
    }
}
