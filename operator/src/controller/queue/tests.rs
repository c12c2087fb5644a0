//! The queue on a clock that stands still while anything can be done: a pass that begins later than it could is seen.

use std::cell::RefCell;

use futures_util::{FutureExt, future, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::*;

const LONG: Duration = Duration::from_secs(10);

fn key(name: &str) -> SourceKey {
    SourceKey {
        namespace: "music".to_owned(),
        name: name.to_owned(),
    }
}

/// Sends what is `asked`, each at its second, and makes passes that take ten seconds, for two minutes. Gives when each began, in
/// milliseconds, and the most that ran side by side.
async fn begun(
    asked: &[(u64, &str)],
    ready: impl Future,
    limit: usize,
    pause: impl Fn(&str, usize) -> Option<Duration>,
) -> (Vec<(u128, String)>, usize) {
    let (start, stop) = (Instant::now(), CancellationToken::new());
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (begun, side_by_side) = (RefCell::new(Vec::new()), RefCell::new((0_usize, 0_usize)));
    let pass = |key: SourceKey| {
        let pause = &pause;
        let (begun, side_by_side) = (&begun, &side_by_side);
        async move {
            let before = begun
                .borrow()
                .iter()
                .filter(|(_, name)| *name == key.name)
                .count();
            begun
                .borrow_mut()
                .push((start.elapsed().as_millis(), key.name.clone()));
            let now = side_by_side.borrow().0 + 1;
            let most = side_by_side.borrow().1.max(now);
            *side_by_side.borrow_mut() = (now, most);
            sleep(LONG).await;
            side_by_side.borrow_mut().0 -= 1;
            pause(&key.name, before)
        }
    };
    let requests = stream::poll_fn(move |task| receiver.poll_recv(task));
    let run = run(requests, ready, limit, pass, &stop);
    let send = async {
        for (at, name) in asked {
            tokio::time::sleep_until(start + Duration::from_secs(*at)).await;
            sender.send(key(name)).unwrap();
        }
        sleep(Duration::from_mins(2)).await;
        stop.cancel();
    };
    tokio::join!(run, send);
    (begun.into_inner(), side_by_side.into_inner().1)
}

fn at(seconds: u128, name: &str) -> (u128, String) {
    (seconds * 1000, name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_asked_for_begins_at_once() {
    let (begun, _) = begun(&[(1, "a"), (2, "b"), (40, "a")], future::ready(()), 9, |_, _| {
        None
    })
    .await;
    assert_eq!(begun, [at(1, "a"), at(2, "b"), at(40, "a")]);
}

#[tokio::test(start_paused = true)]
async fn requests_before_a_pass_begins_are_one_and_all_during_it_make_one_more() {
    let requests = [(0, "a"), (0, "a"), (3, "a"), (4, "a"), (5, "b"), (15, "a")];
    let (begun, most) = begun(&requests, future::ready(()), 9, |_, _| None).await;
    // The request at the second 15 comes during the pass that began at the second 10.
    assert_eq!(begun, [at(0, "a"), at(5, "b"), at(10, "a"), at(20, "a")]);
    assert_eq!(most, 2, "never two of one source");
}

#[tokio::test(start_paused = true)]
async fn no_more_passes_than_the_limit_run_side_by_side_and_the_first_that_asked_is_the_first() {
    let requests = [(0, "a"), (0, "b"), (0, "c"), (1, "d"), (2, "a")];
    let (begun, most) = begun(&requests, future::ready(()), 2, |_, _| None).await;
    assert_eq!(
        begun,
        [at(0, "a"), at(0, "b"), at(10, "c"), at(10, "d"), at(20, "a")]
    );
    assert_eq!(most, 2);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_wants_another_one_gets_it_after_the_pause() {
    let pause = |_: &str, before: usize| (before < 2).then_some(Duration::from_secs(5));
    let (begun, _) = begun(&[(0, "a")], future::ready(()), 9, pause).await;
    let seconds: Vec<_> = begun.iter().map(|(at, _)| at / 1000).collect();
    assert_eq!(seconds, [0, 15, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_request_comes_before_the_pause_is_over_and_instead_of_it() {
    let pause = |_: &str, before: usize| (before == 0).then_some(Duration::from_secs(50));
    let (begun, _) = begun(&[(0, "a"), (5, "a")], future::ready(()), 9, pause).await;
    assert_eq!(begun, [at(0, "a"), at(10, "a")], "asked for during the pass");
    let (begun, _) = self::begun(&[(0, "a"), (30, "a")], future::ready(()), 9, pause).await;
    assert_eq!(begun, [at(0, "a"), at(30, "a")], "asked for during the pause");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_any_length_can_be_asked_for() {
    let (begun, _) = begun(&[(0, "a"), (60, "a")], future::ready(()), 9, |_, _| {
        Some(Duration::MAX)
    })
    .await;
    assert_eq!(begun, [at(0, "a"), at(60, "a")]);
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_everything_is_ready() {
    let (begun, _) = begun(
        &[(0, "a"), (1, "b")],
        sleep(Duration::from_secs(7)).boxed(),
        9,
        |_, _| None,
    )
    .await;
    let seconds: Vec<_> = begun
        .iter()
        .map(|(at, name)| (at / 1000, name.as_str()))
        .collect();
    assert_eq!(seconds, [(7, "a"), (7, "b")]);
}

#[tokio::test(start_paused = true)]
async fn after_stop_what_runs_is_brought_to_its_end_and_nothing_begins() {
    let (stop, start) = (CancellationToken::new(), Instant::now());
    let ended = RefCell::new(Vec::new());
    let pass = |key: SourceKey| {
        let ended = &ended;
        async move {
            sleep(LONG).await;
            ended.borrow_mut().push(key.name);
            None
        }
    };
    let requests = stream::iter([key("a"), key("b")]).chain(stream::pending());
    tokio::join!(run(requests, future::ready(()), 1, pass, &stop), async {
        sleep(Duration::from_secs(3)).await;
        stop.cancel();
    });
    assert_eq!(ended.into_inner(), ["a"]);
    assert_eq!(start.elapsed().as_secs(), 10);
}
