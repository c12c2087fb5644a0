//! Who answers and reports repeats what it was given. IO.

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use sms_e2e::{
    Source, crowd, eventually,
    proxy::{Act, Answer},
};

use super::{A_WHILE, PLAIN, Scene, Told, prove, until_judged};

/// A policy that refuses what `resource` are, and repeats what `expression` gives.
fn policy(name: &str, namespace: &str, resource: &str, expression: &str) -> String {
    let group = match resource {
        "cronjobs" | "jobs" => ("batch", "v1"),
        _ => ("sms-scraper.dev", "v1alpha1"),
    };
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name },
        "spec": {
            "matchConstraints": {
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
                "resourceRules": [{
                    "apiGroups": [group.0], "apiVersions": [group.1], "operations": ["CREATE", "UPDATE"],
                    "resources": [resource],
                }],
            },
            "validations": [{
                "expression": "false",
                "messageExpression": format!("'the policy repeats: ' + {expression}"),
            }],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": name },
        "spec": { "policyName": name, "validationActions": ["Deny"] },
    });
    format!("{policy}\n---\n{binding}\n")
}

#[tokio::test]
async fn a_policy_that_repeats_what_it_refuses_is_not_quoted() {
    const ENVIRONMENT: &str = "env.map(variable, has(variable.value) ? variable.value : '').join(' ')";
    let Some(scene) = Scene::set("policy").await else {
        return;
    };
    let n = scene.namespace.name();
    let of_cron_job = format!("object.spec.jobTemplate.spec.template.spec.containers[0].{ENVIRONMENT}");
    let of_job = format!("object.spec.template.spec.containers[0].{ENVIRONMENT}");
    let of_source = "object.spec.fetch.url + ' ' + object.spec.fetch.body";
    let early = scene.source("early", &json!({})).await;
    until_judged(&early, "True").await;
    let (cron_jobs, jobs, statuses) = (
        format!("{n}-cron-jobs"),
        format!("{n}-jobs"),
        format!("{n}-statuses"),
    );
    scene
        .cluster
        .apply(&policy(&cron_jobs, n, "cronjobs", &of_cron_job));
    scene.cluster.apply(&policy(&jobs, n, "jobs", &of_job));
    // A policy takes a while to be heeded.
    let mut number = 0;
    while !Told::of(&scene.cluster, &scene.namespace, &scene.operator)
        .await
        .has("status", "CronJobRefused")
    {
        assert!(
            number < 60,
            "the policy refuses nothing\n{}",
            scene.operator.log()
        );
        number += 1;
        scene.source(&format!("late-{number}"), &json!({})).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    early.run_now("today").await;
    early
        .until(A_WHILE, "its Job is refused", |object| {
            json!(object.status)["runNow"]["message"].is_string()
        })
        .await;
    let told = Told::of(&scene.cluster, &scene.namespace, &scene.operator).await;
    assert!(told.has("status", "the policy repeats: ") && told.has("Event", "the policy repeats: "));
    prove(
        "operator: an admission policy that repeats the CronJob and the Job",
        &told.search(),
    );

    scene
        .cluster
        .apply(&policy(&statuses, n, "scrapesources/status", of_source));
    eventually(A_WHILE, "a status is refused", || async {
        early
            .patch(json!({ "metadata": { "annotations": { "sms-scraper.dev/run-now": "again" } } }))
            .await;
        let log = scene.operator.log();
        log.contains("write the status").then_some(()).ok_or("none")
    })
    .await;
    let told = Told::of(&scene.cluster, &scene.namespace, &scene.operator).await;
    prove(
        "operator: an admission policy that repeats the source",
        &told.search(),
    );
    for name in [&cron_jobs, &jobs, &statuses] {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            scene.cluster.kubectl(&["delete", kind, name]);
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn an_api_server_that_fails_and_repeats_is_not_quoted() {
    const WORDS: &str =
        "it repeats: https://venue.example/?key=canaryPla1nInTheSpec and canaryPla1nInTheSpec";
    assert!(WORDS.contains(PLAIN));
    let Some(scene) = Scene::set("repeats").await else {
        return;
    };
    for (name, code, resource) in [
        ("five-hundred", 500, "cronjobs"),
        ("forbidden", 403, "cronjobs"),
        ("status", 500, "scrapesources"),
    ] {
        let before = scene.proxy.faults();
        scene
            .proxy
            .set(move |call| match call.is_write() && call.resource == resource {
                true => Act::Instead(Answer::Told { code, message: WORDS }),
                false => Act::Forward,
            });
        let source = scene.source(name, &json!({})).await;
        scene.proxy.until_faults(before + 1).await;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        scene.proxy.behave();
        until_judged(&source, "True").await;
    }
    let told = Told::of(&scene.cluster, &scene.namespace, &scene.operator).await;
    assert!(told.has("log", "it repeats: "), "{}", scene.operator.log());
    prove(
        "operator: an API server that answers 403 and 500 and repeats a secret",
        &told.search(),
    );
    scene.end().await;
}

/// Ends a Pod like this.
async fn end(scene: &Scene, source: &Source, status: &Value, terminated: &Value) {
    let pods: Api<Pod> = scene.namespace.api();
    let pod = eventually(A_WHILE, "the Job has a Pod", || async {
        source.pods().await.pop().ok_or("there is none")
    })
    .await;
    let mut status = status.clone();
    status["phase"] = json!("Failed");
    status["containerStatuses"] = json!([{
        "name": "scraper", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": terminated },
    }]);
    let patch = Patch::Merge(json!({ "status": status }));
    pods.patch_status(&pod.metadata.name.unwrap(), &PatchParams::default(), &patch)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pod_that_repeats_what_it_was_given_is_not_quoted() {
    let Some(scene) = Scene::set("pod").await else {
        return;
    };
    if !scene.cluster.can_stop_components() {
        println!("skipped: this cluster has no controllers of its own");
        return;
    }
    let words = format!("it repeats: https://venue.example/?key={PLAIN} and {PLAIN}");
    let report = json!({
        "source": "a/b", "apiName": "b", "run": "1", "outcome": "Failed", "reason": "HttpStatus",
        "message": words, "warnings": [words], "startedAt": "2026-01-02T00:00:05.000Z",
        "finishedAt": "2026-01-02T00:00:08.000Z", "durationSeconds": 3.0, "errors": 1,
    });
    let moments = json!({ "startedAt": "2026-01-02T00:00:04Z", "finishedAt": "2026-01-02T00:00:08Z" });
    let end_of = |exit_code: i32, reason: &str, message: String| {
        let mut end = moments.clone();
        end["exitCode"] = json!(exit_code);
        end["reason"] = json!(reason);
        end["message"] = json!(message);
        end
    };
    let ends = [
        ("report", json!({}), end_of(2, "Error", report.to_string())),
        ("no-report", json!({}), end_of(2, "Error", words.clone())),
        ("start", json!({}), end_of(128, "StartError", words.clone())),
        (
            "evicted",
            json!({ "reason": "Evicted", "message": words }),
            end_of(137, "Error", words.clone()),
        ),
    ];
    for (name, status, terminated) in &ends {
        // The ends are made up: a node must not come before them.
        let spec = json!({ "job": { "backoffLimit": 0, "nodeSelector": crowd::nowhere() } });
        let source = scene.source(name, &spec).await;
        until_judged(&source, "True").await;
        source.run_now("today").await;
        end(&scene, &source, status, terminated).await;
        source.until_runs(A_WHILE, 1).await;
    }
    let told = Told::of(&scene.cluster, &scene.namespace, &scene.operator).await;
    assert!(told.has("status", "it repeats: "), "{}", scene.operator.log());
    prove("operator: Pods that repeat what they were given", &told.search());
    scene.end().await;
}
