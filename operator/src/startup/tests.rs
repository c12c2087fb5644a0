//! The look for the CRD, against an API server in memory and on tokio's paused clock.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use kube::client::Body;
use tokio::time::Instant;

use super::*;

const EMPTY: &str =
    r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[]}"#;

/// Answers with each of `codes` in turn and then for ever with the last; 0 is a connection that breaks.
fn client(codes: &[u16]) -> (Client, Arc<Mutex<Vec<String>>>) {
    let codes = Arc::new(Mutex::new(VecDeque::from(codes.to_vec())));
    let paths = Arc::new(Mutex::new(Vec::new()));
    let seen = paths.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        seen.lock().unwrap().push(request.uri().to_string());
        let mut codes = codes.lock().unwrap();
        let code = if codes.len() > 1 {
            codes.pop_front()
        } else {
            codes.front().copied()
        };
        async move {
            match code.unwrap() {
                0 => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                200 => Ok(Response::new(Full::<Bytes>::from(EMPTY))),
                code => {
                    let text = format!(
                        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"x","code":{code}}}"#
                    );
                    Ok(Response::builder().status(code).body(text.into()).unwrap())
                }
            }
        }
    });
    (Client::new(service, "default"), paths)
}

async fn wait(codes: &[u16], namespace: Option<&str>) -> (Vec<String>, usize, Duration) {
    let (client, paths) = client(codes);
    let told = Mutex::new(Vec::new());
    let started = Instant::now();
    wait_for_crd(&client, namespace, |obstacle| {
        told.lock().unwrap().push(obstacle.to_string());
    })
    .await;
    let requests = paths.lock().unwrap().len();
    (told.into_inner().unwrap(), requests, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn where_the_crd_is_there_nothing_is_told() {
    assert_eq!(wait(&[200], None).await.0, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_missing_crd_is_told_once_with_the_command_that_installs_it() {
    let (told, requests, took) = wait(&[404, 404, 404, 404, 200], None).await;
    assert_eq!(
        told,
        [
            "CRD scrapesources.sms-scraper.dev is not installed: run `sms_operator crd | kubectl apply --server-side -f -`"
        ]
    );
    assert_eq!((requests, took.as_secs()), (5, 20));
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named_with_its_place() {
    let (told, ..) = wait(&[403, 200], None).await;
    assert!(
        told[0].contains("allow list and watch on scrapesources.sms-scraper.dev in every namespace"),
        "{told:?}"
    );
    assert!(
        told[0].contains("--watch-namespace (SMS_WATCH_NAMESPACE)"),
        "{told:?}"
    );
    let (told, ..) = wait(&[403, 200], Some("music")).await;
    assert!(
        told[0].ends_with("scrapesources.sms-scraper.dev in namespace music"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_new_obstacle_is_told() {
    let (told, ..) = wait(&[0, 0, 403, 403, 404, 200], None).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("the API server does not answer as it should: "),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_asked_less_and_less() {
    let (client, paths) = client(&[0]);
    let limit = Duration::from_mins(10);
    assert!(
        tokio::time::timeout(limit, wait_for_crd(&client, None, |_| {}))
            .await
            .is_err()
    );
    let requests = paths.lock().unwrap().len();
    assert!(
        (20..=35).contains(&requests),
        "{requests} requests in ten minutes"
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_namespace_that_is_watched_is_read() {
    let (client, paths) = client(&[200]);
    wait_for_crd(&client, Some("music"), |_| {}).await;
    let path = paths.lock().unwrap()[0].clone();
    assert!(
        path.starts_with("/apis/sms-scraper.dev/v1alpha1/namespaces/music/scrapesources?"),
        "{path}"
    );
    assert!(path.contains("limit=1"), "{path}");
}
