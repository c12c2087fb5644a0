#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::*;

/// A server that counts its requests, and answers each with `{"number":N}`; a watch gets a line every 50 ms.
async fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
                let body = format!("{{\"number\":{number}}}");
                if !String::from_utf8_lossy(&head[..read]).contains("watch=true") {
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                    return;
                }
                let mut next = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
                while stream.write_all(next.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    next = format!("{:x}\r\n{body}\n\r\n", body.len() + 1);
                }
            });
        }
    });
    (url, count)
}

/// What `curl` prints and its exit code.
async fn curl(url: &str, seconds: &str, flags: &[&str]) -> (String, Option<i32>) {
    let output = Command::new("curl")
        .args(["-s", "-m", seconds])
        .args(flags)
        .arg(url)
        .output();
    let output = output.await.unwrap();
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.code(),
    )
}

const JOBS: &str = "/apis/batch/v1/jobs";
/// curl's exit codes: the server gave no answer; the time is over.
const EMPTY_REPLY: Option<i32> = Some(52);
const TIME_IS_OVER: Option<i32> = Some(28);

#[tokio::test]
async fn a_call_is_forwarded_refused_or_done_and_denied() {
    let (url, count) = server().await;
    let proxy = Proxy::of(&url).await;
    let jobs = format!("{}{JOBS}", proxy.url());
    assert_eq!(
        curl(&jobs, "10", &[]).await,
        ("{\"number\":1}".to_owned(), Some(0))
    );

    let answer = Answer::Status {
        code: 429,
        retry_after: Some(7),
    };
    proxy.set(move |_| Act::Instead(answer));
    let (said, _) = curl(&jobs, "10", &["-i"]).await;
    assert!(
        said.starts_with("HTTP/1.1 429") && said.contains("retry-after: 7"),
        "{said}"
    );
    assert!(said.contains("\"reason\":\"TooManyRequests\""), "{said}");
    assert_eq!(count.load(Ordering::Relaxed), 1, "it was forwarded");

    proxy.set(|_| Act::After(Answer::status(504)));
    let (said, _) = curl(&jobs, "10", &[]).await;
    assert!(said.contains("\"code\":504"), "{said}");
    assert_eq!(count.load(Ordering::Relaxed), 2, "it was not forwarded");

    proxy.set(|call| match call.is_write() {
        true => Act::Instead(Answer::Reset),
        false => Act::Forward,
    });
    assert_eq!(curl(&jobs, "10", &["-d", "x"]).await.1, EMPTY_REPLY);
    proxy.behave();
    assert_eq!(curl(&jobs, "10", &["-d", "x"]).await.0, "{\"number\":3}");
    assert_eq!(proxy.count(|call| call.is(Verb::Create, "jobs")), 2);
    assert_eq!((proxy.calls().len(), proxy.faults()), (5, 3));
}

#[tokio::test]
async fn a_call_without_an_answer_is_told_of_before_it_ends() {
    let (url, count) = server().await;
    let proxy = Proxy::of(&url).await;
    proxy.set(|_| Act::After(Answer::Silence));
    let jobs = format!("{}{JOBS}", proxy.url());
    let asked = tokio::spawn(async move { curl(&jobs, "2", &[]).await });
    proxy.until_faults(0).await;
    assert_eq!(count.load(Ordering::Relaxed), 1, "it is not done");
    assert_eq!(asked.await.unwrap(), (String::new(), TIME_IS_OVER));
}

#[tokio::test]
async fn a_late_call_is_done_although_nobody_waits_for_it() {
    let (url, count) = server().await;
    let proxy = Proxy::of(&url).await;
    proxy.set(|_| Act::Late);
    let (_, code) = curl(&format!("{}{JOBS}", proxy.url()), "1", &["-d", "x"]).await;
    assert_eq!((code, count.load(Ordering::Relaxed)), (TIME_IS_OVER, 0));
    proxy.let_late_calls_go();
    crate::eventually(Duration::from_mins(1), "it is done", || async {
        (count.load(Ordering::Relaxed) == 1)
            .then_some(())
            .ok_or("it is not")
    })
    .await;
}

#[tokio::test]
async fn the_last_answer_to_a_list_can_be_given_again() {
    let (url, _) = server().await;
    let proxy = Proxy::of(&url).await;
    let list = || async { curl(&format!("{}{JOBS}", proxy.url()), "10", &[]).await.0 };
    assert_eq!(list().await, "{\"number\":1}");
    assert_eq!(list().await, "{\"number\":2}");
    proxy.set(|_| Act::Instead(Answer::Recorded));
    assert_eq!(list().await, "{\"number\":2}");
    proxy.behave();
    assert_eq!(list().await, "{\"number\":3}");
}

#[tokio::test]
async fn a_watch_can_be_held_and_cut_and_say_nothing() {
    let (url, _) = server().await;
    let proxy = Proxy::of(&url).await;
    let watch = format!("{}{JOBS}?watch=true", proxy.url());
    let (said, code) = curl(&watch, "1", &["-N"]).await;
    assert!(said.lines().count() > 3, "{said}");
    assert_eq!(code, TIME_IS_OVER);

    proxy.hold_watches();
    let held = tokio::spawn({
        let watch = watch.clone();
        async move { curl(&watch, "60", &["-N"]).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.cut_watches();
    assert_eq!(
        held.await.unwrap(),
        (String::new(), Some(0)),
        "it ends in good order, and shows nothing"
    );
    proxy.release_watches();

    proxy.set(|_| Act::Instead(Answer::Quiet));
    assert_eq!(curl(&watch, "1", &["-N"]).await, (String::new(), TIME_IS_OVER));
    proxy.set(|_| Act::Instead(Answer::Expired));
    let (said, code) = curl(&watch, "10", &["-N"]).await;
    assert!(
        said.contains("\"type\":\"ERROR\"") && said.contains("\"code\":410"),
        "{said}"
    );
    assert_eq!(code, Some(0));
}
