//! Tests of what a report keeps and what it does not. Pure.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn what_explains_a_bug_stays() {
    let report = json!({
        "namespace": "music",
        "image": "registry.example.org/sms/operator:0.1.0@sha256:0123456789abcdef0123456789abcdef",
        "uid": "7c9d1f9e-58e6-4b4e-a2f8-4b1f7a6f0d11",
        "schedule": "H */6 * * *",
        "secretKeyRef": { "name": "sms-venue", "key": "token" },
        "storeSecretName": "sms-postgres",
        "automountServiceAccountToken": false,
        "processed": 12,
        "message": "Job sea-monster-29: the page https://example.org/events/2026/list answered 503 after 3 tries",
        "env": [
            { "name": "SMS_NAMESPACE", "valueFrom": { "fieldRef": { "fieldPath": "metadata.namespace" } } },
        ],
    });
    assert_eq!(value(report.clone()), report);
}

#[test]
fn what_is_secret_goes_and_its_place_is_seen() {
    for (before, after) in [
        (
            "postgres://me:pa@ss/w?rd@db:5432/events?sslmode=require",
            "postgres://[redacted]@db:5432/events?sslmode=[redacted]",
        ),
        (
            "https://h/x?key=1&flag#part",
            "https://h/x?key=[redacted]&[redacted]#[redacted]",
        ),
        (
            "https://calendar.example.org/ical/private-0a1b2c3d4e5f6a7b/basic.ics",
            "https://calendar.example.org/ical/[redacted]/basic.ics",
        ),
        ("password=hunter2, next", "password=[redacted], next"),
        (r#"db_password: "two words" end"#, "db_password: [redacted] end"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: [redacted]"),
        ("sent Basic dXNlcjpw to it", "sent Basic [redacted] to it"),
        (
            "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here",
            "got [redacted] here",
        ),
    ] {
        assert_eq!(text(before), after);
    }
    assert_eq!(
        value(json!({
            "env": [{ "name": "A", "value": "x" }],
            "headers": [{ "name": "x-key", "value": "x" }, { "name": "y", "secretKeyRef": { "name": "s", "key": "k" } }],
            "fetch": { "body": "x", "apiKey": "x", "url": "https://u:p@h/" },
            "stringData": { "url": "x" },
        })),
        json!({
            "env": [{ "name": "A", "value": "[redacted]" }],
            "headers": [
                { "name": "x-key", "value": "[redacted]" },
                { "name": "y", "secretKeyRef": { "name": "s", "key": "k" } },
            ],
            "fetch": { "body": "[redacted]", "apiKey": "[redacted]", "url": "https://[redacted]@h/" },
            "stringData": "[redacted]",
        })
    );
}

#[test]
fn a_log_line_is_taken_apart() {
    let line = r#"{"level":"INFO","token":"x","url":"https://h/?a=b c","message":"password is \"x\""}"#;
    let told = text(line);
    assert!(told.contains(r#""token":"[redacted]""#), "{told}");
    assert!(told.contains("https://h/?a=[redacted]"), "{told}");
}

/// Where a secret can stand in a text.
fn in_text(secret: &str, place: usize) -> String {
    match place % 12 {
        0 => format!("postgres://user:{secret}@db/events"),
        1 => format!("https://{secret}@host/"),
        2 => format!("https://host/path?key={secret}"),
        3 => format!("https://host/path?a=1&key={secret}&b=2"),
        4 => format!("https://host/#{secret}"),
        5 => format!("Authorization: Bearer {secret}"),
        6 => format!("password={secret}"),
        7 => format!("\"apiKey\": \"{secret}\""),
        8 => format!("basic {secret}"),
        9 => format!("{{\"password\":\"{secret}\",\"x\":1}}"),
        10 => format!("user=me password='{secret}' host=db"),
        _ => format!("https://host/private-{secret}0123456789abcdef/basic.ics"),
    }
}

/// Where a secret can stand in an object.
fn in_object(secret: &str, place: usize) -> Value {
    match place % 10 {
        0 => json!({ "env": [{ "name": "X", "value": secret }] }),
        1 => json!({ "headers": [{ "name": "X-Key", "value": secret }] }),
        2 => json!({ "fetch": { "body": secret } }),
        3 => json!({ "stringData": { "url": secret } }),
        4 => json!({ "clientSecret": secret }),
        5 => json!({ "api_key": [secret] }),
        6 => json!({ "Set-Cookie": secret }),
        7 => json!({ "query": [{ "name": "api_key", "value": secret }] }),
        8 => json!({ "anything": [{ "name": "x", "value": secret }] }),
        _ => json!([{ "deep": { "access-token": secret } }]),
    }
}

proptest! {
    #[test]
    fn a_secret_in_a_text_is_nowhere(
        secret in "[A-Z0-9]{8,24}[a-zA-Z0-9_~!$%*+.-]{0,8}",
        place in 0_usize..12,
        before in "[ a-z\":,(\\[]{0,20}",
        after in "([ ,;\\n][a-z ]{0,20})?",
    ) {
        let told = text(&format!("{before} {}{after}", in_text(&secret, place)));
        prop_assert!(!told.contains(&secret), "{}", told);
    }

    #[test]
    fn a_secret_in_an_object_is_nowhere(
        secret in "\\PC{8,24}",
        place in 0_usize..10,
        depth in 0_usize..4,
        as_text in any::<bool>(),
    ) {
        prop_assume!(!REDACTED.contains(&secret));
        let mut object = in_object(&secret, place);
        for level in 0..depth {
            object = json!({ format!("level{level}"): [object] });
        }
        let object = if as_text { json!({ "message": object.to_string() }) } else { object };
        let told = value(object);
        prop_assert!(!strings(&told).contains(&secret), "{}", told);
    }

    #[test]
    fn an_address_with_anything_for_a_password_keeps_its_host_alone(
        password in "[^\\s@]{1,16}", tail in "[a-z]{0,8}",
    ) {
        let told = text(&format!("postgres://user:{password}@database/{tail}"));
        prop_assert_eq!(told, format!("postgres://[redacted]@database/{tail}"));
    }

    #[test]
    fn redaction_never_fails_and_twice_is_once(anything in "\\PC{0,200}") {
        let once = text(&anything);
        prop_assert_eq!(text(&once), once);
    }
}

/// Every text of a value, keys included.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(strings).collect::<Vec<_>>().join("\n"),
        Value::Object(object) => {
            let texts = object
                .iter()
                .map(|(key, value)| format!("{key}\n{}", strings(value)));
            texts.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}
