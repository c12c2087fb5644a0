//! `get`, `run`, `logs`, `suspend`, `resume`. IO.

use std::{fs, os::unix::fs::symlink, time::Duration};

use serde_json::{Value, json};
use sms_e2e::{Source, source, venue::Answer};

use crate::{
    previews::until_ready,
    scene::{A_RUN, Scene},
    user::program,
};

/// The row of a source in a table, as its columns.
fn row(table: &str, name: &str) -> Vec<String> {
    let line = table
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name))
        .unwrap_or_else(|| panic!("{name} is not in\n{table}"));
    let columns = line
        .split("  ")
        .map(str::trim)
        .filter(|column| !column.is_empty());
    columns.map(str::to_owned).collect()
}

pub async fn are_shown_started_and_followed(scene: &Scene) {
    let source = scene.source("played", &json!({})).await;
    until_ready(&source).await;
    let told = scene.failed(2, &["logs", "played"]).await;
    assert!(
        told.contains("has not run yet") && told.contains("kubectl sms run played"),
        "{told}"
    );
    let before = row(&scene.done(&["get"]).await, "played");
    assert_eq!(
        before[1..6],
        ["played", "True", "Scheduled", "7 4 1 1 * UTC", "no"]
    );
    assert_eq!(before[6..10], ["-", "-", "-", "-"]);

    let told = scene.done(&["run", "played", "--wait", "--timeout", "3m"]).await;
    assert!(
        told.contains("Succeeded, 3 processed (3 new, 0 updated, 0 unchanged), 0 removed, 0 skipped"),
        "{told}"
    );
    assert_eq!(scene.postgres.query("SELECT count(*) FROM events_v1"), "3");
    let object = source.get().await;
    assert_eq!(source::runs(&object), 1);
    let after = row(&scene.done(&["get", "-o", "wide"]).await, "played");
    assert!(
        after[6].starts_with("Succeeded ") && after[6].ends_with(" ago"),
        "{after:?}"
    );
    assert_eq!(after[8..10], ["3", "0"]);
    assert_eq!(after[11], "no", "{after:?}");

    is_logged(scene, &object).await;
    fails_and_waits(scene, &source).await;
    is_printed_in_every_form(scene).await;
    goes_through_kubectl(scene);
}

async fn is_logged(scene: &Scene, object: &sms_crds::ScrapeSource) {
    let log = scene.done(&["logs", "played"]).await;
    assert!(
        log.contains("Pushed metrics to Pushgateway for api=played"),
        "{log}"
    );
    assert_eq!(log, scene.done(&["logs", "played", "-f"]).await);
    let job = &object.status.as_ref().unwrap().last_run.as_ref().unwrap().job;
    assert_eq!(log, scene.done(&["logs", "played", "--run", job]).await);
    let told = scene.failed(2, &["logs", "played", "--previous"]).await;
    assert!(told.contains(&format!("no run before Job {job}")), "{told}");
    let told = scene.failed(2, &["logs", "played", "--run", "gone"]).await;
    assert!(
        told.contains("no Job gone any more") && told.contains(job.as_str()),
        "{told}"
    );
}

async fn fails_and_waits(scene: &Scene, source: &Source) {
    scene.venue.say(Answer::Status(404));
    let said = scene.user.says(&["run", "played", "--wait"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.product.contains("Failed, HttpStatus: "), "{said:?}");

    scene.venue.say(Answer::Silence);
    let asked = scene.venue.requests();
    let first = scene.user.says(&["run", "played"]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first
            .told
            .contains(" started; see `kubectl sms logs played --run "),
        "{first:?}"
    );
    sms_e2e::eventually(A_RUN, "the venue is asked", || async {
        let now = scene.venue.requests();
        (now > asked).then_some(()).ok_or(now)
    })
    .await;
    let second = scene.user.says(&["run", "played"]).await;
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(second.told.contains("waits for Job played-"), "{second:?}");
    let late = scene
        .user
        .says(&["run", "played", "--wait", "--timeout", "3s"])
        .await;
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.told.contains("no outcome within 3s"), "{late:?}");

    scene.venue.say(Answer::Events(4));
    // The first one and, since a later request takes the place of one that waits, the last.
    source.until_runs(A_RUN, 4).await;
    let counted = row(&scene.done(&["get", "played"]).await, "played");
    assert_eq!(counted[8], "4", "{counted:?}");
}

async fn is_printed_in_every_form(scene: &Scene) {
    let names = scene.done(&["get", "-o", "name"]).await;
    assert_eq!(
        names,
        "scrapesource.sms-scraper.dev/played\nscrapesource.sms-scraper.dev/previewed\n"
    );
    let one: Value = serde_json::from_str(&scene.done(&["get", "played", "-o", "json"]).await).unwrap();
    assert_eq!(one["kind"], "ScrapeSource");
    assert_eq!(one["metadata"]["name"], "played");
    let all: Value = serde_json::from_str(&scene.done(&["get", "-A", "-o", "json"]).await).unwrap();
    assert_eq!(all["kind"], "List");
    let yaml = scene.done(&["get", "played", "-o", "yaml"]).await;
    assert!(
        yaml.contains("kind: ScrapeSource\n") && !yaml.contains("managedFields"),
        "{yaml}"
    );
    let everywhere = scene.done(&["get", "-A"]).await;
    assert!(everywhere.starts_with("NAMESPACE"), "{everywhere}");
    assert!(!everywhere.contains('\u{1b}'), "no terminal, no colours");

    let said = scene.user.says(&["get", "played", "plaid"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.product.contains("played") && said.told.contains("no ScrapeSource plaid"),
        "{said:?}"
    );
    let told = scene.failed(2, &["get", "played", "-n", "default"]).await;
    let namespace = scene.user.namespace();
    assert!(
        told.contains(&format!("add -n {namespace}")) || told.contains("may not list"),
        "{told}"
    );
}

/// kubectl finds the plugin, and completes by it.
fn goes_through_kubectl(scene: &Scene) {
    let plugins = scene.folder.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    symlink(program(), plugins.join("kubectl-sms")).unwrap();
    let script = std::process::Command::new(program())
        .args(["completions", "kubectl"])
        .output()
        .unwrap();
    let completion = plugins.join("kubectl_complete-sms");
    fs::write(&completion, script.stdout).unwrap();
    let mode = std::process::Command::new("chmod")
        .arg("+x")
        .arg(&completion)
        .status();
    assert!(mode.unwrap().success());
    let Some(folder) = std::env::var_os("SMS_E2E_CONTROL_PLANE") else {
        println!("skipped: SMS_E2E_CONTROL_PLANE does not say where kubectl is");
        return;
    };
    let kubectl = std::path::Path::new(&folder).join("kubectl");
    let namespace = scene.user.namespace();
    let listed = scene
        .user
        .kubectl(&kubectl, &plugins, &["sms", "-n", namespace, "get", "-o", "name"]);
    assert!(listed.done().contains("scrapesource.sms-scraper.dev/played\n"));
    let offered = scene.user.kubectl(
        &kubectl,
        &plugins,
        &["__complete", "sms", "-n", namespace, "run", "pl"],
    );
    let offered = offered.done();
    assert!(offered.starts_with("played\n:4"), "{offered}");
}

pub async fn are_suspended_and_resumed(scene: &Scene) {
    let key = format!("{}/played", scene.user.namespace());
    assert_eq!(
        scene.done(&["suspend", "played"]).await,
        format!("{key} suspended\n")
    );
    assert_eq!(
        scene.done(&["suspend", "played"]).await,
        format!("{key} unchanged (is suspended already)\n")
    );
    let suspended = row(&scene.done(&["get", "played"]).await, "played");
    assert_eq!(suspended[5], "yes");
    assert_eq!(suspended[10..], ["-", "-"], "neither due nor stale");
    let told = scene.done(&["resume", "--all"]).await;
    assert!(told.contains(&format!("{key} resumed; next run at ")), "{told}");
    assert!(
        told.contains("/previewed unchanged (is not suspended)\n"),
        "{told}"
    );
    let told = scene.failed(2, &["suspend", "plaid"]).await;
    assert!(told.contains("did you mean played?"), "{told}");
    let limit = Duration::from_mins(1);
    let source = Source::named(&scene.cluster, &scene.namespace, "played");
    let is_resumed = |object: &_| source::has_condition(object, "Ready", "True", "Scheduled");
    source.until(limit, "is resumed", is_resumed).await;
}
