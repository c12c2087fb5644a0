//! A venue whose page changes when the test says so, and a Pushgateway that counts, on one loopback port. IO.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{path, path_regex},
};

/// Events of one page: enough that storing them is a part of the run that a kill can hit.
const EVENTS: u32 = 200;

/// A running venue.
pub struct Venue {
    server: MockServer,
    page: Arc<Page>,
}

/// A Pushgateway of one place.
pub struct Gateway {
    /// Its address.
    pub url: String,
    pushes: Arc<AtomicUsize>,
}

struct Page {
    version: AtomicU32,
    served: AtomicU32,
    turns: AtomicBool,
    delay: Mutex<Duration>,
}

struct Shown(Arc<Page>);

struct Count(Arc<AtomicUsize>);

impl Respond for Shown {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let page = &self.0;
        page.served.fetch_add(1, SeqCst);
        let version = match page.turns.load(SeqCst) {
            true => page.version.fetch_add(1, SeqCst),
            false => page.version.load(SeqCst),
        };
        ResponseTemplate::new(200)
            .set_body_json(events(version))
            .set_delay(*page.delay.lock().unwrap())
    }
}

impl Respond for Count {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.fetch_add(1, SeqCst);
        // So that a kill after the commit is not a matter of luck.
        ResponseTemplate::new(200).set_delay(Duration::from_millis(30))
    }
}

impl Venue {
    pub async fn start() -> Self {
        let server = MockServer::builder().disable_request_recording().start().await;
        let page = Arc::new(Page {
            version: AtomicU32::new(0),
            served: AtomicU32::new(0),
            turns: AtomicBool::new(false),
            delay: Mutex::new(Duration::from_millis(5)),
        });
        let shown = Mock::given(path("/events")).respond_with(Shown(Arc::clone(&page)));
        shown.mount(&server).await;
        Self { server, page }
    }

    /// A Pushgateway below a path of its own.
    pub async fn gateway(&self, name: &str) -> Gateway {
        let pushes = Arc::default();
        Mock::given(path_regex(format!("^/{name}/metrics/")))
            .respond_with(Count(Arc::clone(&pushes)))
            .mount(&self.server)
            .await;
        Gateway {
            url: format!("{}/{name}", self.url()),
            pushes,
        }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// From now on the page is this one.
    pub fn show(&self, version: u32) {
        self.page.version.store(version, SeqCst);
    }

    /// From now on each request sees the next page.
    pub fn turn_pages(&self) {
        self.page.turns.store(true, SeqCst);
    }

    /// How many pages were asked for.
    pub fn served(&self) -> u32 {
        self.page.served.load(SeqCst)
    }

    /// From now on a page takes that long.
    pub fn delay(&self, delay: Duration) {
        *self.page.delay.lock().unwrap() = delay;
    }

    /// The YAML below `spec:` of a source that reads the page.
    pub fn spec(&self) -> String {
        format!(
            "  timeZone: America/Los_Angeles\n  fetch: {{ url: \"{}/events\", robots: ignore, delay: 1ms, attempts: 1 }}\n  extract: {{ json: {{ items: '.events' }} }}",
            self.url()
        )
    }
}

impl Gateway {
    /// Pushes that came.
    pub fn pushes(&self) -> usize {
        self.pushes.load(SeqCst)
    }
}

/// From one version to the next ten events leave the page, ten are new, and every seventh of the others has another title.
/// The dates lie in the future whenever the test runs.
fn events(version: u32) -> Value {
    let events: Vec<_> = (version * 10..version * 10 + EVENTS)
        .map(|id| {
            let moved = if (id + version).is_multiple_of(7) {
                version
            } else {
                0
            };
            json!({
                "id": id,
                "title": format!("Band {id}, change {moved}"),
                "start": format!("2099-{:02}-{:02}T20:00:00", id / 28 % 12 + 1, id % 28 + 1),
                "url": format!("https://venue.example/e/{id}"),
            })
        })
        .collect();
    json!({ "version": version, "events": events })
}
