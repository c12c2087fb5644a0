//! Tests of how Pods end.

use super::*;

const TIME: &str = "2026-05-01T06:45:00Z";

fn ended(
    exit_code: Option<i32>,
    reason: Option<Reason>,
    message: Option<&str>,
    at: Option<&str>,
) -> PodState {
    PodState::Ended {
        exit_code,
        reason,
        message: message.map(str::to_owned),
        report: None,
        at: at.map(|at| at.parse().unwrap()),
    }
}

fn terminated(end: &Value) -> Value {
    with_container("Failed", &json!({"terminated": end}))
}

/// A Pod whose container was killed, with more in its status.
fn killed(changes: &Value) -> Value {
    let mut status = terminated(&json!({"exitCode": 137, "reason": "Error", "finishedAt": TIME}));
    for (key, value) in changes.as_object().unwrap() {
        status[key] = value.clone();
    }
    status
}

#[test]
fn a_container_tells_how_it_ended() {
    for (end, expected) in [
        (
            json!({"exitCode": 1, "reason": "Error", "finishedAt": TIME}),
            ended(Some(1), None, None, Some(TIME)),
        ),
        (
            json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": TIME}),
            ended(Some(137), Some(Reason::OOMKilled), None, Some(TIME)),
        ),
        // It survived the death of its child.
        (
            json!({"exitCode": 0, "reason": "OOMKilled", "finishedAt": TIME}),
            ended(Some(0), None, None, Some(TIME)),
        ),
        (
            json!({"exitCode": 128, "reason": "StartError", "message": "exec: no such file",
                "startedAt": "1970-01-01T00:00:00Z", "finishedAt": TIME}),
            ended(
                Some(128),
                Some(Reason::ContainerConfigInvalid),
                Some(
                    "the container could not start (exec: no such file): check the image of --job-image (SMS_JOB_IMAGE) of the operator",
                ),
                Some(TIME),
            ),
        ),
        (
            json!({"exitCode": 137, "reason": "ContainerStatusUnknown",
                "message": "The container could not be located when the pod was terminated", "finishedAt": null}),
            ended(None, None, None, None),
        ),
        (
            json!({"exitCode": 1, "finishedAt": "1970-01-01T00:00:00Z"}),
            ended(Some(1), None, None, None),
        ),
    ] {
        assert_eq!(state(&terminated(&end)), expected, "{end}");
    }
}

#[test]
fn a_pod_tells_what_the_cluster_did_to_it() {
    let pressure = "The node was low on resource: memory.";
    let shutdown = "Pod was terminated in response to imminent node shutdown.";
    let too_small = "Node didn't have enough resource: cpu";
    let refused = "the node refused the Pod (Node didn't have enough resource: cpu): lower requests in spec.job.resources, \
                   correct spec.job.nodeSelector, or add a node that fits";
    let disruption = |status: &str| {
        json!({"conditions": [{"type": "DisruptionTarget", "status": status, "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting"}]})
    };
    let evicted = |exit_code, message, at| ended(exit_code, Some(Reason::Evicted), Some(message), at);
    for (status, expected) in [
        (
            killed(&json!({"reason": "Evicted", "message": pressure})),
            evicted(Some(137), pressure, Some(TIME)),
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted", "message": pressure}),
            evicted(None, pressure, None),
        ),
        (
            killed(&disruption("True")),
            evicted(Some(137), "Eviction API: evicting", Some(TIME)),
        ),
        (
            killed(&disruption("False")),
            ended(Some(137), None, None, Some(TIME)),
        ),
        (
            killed(&json!({"reason": "Terminated", "message": shutdown})),
            evicted(Some(137), shutdown, Some(TIME)),
        ),
        (
            json!({"phase": "Failed", "reason": "OutOfcpu", "message": too_small}),
            ended(None, Some(Reason::Unschedulable), Some(refused), None),
        ),
        (
            json!({"phase": "Failed", "reason": "DeadlineExceeded"}),
            ended(None, Some(Reason::DeadlineExceeded), None, None),
        ),
        (json!({"phase": "Failed"}), ended(None, None, None, None)),
    ] {
        assert_eq!(state(&status), expected, "{status}");
    }
}

#[test]
fn a_deleted_pod_keeps_what_kept_it_from_starting() {
    let stuck = record(&with_container(
        "Pending",
        &json!({"waiting": {"reason": "ErrImagePull"}}),
    ));
    let PodState::Stuck { message, .. } = &stuck.state else {
        panic!("{stuck:?}")
    };
    let deleted = record(&terminated(
        &json!({"exitCode": 137, "reason": "ContainerStatusUnknown"}),
    ));
    let expected = ended(None, Some(Reason::ImagePullFailed), Some(message), None);

    let creating = record(&with_container(
        "Pending",
        &json!({"waiting": {"reason": "ContainerCreating"}}),
    ));
    assert_eq!(follow(&stuck, creating.clone()), creating, "it can start now");
    let on_its_way_out = PodRecord {
        is_deleted: true,
        ..creating
    };
    let kept = follow(&stuck, on_its_way_out.clone());
    assert_eq!(kept.state, stuck.state, "the kubelet forgets it before the end");

    let once = follow(&kept, deleted.clone());
    assert_eq!(once.state, expected);
    assert_eq!(follow(&stuck, deleted.clone()).state, expected);
    assert_eq!(
        follow(&once, deleted.clone()).state,
        expected,
        "a second update changes nothing"
    );

    let ran = record(&terminated(&json!({"exitCode": 1})));
    assert_eq!(follow(&stuck, ran.clone()), ran, "it started after all");
    let running = record(&with_container("Running", &json!({"running": {}})));
    assert_eq!(follow(&stuck, running.clone()), running);
    assert_eq!(follow(&running, deleted.clone()), deleted);
}
