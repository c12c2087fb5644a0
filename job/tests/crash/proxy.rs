//! A TCP proxy in front of PostgreSQL that fails at the worst moment. Reads the clients' messages only as far as to know the
//! commit of a run. IO.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Cut once when the client asks to commit a run: the server never hears of it.
    BeforeCommit,
    /// Cut once when the server has committed a run: the client never hears of it.
    AfterCommit,
    /// Both of these, one after the other.
    BeforeThenAfter,
    /// Each answer comes that late.
    Late(Duration),
    /// Cut when the client asks to commit a run, and nothing answers any more.
    Gone,
}

pub struct Proxy {
    pub port: u16,
    fault: Arc<Mutex<Fault>>,
}

impl Proxy {
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault = Arc::new(Mutex::new(Fault::None));
        let shared = Arc::clone(&fault);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Self { port, fault }
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Whether what was set has happened.
    pub fn has_struck(&self) -> bool {
        matches!(*self.fault.lock().unwrap(), Fault::None | Fault::Late(_))
    }
}

/// Passes one connection on. Everything is dropped, and so closed, at the first fault.
async fn pass(mut client: TcpStream, server: u16, shared: Arc<Mutex<Fault>>) {
    let fault = || *shared.lock().unwrap();
    let set = |fault| *shared.lock().unwrap() = fault;
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut stores_run = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(1..) = read else { return };
                let bytes = &asked[..read.unwrap_or_default()];
                stores_run |= holds(bytes, b"INSERT INTO sms_runs");
                let commits = stores_run && holds(bytes, b"COMMIT");
                match fault() {
                    Fault::BeforeCommit if commits => return set(Fault::None),
                    Fault::BeforeThenAfter if commits => return set(Fault::AfterCommit),
                    Fault::Gone if commits => return sleep(Duration::from_mins(10)).await,
                    _ => {}
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                if commits && fault() == Fault::AfterCommit {
                    // Whatever the server says to it, it has done.
                    let _ = server.read(&mut answered).await;
                    return set(Fault::None);
                }
            }
            read = server.read(&mut answered) => {
                let Ok(1..) = read else { return };
                if let Fault::Late(time) = fault() {
                    sleep(time).await;
                }
                if client.write_all(&answered[..read.unwrap_or_default()]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
