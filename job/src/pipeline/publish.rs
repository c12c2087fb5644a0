//! What is told about a finished run: its metrics to the Pushgateway, its report to the log. IO.

use std::time::Duration;

use sms_crds::report::{Outcome, Reason, RunReport};
use tracing::{info, warn};

use super::Run;
use crate::{metrics::RunMetrics, push};

/// How long a push may still take once the process was told to stop: Docker kills ten seconds after asking.
const PUSH_AFTER_STOP: Duration = Duration::from_secs(3);

impl Run<'_> {
    /// Makes the run's metrics and pushes them; whatever happens there is a warning in the report and nothing more.
    pub(super) async fn publish(&mut self) -> Option<RunMetrics> {
        let runs = self.runs_total.and_then(|runs| u64::try_from(runs).ok());
        let metrics = RunMetrics::from_report(&self.report, runs, &self.environment.installation)?;
        let Some(settings) = self.environment.push.as_ref().filter(|_| !self.options.dry_run) else {
            return Some(metrics);
        };
        let pushed = tokio::select! {
            pushed = push::push_run(settings, &metrics) => pushed.map_err(|error| error.to_string()),
            () = self.environment.stop.requested_for(PUSH_AFTER_STOP) => {
                Err("the process was told to stop before the Pushgateway answered".to_owned())
            }
        };
        self.report.metrics_pushed = Some(pushed.is_ok());
        if let Err(problem) = pushed {
            warn!(api = metrics.api_name, reason = ?Reason::PushFailed, "Failed to push metrics; the run is not affected: {problem}");
            self.report.warnings.push(problem);
        }
        Some(metrics)
    }
}

/// Logs the report, as one line.
pub(super) fn log_report(report: &RunReport) {
    let json = serde_json::to_string(report).unwrap_or_default();
    let outcome = report.outcome.as_str();
    match report.outcome {
        Outcome::Failed | Outcome::Suspicious => {
            let message = report.message.as_deref().unwrap_or_default();
            warn!(
                api = report.api_name,
                report = json,
                "Finished run: {outcome}: {message}"
            );
        }
        _ => info!(api = report.api_name, report = json, "Finished run: {outcome}"),
    }
}
