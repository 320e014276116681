//! The loop over deliveries, as workers and notifiers use it.

use std::sync::Arc;

use queue::{Destination, Message, Verdict, work};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::harness::{Bench, LONG, Lying, Place, conformance, messages};

conformance! {
    handlers_run_side_by_side_up_to_the_limit
    nothing_is_acked_before_its_handler_has_ended
    shutdown_takes_nothing_more_and_lets_running_handlers_finish
    an_idle_loop_shuts_down_at_once
    a_loop_that_is_stopped_before_it_begins_takes_nothing
    a_panic_costs_its_own_delivery_and_nothing_else
    a_panic_before_the_first_await_is_caught_too
    the_verdict_of_the_handler_is_carried_out
    a_handler_that_computes_does_not_hold_up_the_others
}

/// A loop under test: its queue, and handlers that report that they have begun and then wait to be let go.
struct Loop {
    bench: Bench,
    destination: Destination,
    started: mpsc::UnboundedReceiver<u16>,
    go: Arc<Semaphore>,
    shutdown: CancellationToken,
    working: JoinHandle<Result<(), queue::Error>>,
}

fn number(message: Message) -> u16 {
    match message {
        Message::ExecuteRun { run_id } => run_id.uuid().as_u128() as u16,
        Message::SendNotification { .. } => unreachable!("nobody sends one here"),
    }
}

/// Runs messages 1 to `count`; `answer` is what handlers end with, and may panic.
async fn looping(bench: Bench, count: u16, concurrency: u16, answer: fn(u16) -> Verdict) -> Loop {
    let destination = bench.filled(count).await;
    let deliveries = bench.queue.consume(&destination, concurrency).await.unwrap();
    let (report, started) = mpsc::unbounded_channel();
    let (go, shutdown) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
    let handler = {
        let go = go.clone();
        move |message| {
            let (go, report, number) = (go.clone(), report.clone(), number(message));
            async move {
                report.send(number).unwrap();
                go.acquire().await.unwrap().forget();
                answer(number)
            }
        }
    };
    let working = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { work("bench", deliveries, concurrency.into(), shutdown, handler).await }
    });
    Loop { bench, destination, started, go, shutdown, working }
}

impl Loop {
    async fn has_started(&mut self, count: usize) -> Vec<u16> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let number = timeout(LONG, self.started.recv()).await.expect("no further handler starts");
            numbers.push(number.expect("the loop is gone"));
        }
        numbers
    }

    /// Lets everything that can happen without anybody's help happen.
    async fn nothing_more_starts(&mut self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(self.started.try_recv().is_err(), "a handler more than allowed");
    }

    async fn comes_to(&self, lying: Lying) {
        self.bench.comes_to(&self.destination, lying).await;
    }

    /// Ends it, and looks at what it has left behind.
    async fn ends(self, lying: Lying) {
        self.shutdown.cancel();
        timeout(LONG, self.working).await.expect("it goes on").unwrap().unwrap();
        self.bench.leaves(&self.destination, lying).await;
    }
}

async fn handlers_run_side_by_side_up_to_the_limit(bench: Bench) {
    let mut looping = looping(bench, 5, 2, |_| Verdict::Ack).await;
    looping.has_started(2).await;
    looping.nothing_more_starts().await;
    looping.comes_to((3, 2, 0)).await;
    looping.go.add_permits(1);
    looping.has_started(1).await;
    looping.nothing_more_starts().await;
    looping.go.add_permits(4);
    looping.has_started(2).await;
    looping.ends((0, 0, 0)).await;
}

async fn nothing_is_acked_before_its_handler_has_ended(bench: Bench) {
    let mut looping = looping(bench, 1, 1, |_| Verdict::Ack).await;
    looping.has_started(1).await;
    looping.comes_to((0, 1, 0)).await;
    let still_owed = match looping.bench.place {
        Place::Process => (0, 1, 0),
        // The connection ends with a handler in the middle of its work, as it does when a process is killed.
        Place::Broker(_) => (1, 0, 0),
    };
    looping.bench.leaves(&looping.destination, still_owed).await;
    looping.go.add_permits(1);
    looping.shutdown.cancel();
    timeout(LONG, looping.working).await.expect("it goes on").unwrap().unwrap();
}

async fn shutdown_takes_nothing_more_and_lets_running_handlers_finish(bench: Bench) {
    let mut looping = looping(bench, 3, 1, |_| Verdict::Ack).await;
    looping.has_started(1).await;
    looping.shutdown.cancel();
    looping.nothing_more_starts().await;
    looping.comes_to((2, 1, 0)).await;
    assert!(!looping.working.is_finished(), "a handler is running");
    looping.go.add_permits(3);
    looping.ends((2, 0, 0)).await;
}

async fn an_idle_loop_shuts_down_at_once(bench: Bench) {
    let looping = looping(bench, 0, 4, |_| Verdict::Ack).await;
    tokio::task::yield_now().await;
    looping.ends((0, 0, 0)).await;
}

async fn a_loop_that_is_stopped_before_it_begins_takes_nothing(bench: Bench) {
    let destination = bench.filled(2).await;
    let deliveries = bench.queue.consume(&destination, 4).await.unwrap();
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    work("bench", deliveries, 4, shutdown, |_| async { panic!("nothing may run") }).await.unwrap();
    bench.leaves(&destination, (2, 0, 0)).await;
}

async fn a_panic_costs_its_own_delivery_and_nothing_else(bench: Bench) {
    let mut looping = looping(bench, 6, 2, |number| {
        assert!(number % 3 != 0, "a handler that panics, on purpose");
        Verdict::Ack
    })
    .await;
    looping.go.add_permits(6);
    looping.has_started(6).await;
    looping.ends((0, 0, 2)).await;
}

async fn a_panic_before_the_first_await_is_caught_too(bench: Bench) {
    let destination = bench.filled(2).await;
    let deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    let shutdown = CancellationToken::new();
    let handler = |message| {
        assert!(message != messages(1)[0], "a handler that panics, on purpose");
        async { Verdict::Ack }
    };
    let working = tokio::spawn(work("bench", deliveries, 1, shutdown.clone(), handler));
    bench.comes_to_in_time(&destination, (0, 0, 1)).await;
    shutdown.cancel();
    working.await.unwrap().unwrap();
    bench.leaves(&destination, (0, 0, 1)).await;
}

async fn the_verdict_of_the_handler_is_carried_out(bench: Bench) {
    let mut looping = looping(bench, 3, 1, |number| match number {
        1 => Verdict::Ack,
        2 => Verdict::Reject,
        _ => Verdict::GiveBack,
    })
    .await;
    looping.go.add_permits(3);
    looping.has_started(4).await;
    looping.comes_to((0, 1, 1)).await;
    // In this order, for what is given back would begin again.
    looping.shutdown.cancel();
    looping.go.add_permits(1);
    looping.ends((1, 0, 1)).await;
}

async fn a_handler_that_computes_does_not_hold_up_the_others(bench: Bench) {
    let destination = bench.filled(2).await;
    let deliveries = bench.queue.consume(&destination, 2).await.unwrap();
    let shutdown = CancellationToken::new();
    let (send, receive) = std::sync::mpsc::channel();
    let receive = Arc::new(std::sync::Mutex::new(receive));
    let (report, mut done) = mpsc::unbounded_channel();
    let handler = move |message| {
        let (send, receive, report) = (send.clone(), receive.clone(), report.clone());
        async move {
            // The first blocks its thread until the second has run: in one task that would be for ever.
            let other = match number(message) {
                1 => receive.lock().unwrap().recv_timeout(LONG).is_ok(),
                _ => send.send(()).is_ok(),
            };
            report.send(other).unwrap();
            Verdict::Ack
        }
    };
    let working = tokio::spawn(work("bench", deliveries, 2, shutdown.clone(), handler));
    for _ in 0..2 {
        assert!(done.recv().await.unwrap(), "they ran one after the other");
    }
    shutdown.cancel();
    working.await.unwrap().unwrap();
}
