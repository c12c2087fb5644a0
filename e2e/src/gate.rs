//! A door in front of a server: closed, the server is away, and what it holds stays. IO.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A door in front of a server. It is closed at the end of its life.
pub struct Gate {
    address: SocketAddr,
    target: String,
    open: Option<JoinHandle<()>>,
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
impl Gate {
    /// An open door at `address` to the server at `target` (`host:port`).
    ///
    /// # Panics
    /// If nothing can listen there.
    pub async fn open_to(address: &str, target: &str) -> Self {
        let listener = listen((address, 0)).await;
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| panic!("no address: {error}"));
        let open = tokio::spawn(forward(listener, target.to_owned()));
        Self {
            address,
            target: target.to_owned(),
            open: Some(open),
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes it: connections end, and new ones are refused.
    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = open.await;
        }
    }

    /// Opens it again.
    ///
    /// # Panics
    /// If its port was taken meanwhile.
    pub async fn open(&mut self) {
        self.close().await;
        let listener = listen(self.address).await;
        self.open = Some(tokio::spawn(forward(listener, self.target.clone())));
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}

#[allow(clippy::panic, reason = "a test ends with a panic")]
async fn listen(address: impl tokio::net::ToSocketAddrs + std::fmt::Debug) -> TcpListener {
    let place = format!("{address:?}");
    let listener = TcpListener::bind(address).await;
    listener.unwrap_or_else(|error| panic!("cannot listen at {place}: {error}"))
}

/// The connections end with the task that serves them.
async fn forward(listener: TcpListener, target: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let target = target.clone();
        connections.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(target).await {
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
