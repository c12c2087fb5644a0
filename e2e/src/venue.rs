//! A venue that says what a test tells it to say, or nothing. IO.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What a venue answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// So many events of the year 2099.
    Events(u32),
    /// A body.
    Body(String),
    /// An error.
    Status(u16),
    /// Nothing, until it is told another answer.
    Silence,
}

/// A web site of one page. It ends with this value.
pub struct Venue {
    address: SocketAddr,
    answer: watch::Sender<Answer>,
    requests: Arc<AtomicU64>,
    server: JoinHandle<()>,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Venue {
    /// Starts one at an address of the node.
    ///
    /// # Panics
    /// If nothing can listen there.
    pub async fn start(address: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind((address, 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("no address: {error}"));
        let (answer, answers) = watch::channel(answer);
        let requests = Arc::new(AtomicU64::new(0));
        let server = tokio::spawn(serve(listener, answers, Arc::clone(&requests)));
        Self {
            address,
            answer,
            requests,
            server,
        }
    }

    /// Address of its page.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// Says something else from now on, also to those who wait.
    pub fn say(&self, answer: Answer) {
        self.answer.send_replace(answer);
    }

    /// How often its page was asked for.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, answers: watch::Receiver<Answer>, requests: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(talk(stream, answers.clone(), Arc::clone(&requests)));
    }
}

async fn talk(mut stream: TcpStream, mut answers: watch::Receiver<Answer>, requests: Arc<AtomicU64>) {
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await.unwrap_or_default();
    let is_robots = request[..read].starts_with(b"GET /robots.txt");
    let text = if is_robots {
        response(404, "")
    } else {
        requests.fetch_add(1, Ordering::Relaxed);
        let said = answers.wait_for(|answer| *answer != Answer::Silence).await;
        match said.as_deref() {
            Ok(Answer::Events(number)) => response(200, &events(*number)),
            Ok(Answer::Body(body)) => response(200, body),
            Ok(Answer::Status(status)) => response(*status, ""),
            Ok(Answer::Silence) | Err(_) => return,
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
}

fn events(number: u32) -> String {
    let events = (0..number).map(
        |n| serde_json::json!({ "id": n, "title": format!("Show {n}"), "start": "2099-12-31T20:00:00Z" }),
    );
    events.collect::<serde_json::Value>().to_string()
}

fn response(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
