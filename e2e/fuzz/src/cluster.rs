//! Targets for what the operator is told: termination messages of Pods, groups of a Pushgateway. Pure.

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, PodStatus},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time},
};
use sms_crds::report::{RunReport, TERMINATION_MESSAGE_LIMIT};
use sms_operator::{
    gateway::groups,
    runs::{PodState, pod},
};

/// The longest text that a report may bring into a status.
const LONGEST_TEXT: usize = 4096;

/// The message that a Pod's container left, whoever wrote it.
pub fn termination_message(data: &[u8]) {
    let message = String::from_utf8_lossy(data).into_owned();
    if let Ok(report) = serde_json::from_str::<RunReport>(&message) {
        let written = report.to_json_within(TERMINATION_MESSAGE_LIMIT);
        assert!(
            written.len() <= TERMINATION_MESSAGE_LIMIT,
            "{} bytes",
            written.len()
        );
        serde_json::from_str::<RunReport>(&written).expect("a cut report is a report");
    }
    let state = ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code: 1,
            message: Some(message),
            finished_at: Some(Time(Timestamp::UNIX_EPOCH)),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    };
    let status = PodStatus {
        phase: Some("Failed".to_owned()),
        container_statuses: Some(vec![ContainerStatus {
            name: pod::CONTAINER.to_owned(),
            state: Some(state),
            ..ContainerStatus::default()
        }]),
        ..PodStatus::default()
    };
    let metadata = ObjectMeta {
        name: Some("x".to_owned()),
        uid: Some("u".to_owned()),
        creation_timestamp: Some(Time(Timestamp::UNIX_EPOCH)),
        owner_references: Some(vec![OwnerReference {
            api_version: "batch/v1".to_owned(),
            kind: "Job".to_owned(),
            name: "x".to_owned(),
            uid: "j".to_owned(),
            controller: Some(true),
            ..OwnerReference::default()
        }]),
        ..ObjectMeta::default()
    };
    let record = pod::pod_record(&metadata, Some(&status)).expect("a Pod of a Job");
    let PodState::Ended { report, .. } = record.state else {
        panic!("a Pod that failed has ended: {:?}", record.state);
    };
    let Some(report) = report else {
        return;
    };
    for count in [
        report.found,
        report.processed,
        report.skipped,
        report.errors,
        report.pages,
    ] {
        assert!((0..=1_000_000_000).contains(&count), "{count}");
    }
    assert!(report.duration_seconds.is_finite() && report.duration_seconds >= 0.0);
    let texts = report.warnings.iter().chain(&report.message);
    for text in texts.chain([&report.source, &report.api_name, &report.run]) {
        assert!(text.len() <= LONGEST_TEXT, "{} bytes", text.len());
        assert!(!text.contains(|char: char| char.is_control()), "{text:?}");
    }
}

/// What a Pushgateway, or whatever answers in its place, says about its groups.
pub fn gateway_answer(data: &[u8]) {
    for group in groups::parse(data, "ours").unwrap_or_default() {
        assert!(!groups::is_live(&group, &groups::LiveSources::default()));
    }
}
