//! Tests of what a Pod tells.

use serde_json::{Value, json};
use sms_crds::report::{Outcome, RunReport};

use super::*;

mod ends;
mod reports;

fn state(status: &Value) -> PodState {
    record(status).state
}

fn record(status: &Value) -> PodRecord {
    let metadata: ObjectMeta = serde_json::from_value(json!({
        "name": "sea-monster-1-abcde", "uid": "pod-1", "creationTimestamp": "2026-05-01T06:44:01Z",
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "sea-monster-1", "uid": "job-1", "controller": true}]
    }))
    .unwrap();
    let status: PodStatus = serde_json::from_value(status.clone()).unwrap();
    pod_record(&metadata, Some(&status)).unwrap()
}

fn with_container(phase: &str, state: &Value) -> Value {
    json!({"phase": phase, "containerStatuses": [
        {"name": "istio-proxy", "image": "sidecar", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}},
        {"name": "scraper", "image": "registry.example/sms_scraper:1", "imageID": "", "ready": false, "restartCount": 0, "state": state}
    ]})
}

fn waiting(reason: &str, message: &str) -> PodState {
    state(&with_container(
        "Pending",
        &json!({"waiting": {"reason": reason, "message": message}}),
    ))
}

fn stuck(reason: Reason, message: &str) -> PodState {
    PodState::Stuck {
        reason,
        message: message.to_owned(),
    }
}

#[test]
fn a_pod_is_an_attempt_of_the_job_that_controls_it() {
    assert_eq!(
        record(&json!({})),
        PodRecord {
            uid: "pod-1".into(),
            name: "sea-monster-1-abcde".into(),
            job_uid: "job-1".into(),
            created: "2026-05-01T06:44:01Z".parse().unwrap(),
            is_deleted: false,
            state: PodState::Starting,
        }
    );
    let of = |owner: Value| {
        let metadata = json!({"name": "x", "uid": "x", "creationTimestamp": "2026-05-01T06:44:01Z", "ownerReferences": [owner]});
        pod_record(&serde_json::from_value(metadata).unwrap(), None)
    };
    assert!(
        of(json!({"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "x", "controller": true}))
            .is_some()
    );
    assert_eq!(
        of(json!({"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "x"})),
        None
    );
    assert_eq!(
        of(
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "x", "controller": true})
        ),
        None
    );
    assert_eq!(
        of(
            json!({"apiVersion": "example.org/v1", "kind": "Job", "name": "x", "uid": "x", "controller": true})
        ),
        None
    );
}

#[test]
fn a_pod_on_its_way_is_starting_or_running() {
    assert_eq!(state(&json!({"phase": "Pending"})), PodState::Starting);
    assert_eq!(waiting("ContainerCreating", ""), PodState::Starting);
    assert_eq!(waiting("PodInitializing", ""), PodState::Starting);
    assert_eq!(
        state(&with_container(
            "Running",
            &json!({"running": {"startedAt": "2026-05-01T06:44:02Z"}})
        )),
        PodState::Running
    );
    let gated = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "x"}]});
    assert_eq!(state(&gated), PodState::Starting);
}

#[test]
fn reasons_that_take_turns_while_an_image_cannot_be_pulled_give_one_message() {
    let expected = stuck(
        Reason::ImagePullFailed,
        "the image registry.example/sms_scraper:1 cannot be pulled: check its name and tag, that the nodes reach its \
         registry, and imagePullSecrets in the operator's job settings",
    );
    for (reason, message) in [
        (
            "ErrImagePull",
            "rpc error: code = NotFound desc = failed to pull and unpack image",
        ),
        ("ErrImagePull", ""),
        (
            "ImagePullBackOff",
            "Back-off pulling image \"registry.example/sms_scraper:1\"",
        ),
        (
            "RegistryUnavailable",
            "image pull failed for registry.example/sms_scraper:1 because the registry is unavailable",
        ),
    ] {
        assert_eq!(waiting(reason, message), expected, "{reason}");
    }
}

#[test]
fn an_image_that_the_status_does_not_name_is_named_by_the_message() {
    let status = |message: &str| {
        json!({"phase": "Pending", "containerStatuses": [{"name": "scraper", "image": "", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}]})
    };
    let message = |status: &Value| match state(status) {
        PodState::Stuck { message, .. } => message,
        other => panic!("{other:?}"),
    };
    assert!(
        message(&status("Back-off pulling image \"a/b:1\"")).starts_with("the image a/b:1 cannot be pulled")
    );
    assert!(message(&status("")).starts_with("the image of the Job cannot be pulled"));
}

#[test]
fn every_way_not_to_get_an_image_or_a_container_has_its_reason() {
    for (reason, expected, words) in [
        (
            "ErrImageNeverPull",
            Reason::ImagePullFailed,
            "imagePullPolicy is Never",
        ),
        ("InvalidImageName", Reason::ImagePullFailed, "SMS_JOB_IMAGE"),
        (
            "SignatureValidationFailed",
            Reason::ImagePullFailed,
            "SignatureValidationFailed",
        ),
        ("ImageInspectError", Reason::ImagePullFailed, "ImageInspectError"),
        (
            "CreateContainerConfigError",
            Reason::ContainerConfigInvalid,
            "CreateContainerConfigError",
        ),
        (
            "CreateContainerError",
            Reason::ContainerConfigInvalid,
            "CreateContainerError",
        ),
        (
            "RunContainerError",
            Reason::ContainerConfigInvalid,
            "RunContainerError",
        ),
    ] {
        match waiting(reason, "") {
            PodState::Stuck {
                reason: found,
                message,
            } => {
                assert_eq!(found, expected, "{reason}");
                assert!(message.contains(words), "{reason}: {message}");
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_secret_is_named() {
    assert_eq!(
        waiting("CreateContainerConfigError", "secret \"sms-store\" not found"),
        stuck(
            Reason::ContainerConfigInvalid,
            "the container cannot be created: secret \"sms-store\" not found: create what is missing there in the source's \
             namespace, or correct the name in the source"
        )
    );
}

#[test]
fn identifiers_that_are_new_at_each_try_are_left_out() {
    let at_try = |id: &str| {
        waiting(
            "CreateContainerError",
            &format!("the name is reserved for \"{id}\" already"),
        )
    };
    assert_eq!(at_try("0123456789abcdef0123"), at_try("fedcba98765432100123"));
}

#[test]
fn an_unschedulable_pod_has_one_message_while_nodes_come_and_go() {
    let unschedulable = |message: &str| {
        state(&json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]}))
    };
    let expected = stuck(
        Reason::Unschedulable,
        "no node takes the Pod (Insufficient cpu; node(s) had untolerated taint(s)): lower requests in spec.job.resources, \
         correct spec.job.nodeSelector, or add a node that fits",
    );
    for message in [
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        "0/15 nodes are available: 12 node(s) had untolerated taint(s), 3 Insufficient cpu.",
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
    ] {
        assert_eq!(unschedulable(message), expected, "{message}");
    }
    for message in ["", "0/0 nodes are available", "0/0 nodes are available: "] {
        assert_eq!(
            unschedulable(message),
            stuck(
                Reason::Unschedulable,
                "no node takes the Pod: lower requests in spec.job.resources, correct spec.job.nodeSelector, or add a node \
                 that fits"
            ),
            "{message}"
        );
    }
    match unschedulable("0/1 nodes are available: 1 node(s) had taint {a: }, that the pod didn't tolerate.") {
        PodState::Stuck { message, .. } => {
            assert!(
                message.contains("(node(s) had taint {a: }, that the pod didn't tolerate)"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}
