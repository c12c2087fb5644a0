//! Round trips to PostgreSQL, counted on the wire.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use sms_job::store::Store;
use sms_proof::{Group, record};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    bench::{Run, event},
    server,
};

/// Who spoke last, and how often the turn went from the server to the client.
#[derive(Default)]
struct Turns {
    client_spoke: AtomicBool,
    taken: AtomicUsize,
}

/// Passes on what one side says.
async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_client: bool, turns: Arc<Turns>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let client_spoke = turns.client_spoke.swap(is_client, Ordering::SeqCst);
        if is_client && !client_spoke {
            turns.taken.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// A relay before a server; gives its port.
async fn relay_to(server: u16, turns: Arc<Turns>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (from_client, to_client) = client.into_split();
            let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(relay(from_client, to_server, true, turns.clone()));
            tokio::spawn(relay(from_server, to_client, false, turns.clone()));
        }
    });
    port
}

/// Round trips of the commits of a first, an unchanged and a changed run.
async fn round_trips(count: usize) -> Option<[usize; 3]> {
    let database = server::server()?.fresh_database().await;
    // Over TCP, and in the clear, so that whose turn it is can be seen.
    let address = database.tcp_url("127.0.0.1", server::PASSWORD);
    let mut url: url::Url = address.unwrap_or_else(|| database.url()).parse().unwrap();
    url.set_query(Some("sslmode=disable"));
    let turns = Arc::<Turns>::default();
    let port = relay_to(url.port().unwrap(), turns.clone()).await;
    url.set_port(Some(port)).unwrap();
    let store = Store::open(&url.as_str().parse().unwrap()).await.unwrap();
    let mut events: Vec<_> = (0..count).map(|n| event(&n.to_string(), 11)).collect();
    let mut trips = [0; 3];
    for (number, trips) in (0_i8..).zip(&mut trips) {
        if number == 2 {
            for event in &mut events {
                event.content_hash.push('!');
            }
        }
        let run = Run::new(number, &events);
        let lease = run.lease(&store).await;
        let before = turns.taken.load(Ordering::SeqCst);
        run.try_commit(&store, &lease).await.unwrap();
        *trips = turns.taken.load(Ordering::SeqCst) - before;
        store.release_lease(lease).await.unwrap();
    }
    Some(trips)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn round_trips_grow_with_statements_of_thousands_and_never_with_the_event() {
    let (Some(few), Some(many)) = (round_trips(100).await, round_trips(10_000).await) else {
        return;
    };
    // Five statements of 2,000 rows in place of one, two round trips each.
    let more = many[0].saturating_sub(few[0]);
    let met = record(
        Group::Work,
        "round trips to PostgreSQL for 10 000 events",
        format!("{} (100 events: {})", many[0], few[0]),
        "at most 8 more than for 100 events",
        more <= 8 && many[1] == few[1] && many[2].saturating_sub(few[2]) <= 8,
    );
    assert!(
        met,
        "first, unchanged, changed: {few:?} of 100, {many:?} of 10,000"
    );
}
