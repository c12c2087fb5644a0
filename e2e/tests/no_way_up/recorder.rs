//! A venue that keeps what it was asked. IO.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// A web site of one event, which keeps the requests as they came. It ends with this value.
pub struct Recorder {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

const EVENTS: &str = r#"[{ "title": "The last dance", "start": "2099-12-31T20:00:00Z" }]"#;

impl Recorder {
    /// Starts one at an address of the node. With `redirect` it sends everybody there.
    pub async fn start(address: &str, redirect: Option<String>) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&requests), redirect));
        Self {
            address,
            requests,
            server,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// What it was asked, `robots.txt` included.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, requests: Arc<Mutex<Vec<String>>>, redirect: Option<String>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 8192];
        let read = stream.read(&mut request).await.unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let (status, location, body) = match &redirect {
            _ if request.starts_with("GET /robots.txt") => ("404 Not Found", String::new(), ""),
            Some(target) => ("302 Found", format!("Location: {target}\r\n"), ""),
            None => ("200 OK", String::new(), EVENTS),
        };
        requests.lock().unwrap().push(request);
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
