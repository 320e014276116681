use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use store::{Store, Topic};
use tokio::time::{Instant, pause};

use super::*;

const INTERVAL: Duration = Duration::from_secs(10);

/// Takes turns with these answers, stops after the last of them, and answers at which second each was taken.
async fn seconds_of(answers: Vec<Result<Turn, Error>>, wake: Option<Listener>) -> Vec<u64> {
    let (start, shutdown) = (Instant::now(), CancellationToken::new());
    let answers = RefCell::new(answers.into_iter());
    let taken = RefCell::new(Vec::new());
    let once = || async {
        taken.borrow_mut().push(start.elapsed().as_secs());
        let answer = answers.borrow_mut().next().unwrap();
        if answers.borrow().len() == 0 {
            shutdown.cancel();
        }
        answer
    };
    every("test", INTERVAL, wake, &shutdown, once).await;
    taken.into_inner()
}

fn failure() -> Result<Turn, Error> {
    Err(queue::Error::Unreachable("no route to host".into()).into())
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_taken_at_once_and_then_once_per_interval() {
    let answers = vec![Ok(Turn::Done), Ok(Turn::Done), Ok(Turn::Done)];
    assert_eq!(seconds_of(answers, None).await, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_is_followed_by_the_next_one_at_once() {
    let answers = vec![Ok(Turn::More), Ok(Turn::More), Ok(Turn::Done), Ok(Turn::Done)];
    assert_eq!(seconds_of(answers, None).await, [0, 0, 0, 10]);
}

#[tokio::test(start_paused = true)]
async fn the_next_turn_is_taken_when_something_is_due_and_no_later_than_the_interval() {
    let due = |seconds| Ok(Turn::DueIn(Duration::from_secs(seconds)));
    assert_eq!(seconds_of(vec![due(3), due(4), due(60), Ok(Turn::Done)], None).await, [0, 3, 7, 17]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_fails_does_not_end_the_duty() {
    assert_eq!(seconds_of(vec![failure(), failure(), Ok(Turn::Done)], None).await, [0, 10, 20]);
}

#[tokio::test]
async fn a_call_brings_the_next_turn_forward_but_not_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path()).await.unwrap();
    pause();
    let listener = store.listen(Topic::Runs);
    store.notify(Topic::Runs);
    assert_eq!(seconds_of(vec![Ok(Turn::Done), Ok(Turn::Done)], Some(listener)).await, [0, 0]);
    let listener = store.listen(Topic::Runs);
    store.notify(Topic::Runs);
    assert_eq!(seconds_of(vec![failure(), Ok(Turn::Done)], Some(listener)).await, [0, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_wait_but_not_the_turn() {
    let (shutdown, finished) = (CancellationToken::new(), Rc::new(Cell::new(false)));
    let once = || async {
        shutdown.cancel();
        sleep(INTERVAL / 2).await;
        finished.set(true);
        Ok(Turn::More)
    };
    let start = Instant::now();
    every("test", INTERVAL, None, &shutdown, once).await;
    assert!(finished.get());
    assert_eq!(start.elapsed(), INTERVAL / 2);
}

#[test]
fn a_batch_that_came_back_full_is_not_the_last_one() {
    assert_eq!([0, 99, 100].map(|count| Turn::after(count, 100)), [Turn::Done, Turn::Done, Turn::More]);
}

#[test]
fn what_is_due_next_counts_only_when_nothing_is_left() {
    let now = DateTime::UNIX_EPOCH;
    let next = Some(now + chrono::TimeDelta::seconds(2));
    assert_eq!(Turn::until(1, 100, next, now), Turn::DueIn(Duration::from_secs(2)));
    assert_eq!(Turn::until(100, 100, next, now), Turn::More);
    assert_eq!(Turn::until(1, 100, None, now), Turn::Done);
}

#[test]
fn what_is_due_all_the_time_does_not_make_a_turn_each() {
    let now = DateTime::UNIX_EPOCH;
    let before = Some(now - chrono::TimeDelta::seconds(2));
    for (found, wait) in [(1, 20), (9, 20), (10, 100), (49, 100), (50, 200), (99, 200)] {
        let wait = Duration::from_millis(wait);
        assert_eq!(Turn::until(found, 100, before, now), Turn::DueIn(wait), "{found} things");
    }
}
