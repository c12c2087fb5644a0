//! The termination message: what Kubernetes keeps of a container that ended. IO: writes one file.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde_json::Value;
use sms_crds::report::{Reason, RunReport, Step, TERMINATION_MESSAGE_LIMIT};
use tracing::error;

/// Writes the report, as far as there is room. A failure is logged: the run is over and does not depend on it.
pub fn write(path: &Path, report: &RunReport) {
    if let Err(problem) = std::fs::write(path, report.to_json_within(TERMINATION_MESSAGE_LIMIT)) {
        let path = path.display();
        error!("Failed to write the termination message to {path}: {problem}");
    }
}

/// The report of a run that could not begin: its source is wrong, or what the process was configured with. `json` is the
/// source as it was given: its name is taken from there as far as it has one.
pub fn not_begun(json: Option<&str>, reason: Reason, message: String, now: Timestamp) -> RunReport {
    let given: Value = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let text = |pointer: &str| given.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name").unwrap_or_default();
    let source = match (text("/metadata/namespace"), name) {
        (_, "") => String::new(),
        (namespace, name) => format!("{}/{name}", namespace.unwrap_or("default")),
    };
    let at = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    RunReport {
        source,
        api_name: text("/spec/apiName").map_or_else(|| name.replace(['-', '.'], "_"), str::to_owned),
        run: now.as_microsecond().to_string(),
        step: Some(Step::Config),
        started_at: at.clone(),
        finished_at: at,
        errors_by_step: BTreeMap::from([(Step::Config, 1)]),
        ..RunReport::failed(reason, message)
    }
}
