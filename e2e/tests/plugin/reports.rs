//! `status`: everything that explains a bug, and no secret. IO.

use std::fs;

use serde_json::{Value, json};

use crate::scene::{CANARY, Scene};

pub async fn tell_everything_but_secrets(scene: &Scene) {
    let with_secrets = json!({
        "fetch": {
            "headers": [{ "name": "X-Key", "value": CANARY }],
            "method": "POST",
            "body": format!("{{\"key\": \"{CANARY}\"}}"),
        },
        "suspend": true,
    });
    let source = scene.source("secretive", &with_secrets).await;
    let is_ready = |object: &_| sms_e2e::source::has_condition(object, "Ready", "True", "Suspended");
    source.until(crate::scene::A_RUN, "is ready", is_ready).await;
    // The canary is really there.
    assert!(scene.done(&["get", "-o", "yaml"]).await.contains(CANARY));

    let text = scene.done(&["status"]).await;
    assert!(!text.contains(CANARY), "{text}");
    for part in [
        "== VERSIONS ==",
        "gitVersion: v1.",
        "storedVersions:",
        "sms-scraper/operator:",
        "holderIdentity:",
        "pushgateway:",
        "name: EXTRA",
        "name: played",
        "reason: HttpStatus",
        "X-Key",
        "== LOGS ==",
        "?key=[redacted]",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(
        text.contains("== NOT READ ==\n\nnone\n"),
        "the rights of the page are enough\n{text}"
    );

    let file = scene.folder.path().join("status.json");
    let said = scene
        .user
        .says(&[
            "status",
            "-A",
            "-o",
            "json",
            "--log-lines",
            "5",
            "--file",
            file.to_str().unwrap(),
        ])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.product.is_empty() && said.told.contains("read it before you hand it on"),
        "{said:?}"
    );
    let json = fs::read_to_string(&file).unwrap();
    assert!(!json.contains(CANARY), "{json}");
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["operator"]["namespace"], "sms-system");
    assert_eq!(report["operator"]["leases"][0]["name"], "sms-operator");
    for (_, lines) in report["logs"].as_object().unwrap() {
        assert!(lines.as_array().unwrap().len() <= 5, "{json}");
    }
    let yaml = scene.done(&["status", "-o", "yaml"]).await;
    assert!(yaml.starts_with("versions:") && !yaml.contains(CANARY), "{yaml}");
}
