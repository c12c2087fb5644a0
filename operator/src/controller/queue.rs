//! Which source gets a pass next: one pass at a time for each, and a delayed one where it asked for that. Waits, and does
//! nothing else.
//!
//! kube's `Controller` sends every request through a timer, which has a resolution of a millisecond and takes two to tell of
//! what is due at once; here what is due at once is taken at once.

use std::{
    collections::{HashMap, VecDeque},
    pin::pin,
    time::Duration,
};

use futures_util::{FutureExt, Stream, StreamExt, stream::FuturesUnordered};
use sms_crds::SourceKey;
use tokio_util::{
    sync::CancellationToken,
    time::{DelayQueue, delay_queue},
};

/// The longest pause: a timer has its limits, and an earlier look at a source does no harm.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// What is to be done about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It waits for its turn.
    Waiting,
    /// Its pass runs.
    Running,
    /// Its pass runs, and was asked for again meanwhile.
    RunningAgain,
}

/// The sources that wait, those whose passes run, and those that are due later. A source is due later only while it neither
/// waits nor runs.
#[derive(Debug, Default)]
struct Queue {
    turns: HashMap<SourceKey, Turn>,
    waiting: VecDeque<SourceKey>,
    later: DelayQueue<SourceKey>,
    timers: HashMap<SourceKey, delay_queue::Key>,
}

impl Queue {
    /// Asks for a pass. Requests that come before it begins are one.
    fn request(&mut self, key: SourceKey) {
        if let Some(timer) = self.timers.remove(&key) {
            self.later.remove(&timer);
        }
        match self.turns.get_mut(&key) {
            Some(Turn::Waiting) => {}
            Some(turn) => *turn = Turn::RunningAgain,
            None => {
                self.turns.insert(key.clone(), Turn::Waiting);
                self.waiting.push_back(key);
            }
        }
    }

    /// The source whose turn it is. Its pass begins.
    fn take(&mut self) -> Option<SourceKey> {
        let key = self.waiting.pop_front()?;
        self.turns.insert(key.clone(), Turn::Running);
        Some(key)
    }

    /// The pass over `key` has ended, and wants another one after `pause` if none was asked for meanwhile.
    fn ended(&mut self, key: SourceKey, pause: Option<Duration>) {
        if self.turns.remove(&key) == Some(Turn::RunningAgain) {
            self.request(key);
        } else if let Some(pause) = pause {
            let timer = self.later.insert(key.clone(), pause.min(LONGEST_PAUSE));
            self.timers.insert(key, timer);
        }
    }

    /// Waits for a source that is due now.
    async fn due(&mut self) -> SourceKey {
        match self.later.next().await {
            Some(due) => {
                let key = due.into_inner();
                self.timers.remove(&key);
                key
            }
            None => std::future::pending().await,
        }
    }
}

/// Makes a pass for every source that `requests` names, `limit` of them side by side, as soon as `ready` is done. A pass gives
/// the pause after which it wants another one. Ends with `requests`, or after `stop`; what runs then is brought to its end.
pub async fn run<Pass: Future<Output = Option<Duration>>>(
    requests: impl Stream<Item = SourceKey>,
    ready: impl Future,
    limit: usize,
    pass: impl Fn(SourceKey) -> Pass,
    stop: &CancellationToken,
) {
    let mut queue = Queue::default();
    let mut running = FuturesUnordered::new();
    let (mut requests, mut ready) = (pin!(requests), pin!(ready));
    let mut is_ready = false;
    loop {
        while is_ready
            && running.len() < limit
            && let Some(key) = queue.take()
        {
            running.push(pass(key.clone()).map(|pause| (key, pause)));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some((key, pause)) = running.next() => queue.ended(key, pause),
            request = requests.next() => match request {
                Some(key) => queue.request(key),
                None => break,
            },
            key = queue.due() => queue.request(key),
            _ = &mut ready, if !is_ready => is_ready = true,
        }
    }
    while running.next().await.is_some() {}
}

#[cfg(test)]
mod tests;
