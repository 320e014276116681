//! The loop over deliveries, as workers and notifiers use it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use queue::{Depth, Destination, InProcess, Message, Queue, Verdict, work};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A loop under test: its queue, and handlers that report that they have begun and then wait to be let go.
struct Bench {
    broker: InProcess,
    queue: Queue,
    started: mpsc::UnboundedReceiver<u8>,
    go: Arc<Semaphore>,
    shutdown: CancellationToken,
    working: JoinHandle<Result<(), queue::Error>>,
}

fn message(number: u8) -> Message {
    Message::ExecuteRun { run_id: format!("run_{number:032x}").parse().expect("an id") }
}

fn number(message: Message) -> u8 {
    match message {
        Message::ExecuteRun { run_id } => run_id.uuid().as_bytes()[15],
        Message::SendNotification { .. } => unreachable!("nobody sends one here"),
    }
}

async fn drained(broker: &InProcess) -> Result<()> {
    tokio::time::timeout(Duration::from_secs(10), broker.drained()).await.context("messages are left over")
}

/// `answer` is what handlers end with; it may panic.
async fn bench(messages: u8, concurrency: usize, answer: fn(u8) -> Verdict) -> Result<Bench> {
    let broker = InProcess::default();
    let queue = Queue::InProcess(broker.clone());
    let deliveries = queue.consume(&Destination::Notifications, 100).await?;
    let all: Vec<_> = (0..messages).map(message).collect();
    queue.publish(&Destination::Notifications, &all).await?;
    let (report, started) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let shutdown = CancellationToken::new();
    let handler = {
        let go = go.clone();
        move |message| {
            let (go, report, number) = (go.clone(), report.clone(), number(message));
            async move {
                report.send(number).expect("the test listens");
                go.acquire().await.expect("it stays open").forget();
                answer(number)
            }
        }
    };
    let working = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { work("bench", deliveries, concurrency, shutdown, handler).await }
    });
    Ok(Bench { broker, queue, started, go, shutdown, working })
}

impl Bench {
    async fn has_started(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let number = tokio::time::timeout(Duration::from_secs(10), self.started.recv()).await;
            numbers.push(number.context("no further handler starts")?.context("the loop is gone")?);
        }
        Ok(numbers)
    }

    /// Lets everything that can happen without anybody's help happen.
    async fn nothing_more_starts(&mut self) -> Result<()> {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        ensure!(self.started.try_recv().is_err(), "a handler more than allowed");
        Ok(())
    }

    async fn depth(&self) -> Result<(usize, usize, usize)> {
        let depth = self.queue.depth(&Destination::Notifications).await?;
        let Depth { ready, unacked, dead } = depth.context("it is declared")?;
        Ok((ready, unacked, dead))
    }

    async fn ends(self) -> Result<()> {
        Ok(tokio::time::timeout(Duration::from_secs(10), self.working).await.context("it goes on")???)
    }
}

#[tokio::test]
async fn handlers_run_side_by_side_up_to_the_limit() -> Result<()> {
    let mut bench = bench(5, 2, |_| Verdict::Ack).await?;
    bench.has_started(2).await?;
    bench.nothing_more_starts().await?;
    ensure!(bench.depth().await? == (3, 2, 0), "what has no free handler stays in the queue");
    bench.go.add_permits(1);
    bench.has_started(1).await?;
    bench.nothing_more_starts().await?;
    bench.go.add_permits(4);
    drained(&bench.broker).await?;
    bench.shutdown.cancel();
    bench.ends().await
}

#[tokio::test]
async fn shutdown_takes_nothing_more_and_lets_running_handlers_finish() -> Result<()> {
    let mut bench = bench(3, 1, |_| Verdict::Ack).await?;
    bench.has_started(1).await?;
    bench.shutdown.cancel();
    bench.nothing_more_starts().await?;
    ensure!(bench.depth().await? == (2, 1, 0));
    ensure!(!bench.working.is_finished(), "a handler is running");
    bench.go.add_permits(3);
    let queue = bench.queue.clone();
    bench.ends().await?;
    let depth = queue.depth(&Destination::Notifications).await?.context("it is declared")?;
    ensure!(depth == Depth { ready: 2, unacked: 0, dead: 0 }, "{depth:?}");
    Ok(())
}

#[tokio::test]
async fn an_idle_loop_shuts_down_at_once() -> Result<()> {
    let bench = bench(0, 4, |_| Verdict::Ack).await?;
    tokio::task::yield_now().await;
    bench.shutdown.cancel();
    bench.ends().await
}

#[tokio::test]
async fn a_loop_that_is_stopped_before_it_begins_takes_nothing() -> Result<()> {
    let bench = bench(2, 4, |_| Verdict::Ack).await?;
    bench.shutdown.cancel();
    let queue = bench.queue.clone();
    bench.ends().await?;
    let depth = queue.depth(&Destination::Notifications).await?.context("it is declared")?;
    ensure!(depth == Depth { ready: 2, unacked: 0, dead: 0 }, "{depth:?}");
    Ok(())
}

#[tokio::test]
async fn a_panic_costs_its_own_delivery_and_nothing_else() -> Result<()> {
    let mut bench = bench(6, 2, |number| {
        assert!(number % 3 != 0, "a handler that panics, on purpose");
        Verdict::Ack
    })
    .await?;
    bench.go.add_permits(6);
    bench.has_started(6).await?;
    drained(&bench.broker).await?;
    ensure!(bench.depth().await? == (0, 0, 2), "kept where people look");
    bench.shutdown.cancel();
    bench.ends().await
}

#[tokio::test]
async fn a_panic_before_the_first_await_is_caught_too() -> Result<()> {
    let broker = InProcess::default();
    let queue = Queue::InProcess(broker.clone());
    let deliveries = queue.consume(&Destination::Notifications, 1).await?;
    queue.publish(&Destination::Notifications, &[message(1), message(2)]).await?;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn({
        let shutdown = shutdown.clone();
        let handler = |message| {
            assert!(message != self::message(1), "a handler that panics, on purpose");
            async { Verdict::Ack }
        };
        async move { work("bench", deliveries, 1, shutdown, handler).await }
    });
    drained(&broker).await?;
    let depth = queue.depth(&Destination::Notifications).await?.context("it is declared")?;
    ensure!(depth == Depth { dead: 1, ..Depth::default() }, "{depth:?}");
    shutdown.cancel();
    Ok(working.await??)
}

#[tokio::test]
async fn the_verdict_of_the_handler_is_carried_out() -> Result<()> {
    let mut bench = bench(3, 1, |number| match number {
        0 => Verdict::Ack,
        1 => Verdict::Reject,
        _ => Verdict::GiveBack,
    })
    .await?;
    bench.go.add_permits(3);
    bench.has_started(4).await.context("what is given back comes again")?;
    ensure!(bench.depth().await? == (0, 1, 1));
    bench.shutdown.cancel();
    bench.go.add_permits(1);
    bench.ends().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_computes_does_not_hold_up_the_others() -> Result<()> {
    let queue = Queue::in_process();
    let deliveries = queue.consume(&Destination::Notifications, 2).await?;
    let shutdown = CancellationToken::new();
    let (send, receive) = std::sync::mpsc::channel();
    let receive = Arc::new(std::sync::Mutex::new(receive));
    let (report, mut done) = mpsc::unbounded_channel();
    let handler = move |message| {
        let (send, receive, report) = (send.clone(), receive.clone(), report.clone());
        async move {
            // The first blocks its thread until the second has run: in one task that would be for ever.
            let other = match number(message) {
                1 => receive.lock().expect("nobody panics").recv_timeout(Duration::from_secs(10)).is_ok(),
                _ => send.send(()).is_ok(),
            };
            report.send(other).expect("the test listens");
            Verdict::Ack
        }
    };
    queue.publish(&Destination::Notifications, &[message(1), message(2)]).await?;
    let working = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { work("bench", deliveries, 2, shutdown, handler).await }
    });
    for _ in 0..2 {
        ensure!(done.recv().await.context("both end")?, "they ran one after the other");
    }
    shutdown.cancel();
    Ok(working.await??)
}
