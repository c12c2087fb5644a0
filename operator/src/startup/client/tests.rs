//! The client over an API server in memory, on tokio's paused clock.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use http_body_util::{Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, PostParams, WatchEvent, WatchParams},
};
use tokio::time::sleep;

use super::*;

type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// A client of a server that answers each request with what `answer` makes, and two counters: requests and answers.
fn client<F>(answer: impl Fn() -> F + Send + 'static) -> (Api<ConfigMap>, Arc<AtomicUsize>, Arc<AtomicUsize>)
where
    F: Future<Output = Response<Answer>> + Send + 'static,
{
    client_with(Permit::unlimited(), answer)
}

/// As [`client`], of a replica that writes as long as `permit` holds.
fn client_with<F>(
    permit: Permit,
    answer: impl Fn() -> F + Send + 'static,
) -> (Api<ConfigMap>, Arc<AtomicUsize>, Arc<AtomicUsize>)
where
    F: Future<Output = Response<Answer>> + Send + 'static,
{
    let (requests, answers) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted_requests, counted_answers) = (requests.clone(), answers.clone());
    let service = service_fn(move |_: Request<Body>| {
        counted_requests.fetch_add(1, Ordering::SeqCst);
        let answer = answer();
        async { Ok::<_, Infallible>(answer.await) }
    });
    let on_answer = move || {
        counted_answers.fetch_add(1, Ordering::SeqCst);
    };
    let plain = Client::new(service, "default");
    let client = with_limits(plain, "default".to_owned(), permit, on_answer).unwrap();
    (Api::default_namespaced(client), requests, answers)
}

fn status(code: StatusCode) -> Response<Answer> {
    let text = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"no","code":{}}}"#,
        code.as_u16()
    );
    let mut response = Response::new(Full::from(text).boxed_unsync());
    *response.status_mut() = code;
    response
}

/// A body of which a part comes at once and the rest after `pause`.
fn slow(parts: [&'static str; 2], pause: Duration) -> Response<Answer> {
    let [first, rest] = parts.map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from(part))));
    let rest = stream::once(async move {
        sleep(pause).await;
        rest
    });
    Response::new(StreamBody::new(stream::iter([first]).chain(rest.boxed())).boxed_unsync())
}

async fn list(api: &Api<ConfigMap>) -> Result<Duration, String> {
    let started = Instant::now();
    match api.list(&ListParams::default()).await {
        Ok(_) => Ok(started.elapsed()),
        Err(error) => Err(format!("{} after {:?}", in_words(&error), started.elapsed())),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_after_half_a_minute() {
    let (api, requests, answers) = client(std::future::pending);
    let error = list(&api).await.unwrap_err();
    assert!(
        error.contains("did not answer within 30s after 30.")
            || error.contains("did not answer within 30s after 30s"),
        "{error}"
    );
    assert_eq!(
        (requests.load(Ordering::SeqCst), answers.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stops_in_the_middle_counts_as_none() {
    let (api, ..) = client(async || slow(["{\"kind\":", "1}"], Duration::from_mins(10)));
    let error = list(&api).await.unwrap_err();
    assert!(error.contains("did not answer within 30s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_may_be_silent_for_longer_than_a_call() {
    let event = "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}}\n";
    let (api, _, answers) = client(move || async move { slow(["", event], Duration::from_mins(4)) });
    let events = api.watch(&WatchParams::default(), "0").await.unwrap();
    let mut events = events.boxed();
    assert!(matches!(
        events.try_next().await.unwrap(),
        Some(WatchEvent::Added(_))
    ));
    assert_eq!(answers.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_api_server_is_asked_three_times_at_most_and_a_refusal_is_final() {
    for (code, wanted) in [
        (StatusCode::TOO_MANY_REQUESTS, 3),
        (StatusCode::SERVICE_UNAVAILABLE, 3),
        (StatusCode::INTERNAL_SERVER_ERROR, 1),
        (StatusCode::FORBIDDEN, 1),
        (StatusCode::CONFLICT, 1),
    ] {
        let (api, requests, answers) = client(move || async move { status(code) });
        let error = list(&api).await.unwrap_err();
        assert!(
            error.starts_with(&format!("no (status {})", code.as_u16())),
            "{error}"
        );
        assert_eq!(requests.load(Ordering::SeqCst), wanted, "{code}");
        assert_eq!(answers.load(Ordering::SeqCst), 1, "a refusal is an answer");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_asks_for_a_pause_gets_it_between_calls_as_well() {
    for (seconds, wanted) in [("5", 15), ("x", 1), ("20", 30)] {
        let (api, ..) = client(move || async move {
            let mut answer = status(StatusCode::TOO_MANY_REQUESTS);
            answer.headers_mut().insert(RETRY_AFTER, seconds.parse().unwrap());
            answer
        });
        let started = Instant::now();
        list(&api).await.unwrap_err();
        let took = started.elapsed();
        let wanted = Duration::from_secs(wanted);
        // Pauses that nobody asked for vary: a half to one and a half second, then twice that.
        assert!(
            took >= wanted && took < wanted + Duration::from_secs(4),
            "{seconds}: {took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_whose_time_is_over_reads_and_does_not_write() {
    let permit = Permit::withheld();
    let (api, requests, _) = client_with(permit.clone(), || async {
        Response::new(Full::from("{\"metadata\":{\"name\":\"a\"}}").boxed_unsync())
    });
    let write = async || api.create(&PostParams::default(), &ConfigMap::default()).await;
    permit.grant(Instant::now() + Duration::from_secs(10));
    write().await.unwrap();
    sleep(Duration::from_secs(10)).await;
    let error = write().await.unwrap_err();
    assert!(
        matches!(&error, kube::Error::Service(error) if error.is::<NotLeading>()),
        "{error:?}"
    );
    api.get("a").await.unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_not_tried_again_when_the_time_of_its_replica_is_over() {
    let permit = Permit::withheld();
    let (api, requests, _) = client_with(permit.clone(), || async {
        status(StatusCode::SERVICE_UNAVAILABLE)
    });
    permit.grant(Instant::now() + Duration::from_millis(1));
    let error = api
        .create(&PostParams::default(), &ConfigMap::default())
        .await
        .unwrap_err();
    assert!(matches!(error, kube::Error::Service(_)), "{error:?}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}
