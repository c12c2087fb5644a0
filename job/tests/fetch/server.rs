//! A server that answers exactly what a test says, byte for byte.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A server on a port of its own, and the requests it got.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers the n-th request with the n-th reply, all later ones with the last, and closes each connection.
    pub async fn scripted<R: Into<Vec<u8>>>(replies: impl IntoIterator<Item = R>) -> Self {
        let replies: Vec<Vec<u8>> = replies.into_iter().map(Into::into).collect();
        Self::custom(move |mut stream, number| {
            let reply = replies[number.min(replies.len() - 1)].clone();
            async move {
                let _ = stream.write_all(&reply).await;
                close(stream).await;
            }
        })
        .await
    }

    /// Answers every request with what `reply` makes of its first line.
    pub async fn routed(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, reply) = (Arc::clone(&requests), Arc::new(reply));
        Self::listen(requests, move |mut stream, _| {
            let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
            async move {
                let request = read_request(&mut stream).await;
                let answer = reply(request.lines().next().unwrap_or_default());
                log.lock().unwrap().push(request);
                let _ = stream.write_all(&answer).await;
                close(stream).await;
            }
        })
        .await
    }

    /// Reads a request, then leaves the connection to `answer`, with the number of the request from 0.
    pub async fn custom<A, F>(answer: A) -> Self
    where
        A: Fn(TcpStream, usize) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
        Self::listen(requests, move |mut stream, number| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let request = read_request(&mut stream).await;
                log.lock().unwrap().push(request);
                answer(stream, number).await;
            }
        })
        .await
    }

    /// Accepts connections and never reads from or writes to them.
    pub async fn silent() -> Self {
        Self::listen(Arc::default(), |stream, _| async move {
            tokio::time::sleep(Duration::from_mins(1)).await;
            drop(stream);
        })
        .await
    }

    async fn listen<A, F>(requests: Arc<Mutex<Vec<String>>>, serve: A) -> Self
    where
        A: Fn(TcpStream, usize) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                tokio::spawn(serve(stream, number));
            }
        });
        Self { port, requests, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Heads and bodies of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Paths of the requests so far.
    pub fn paths(&self) -> Vec<String> {
        let path = |request: &String| request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests().iter().map(path).collect()
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(|n| n.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Ends the answer, so that unread bytes do not reset the connection.
pub async fn close(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut [0; 16])).await;
}

/// An answer with a body and its length.
pub fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A 200 with a text body.
pub fn ok(body: &str) -> Vec<u8> {
    reply("200 OK", "Content-Type: text/html\r\n", body)
}
