//! Servers that refuse, delay, redirect or drip, and what a push then does and says.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sms_job::push::{PushError, PushMethod, PushSettings, push};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use wiremock::matchers::{any, basic_auth, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::BODY;
use crate::services::free_port;

async fn answering(response: ResponseTemplate) -> (MockServer, PushSettings) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    let settings = PushSettings::new(&server.uri())
        .unwrap()
        .with_basic("sms", "hunter2");
    (server, settings)
}

async fn tries(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn an_error_that_may_pass_is_tried_three_times_and_another_once() {
    for (status, wanted) in [
        (500, 3),
        (503, 3),
        (429, 3),
        (400, 1),
        (401, 1),
        (404, 1),
        (301, 1),
    ] {
        let (server, settings) = answering(ResponseTemplate::new(status).set_body_string("no\n\tway ")).await;
        let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
        assert!(
            matches!(&error, PushError::Refused { status: seen, .. } if seen.as_u16() == status),
            "{error}"
        );
        assert_eq!(error.to_string().contains("no way"), status != 301, "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(tries(&server).await, wanted, "{status}");
    }
}

#[tokio::test]
async fn a_gateway_that_comes_back_gets_the_push() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    push(
        &PushSettings::new(&server.uri()).unwrap(),
        PushMethod::Post,
        "a",
        BODY,
    )
    .await
    .unwrap();
    assert_eq!(tries(&server).await, 3);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let (_server, settings) =
        answering(ResponseTemplate::new(400).set_body_string("x".repeat(3_000_000))).await;
    let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(error.to_string().len() < 500, "{}", error.to_string().len());
}

#[tokio::test]
async fn a_slow_gateway_is_given_up_in_time() {
    let (server, settings) = answering(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    // Long enough for a busy machine to get each try to the gateway.
    let settings = settings.with_timeout(Duration::from_secs(2));
    let started = Instant::now();
    let error = push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    assert!(matches!(error, PushError::TimedOut { .. }), "{error}");
    // Far from the minute that one answer takes.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    assert!(tries(&server).await >= 2);
}

#[tokio::test]
async fn a_gateway_that_drips_an_endless_answer_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream
                    .write_all(b"HTTP/1.1 500 X\r\nContent-Length: 9999\r\n\r\n")
                    .await;
                while stream.write_all(b".").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let settings = PushSettings::new(&format!("http://{address}"))
        .unwrap()
        .with_timeout(Duration::from_millis(200));
    let started = Instant::now();
    push(&settings, PushMethod::Put, "a", BODY).await.unwrap_err();
    // The whole answer would take three minutes.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    server.abort();
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_an_error_that_says_why() {
    let address = format!("http://user:hunter2@127.0.0.1:{}", free_port());
    let started = Instant::now();
    let error = push(&PushSettings::new(&address).unwrap(), PushMethod::Put, "a", BODY)
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("onnection refused") && text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn credentials_are_sent() {
    let server = MockServer::start().await;
    let group = "/metrics/job/sms_scraper/instance/a";
    let basic = Mock::given(method("PUT"))
        .and(path(group))
        .and(basic_auth("sms", "hunter2"));
    basic
        .respond_with(ResponseTemplate::new(202))
        .expect(1)
        .mount(&server)
        .await;
    let bearer = Mock::given(method("POST"))
        .and(path(group))
        .and(header("authorization", "Bearer t0ken"));
    bearer
        .respond_with(ResponseTemplate::new(202))
        .expect(1)
        .mount(&server)
        .await;

    let settings = PushSettings::new(&server.uri()).unwrap();
    push(&settings.with_basic("sms", "hunter2"), PushMethod::Put, "a", BODY)
        .await
        .unwrap();
    let settings = PushSettings::new(&server.uri()).unwrap();
    push(&settings.with_bearer("t0ken"), PushMethod::Post, "a", BODY)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_credentials_do_not_follow_a_redirect() {
    let (other, _) = answering(ResponseTemplate::new(200)).await;
    let redirect = ResponseTemplate::new(308).insert_header("location", other.uri());
    let (_server, settings) = answering(redirect).await;
    let error = push(&settings, PushMethod::Put, "a", BODY)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("308") && error.contains("redirects are not followed"),
        "{error}"
    );
    assert_eq!(tries(&other).await, 0);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_push_that_worked_is_in_the_log_in_the_words_of_the_handbook() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (_server, settings) = answering(ResponseTemplate::new(200)).await;
    push(&settings, PushMethod::Put, "blue_moon", BODY).await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("Pushed metrics to Pushgateway for api=blue_moon\n"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}
