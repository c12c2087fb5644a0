//! A server that repeats whatever it was told, in every way that servers do, and fails in every way. IO.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::canary::{CANARY, IN_AUTHORITY, USER};

/// A server; what it got is kept as it was sent.
pub struct Parrot {
    server: MockServer,
    got: Arc<Mutex<Vec<String>>>,
}

struct Repeat {
    got: Arc<Mutex<Vec<String>>>,
    elsewhere: String,
}

impl Parrot {
    /// A server whose redirects lead `elsewhere`.
    pub async fn start(elsewhere: &str) -> Self {
        let server = MockServer::start().await;
        let got = Arc::<Mutex<Vec<String>>>::default();
        let repeat = Repeat {
            got: Arc::clone(&got),
            elsewhere: elsewhere.to_owned(),
        };
        Mock::given(any()).respond_with(repeat).mount(&server).await;
        Self { server, got }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Everything that it was sent.
    pub fn got(&self) -> String {
        self.got.lock().unwrap().join("\n")
    }
}

/// What it repeats: a user with a password only if it was told.
fn squawk(knows_user: bool) -> String {
    let html = CANARY.replace('&', "&amp;");
    let lower = IN_AUTHORITY.to_ascii_lowercase();
    let base64 = BASE64_STANDARD.encode(CANARY);
    let pair = match knows_user {
        true => BASE64_STANDARD.encode(format!("{USER}:{CANARY}")),
        false => String::new(),
    };
    format!("you sent {CANARY} {IN_AUTHORITY} {lower} {html} {pair} {base64}")
}

impl Respond for Repeat {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let knows_user = headers.iter().any(|header| header.contains("Basic "));
        self.got.lock().unwrap().push(format!(
            "{} {}\n{}",
            request.method,
            request.url,
            headers.join("\n")
        ));
        // A Pushgateway is asked below the path of its address.
        let path = request.url.path().split("/metrics/").next().unwrap_or_default();
        let answer = |status| {
            ResponseTemplate::new(status)
                .insert_header("ETag", format!("\"{CANARY}\"").as_str())
                .insert_header("Last-Modified", CANARY)
                .insert_header("X-Echo", CANARY)
        };
        let status = path
            .strip_prefix("/status/")
            .and_then(|status| status.parse().ok());
        if let Some(status) = status {
            // So long that a message that is cut is cut inside it.
            return answer(status).set_body_string(format!(
                "{}{}",
                squawk(knows_user),
                format!("-{CANARY}").repeat(40)
            ));
        }
        match path {
            "/robots.txt" => answer(404).set_body_string(squawk(knows_user)),
            "/redirect" => answer(302).insert_header("Location", format!("{}/ok", self.elsewhere).as_str()),
            "/redirect-with-it" => {
                let target = format!("{}/ok?stolen={IN_AUTHORITY}", self.elsewhere);
                answer(302).insert_header("Location", target.as_str())
            }
            "/redirect-nowhere" => {
                answer(302).insert_header("Location", format!("gopher://{IN_AUTHORITY}/").as_str())
            }
            "/no-json" => answer(200).set_body_raw(
                format!("{{\"events\": [ {}", squawk(knows_user)),
                "application/json",
            ),
            "/wrong-shape" => answer(200).set_body_json(json!({ "events": { CANARY: squawk(knows_user) } })),
            "/slow" => answer(200).set_delay(Duration::from_mins(1)),
            "/next" if !request.url.query().unwrap_or_default().contains("page=2") => {
                let mut page = events(knows_user);
                page["next"] = json!(format!("/next?key={IN_AUTHORITY}&page=2"));
                answer(200).set_body_json(page)
            }
            "/next" => answer(500).set_body_string(squawk(knows_user)),
            _ => answer(200).set_body_json(events(knows_user)),
        }
    }
}

/// Events that are full of it.
fn events(knows_user: bool) -> serde_json::Value {
    json!({ "note": squawk(knows_user), "next": null, "events": [
        { "id": CANARY, "title": format!("Band {}", squawk(knows_user)), "start": "2099-05-01T20:00:00",
          "url": format!("https://venue.example/e/1?key={IN_AUTHORITY}&{IN_AUTHORITY}=1#{CANARY}"), "description": squawk(knows_user) },
        { "id": 2, "title": "Band 2", "start": format!("no date but {CANARY}"), "url": CANARY },
        { "id": 3, "title": "Band 3", "start": "2099-05-03T20:00:00", "url": "https://venue.example/e/3" },
    ]})
}
