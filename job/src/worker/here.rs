//! Extraction in this process, for pages that are read in bounded time and memory. IO: a thread, and the panic hook.
//!
//! Whatever goes wrong here is left to the worker process, which meets it once more behind its limits and has the words
//! for it. A panic ends a release build at once, and with it the report of the run; so the hook of such a thread lets go
//! of it instead, and the thread rests until the process ends.

use std::{
    cell::Cell,
    sync::{Arc, Once},
    thread,
};

use jiff::Timestamp;
use sms_crds::ScrapeSource;
use tokio::sync::oneshot;

use super::limits;
use crate::{
    document::Document,
    extract::{
        bounded::is_bounded,
        plan::Plan,
        session::{Extraction, Session},
    },
};

thread_local! {
    /// Where this thread's result goes; set in an extraction thread alone.
    static RESULT: Cell<Option<oneshot::Sender<Option<Extraction>>>> = const { Cell::new(None) };
}

/// Reads `document` as the only page of `source`, where that is bounded and goes well; else `None`.
pub async fn read(
    source: &Arc<ScrapeSource>,
    now: Timestamp,
    document: &Arc<Document>,
) -> Option<Extraction> {
    if !is_bounded(source, document) {
        return None;
    }
    tracing::debug!(bytes = document.body.len(), "page is parsed");
    let deadline = limits::deadline(document.body.len());
    let (source, document) = (Arc::clone(source), Arc::clone(document));
    let result = in_thread(move || {
        let plan = Plan::compile(&source, now).ok()?;
        let mut session = Session::new(plan, false);
        session.page(&document).ok()?;
        drop(document);
        Some(session.part(usize::MAX))
    });
    tokio::time::timeout(deadline, result?).await.ok()?.ok()?
}

/// Starts `work` in a thread with the worker's stack. The result never comes if it panics.
fn in_thread(
    work: impl FnOnce() -> Option<Extraction> + Send + 'static,
) -> Option<oneshot::Receiver<Option<Extraction>>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| match RESULT.take() {
            None => before(panic),
            Some(result) => {
                drop(result);
                loop {
                    thread::park();
                }
            }
        }));
    });
    let (sender, receiver) = oneshot::channel();
    let body = move || {
        RESULT.set(Some(sender));
        let extraction = work();
        if let Some(sender) = RESULT.take() {
            // Nobody waits for it any more: the run is at its end.
            let _ = sender.send(extraction);
        }
    };
    let thread = thread::Builder::new().stack_size(limits::STACK_BYTES);
    thread.spawn(body).ok().map(|_| receiver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn source(items: &str) -> Arc<ScrapeSource> {
        let source = json!({
            "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": { "name": "club" },
            "spec": { "fetch": { "url": "https://club.example" }, "extract": { "json": { "items": items } } },
        });
        Arc::new(serde_json::from_value(source).unwrap())
    }

    async fn read_body(items: &str, body: &str) -> Option<Extraction> {
        let document = Document {
            url: "https://club.example".to_owned(),
            body: body.into(),
            ..Document::default()
        };
        read(
            &source(items),
            "2026-05-01T00:00:00Z".parse().unwrap(),
            &Arc::new(document),
        )
        .await
    }

    #[tokio::test]
    async fn a_bounded_page_is_read() {
        let body = r#"{"events": [{"title": "A", "start": "2026-05-10"}, {"title": "B"}]}"#;
        let extraction = read_body(".events[]", body).await.unwrap();
        assert_eq!(
            (
                extraction.found,
                extraction.events.len(),
                extraction.rejected.len()
            ),
            (2, 1, 1)
        );
    }

    #[tokio::test]
    async fn what_is_not_bounded_or_not_right_is_left_to_the_worker() {
        assert_eq!(read_body(".events[] | .", r#"{"events": []}"#).await, None);
        assert_eq!(read_body(".events[]", r#"{"events": ["#).await, None);
        assert_eq!(read_body(".events[]", r#"{"events": 5}"#).await, None);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read_body(".", &deep).await, None);
    }

    /// Part of the test below, in a process that ends before the test harness asks for the hook, which is never given
    /// back.
    #[test]
    #[ignore = "ends the process"]
    fn inner() {
        let receiver = in_thread(|| panic!("in the thread"));
        let is_told = receiver.is_some_and(|receiver| receiver.blocking_recv().is_err());
        let is_elsewhere_as_before = std::panic::catch_unwind(|| panic!("elsewhere")).is_err();
        std::process::exit(i32::from(!(is_told && is_elsewhere_as_before)));
    }

    #[test]
    fn a_panic_ends_the_wait_and_not_the_process() {
        let arguments = [
            "--ignored",
            "--exact",
            "--nocapture",
            "worker::here::tests::inner",
        ];
        let program = std::env::current_exe().unwrap();
        let ended = std::process::Command::new(program)
            .args(arguments)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{words}");
        assert!(
            words.contains("elsewhere") && !words.contains("in the thread"),
            "{words}"
        );
    }
}
