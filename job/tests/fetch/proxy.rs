//! Fetching through a proxy: a real one on loopback, as small as a proxy can be.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use url::Url;

use super::*;

/// Answers every request itself, and keeps the first lines of them.
async fn proxy() -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let line = head.lines().next().unwrap_or_default().to_owned();
            lines.lock().unwrap().push(line);
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url.parse().unwrap(), seen)
}

fn through(proxy: &Url) -> FetchSettings {
    FetchSettings {
        proxy: Some(proxy.clone()),
        ..FetchSettings::default()
    }
}

async fn fetched(url: &str, proxy: &Url) -> Result<Fetched, FetchError> {
    fetcher_with(&once(url), &through(proxy))?.first(None).await
}

#[tokio::test]
async fn a_proxy_gets_the_whole_address_and_may_itself_be_anywhere() {
    let (proxy, seen) = proxy().await;
    // Only the proxy knows this name (RFC 6761, `.invalid`).
    let page = page(fetched("http://venue.invalid/events", &proxy).await);
    assert_eq!(page.document.body, b"hello");
    assert_eq!(
        *seen.lock().unwrap(),
        ["GET http://venue.invalid/events HTTP/1.1"]
    );
}

#[tokio::test]
async fn a_proxy_is_asked_for_no_address_that_is_known_to_be_forbidden() {
    let (proxy, seen) = proxy().await;
    let own = format!("{proxy}metrics");
    for url in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://localhost/",
        "http://pushgateway.monitoring.svc/",
        own.as_str(),
    ] {
        let error = fetched(url, &proxy).await.unwrap_err();
        assert!(
            matches!(error, FetchError::AddressForbidden { .. }),
            "{url}: {error}"
        );
    }
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
}
