//! What every broker promises: one suite, run over each adapter. A promise is a function of a [`Queue`]; the macro at
//! the end makes a test of it. The order of messages is not among the promises.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures_util::{FutureExt, StreamExt, stream};
use queue::{Deliveries, Delivery, Depth, Destination, InProcess, Message, Published, Queue, Verdict};

/// A queue that no other test uses.
fn fresh() -> Destination {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Destination::Runs(format!("conformance-{}-{number}", std::process::id()).parse().expect("a slug"))
}

fn messages(count: u8) -> Vec<Message> {
    let id = |number| format!("run_{number:032x}").parse().expect("an id");
    (0..count).map(|number| Message::ExecuteRun { run_id: id(number) }).collect()
}

async fn next(deliveries: &mut Deliveries) -> Result<Delivery> {
    let delivery = tokio::time::timeout(Duration::from_secs(10), deliveries.next()).await;
    delivery.context("nothing is delivered")?.context("the deliveries have ended")
}

async fn depth(queue: &Queue, destination: &Destination) -> Result<(usize, usize, usize)> {
    let Depth { ready, unacked, dead } = queue.depth(destination).await?.context("it is declared")?;
    Ok((ready, unacked, dead))
}

/// Declares a queue and publishes to it.
async fn filled(queue: &Queue, count: u8) -> Result<Destination> {
    let destination = fresh();
    queue.declare(&destination).await?;
    let answers = queue.publish(&destination, &messages(count)).await?;
    ensure!(answers == vec![Published::Confirmed; count.into()], "{answers:?}");
    Ok(destination)
}

async fn what_is_acked_is_gone(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 1).await?;
    let mut deliveries = queue.consume(&destination, 10).await?;
    let delivery = next(&mut deliveries).await?;
    ensure!(delivery.message() == messages(1)[0]);
    ensure!(depth(queue, &destination).await? == (0, 1, 0), "unacked until it is settled");
    delivery.settle(Verdict::Ack).await?;
    drop(deliveries);
    ensure!(depth(queue, &destination).await? == (0, 0, 0));
    Ok(())
}

async fn a_consumer_that_waits_is_woken(queue: &Queue) -> Result<()> {
    let destination = fresh();
    let mut deliveries = queue.consume(&destination, 1).await?;
    let waiting =
        tokio::spawn(
            async move { next(&mut deliveries).await?.settle(Verdict::Ack).await.map_err(Into::into) },
        );
    tokio::task::yield_now().await;
    queue.publish(&destination, &messages(1)).await?;
    waiting.await?
}

async fn what_is_rejected_is_a_dead_letter(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 2).await?;
    let mut deliveries = queue.consume(&destination, 1).await?;
    next(&mut deliveries).await?.settle(Verdict::Reject).await?;
    next(&mut deliveries).await?.settle(Verdict::Ack).await?;
    ensure!(depth(queue, &destination).await? == (0, 0, 1));
    Ok(())
}

async fn what_is_given_back_comes_again(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 1).await?;
    let mut deliveries = queue.consume(&destination, 1).await?;
    next(&mut deliveries).await?.settle(Verdict::GiveBack).await?;
    let again = next(&mut deliveries).await?;
    ensure!(again.message() == messages(1)[0]);
    again.settle(Verdict::Ack).await?;
    Ok(())
}

async fn a_consumer_that_goes_away_gives_back_what_it_has_not_settled(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 3).await?;
    let mut going = queue.consume(&destination, 3).await?;
    let (kept, dropped) = (next(&mut going).await?, next(&mut going).await?);
    drop((dropped, going));
    let mut staying = queue.consume(&destination, 10).await?;
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let delivery = next(&mut staying).await?;
        seen.insert(delivery.message().encode());
        delivery.settle(Verdict::Ack).await?;
    }
    ensure!(seen.len() == 2 && !seen.contains(&kept.message().encode()));
    kept.settle(Verdict::Ack).await.context("what was in somebody's hands is still theirs")?;
    ensure!(depth(queue, &destination).await? == (0, 0, 0));
    Ok(())
}

async fn the_prefetch_bounds_what_is_unsettled(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 5).await?;
    let mut deliveries = queue.consume(&destination, 2).await?;
    let (first, second) = (next(&mut deliveries).await?, next(&mut deliveries).await?);
    ensure!(deliveries.next().now_or_never().is_none(), "the window is full");
    ensure!(depth(queue, &destination).await? == (3, 2, 0));
    first.settle(Verdict::Ack).await?;
    let third = next(&mut deliveries).await?;
    ensure!(deliveries.next().now_or_never().is_none(), "and full again");
    drop((second, third));
    Ok(())
}

async fn consumers_share_a_queue(queue: &Queue) -> Result<()> {
    let destination = filled(queue, 200).await?;
    let mut consumers = Vec::new();
    for _ in 0..4 {
        consumers.push(queue.consume(&destination, 3).await?);
    }
    let shared = stream::select_all(consumers).take(200).then(|delivery| async {
        let message = delivery.message();
        delivery.settle(Verdict::Ack).await.map(|()| message.encode())
    });
    let seen = tokio::time::timeout(Duration::from_secs(10), shared.collect::<Vec<_>>()).await?;
    let seen = seen.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
    ensure!(seen == messages(200).iter().map(Message::encode).collect(), "each one once");
    ensure!(depth(queue, &destination).await? == (0, 0, 0));
    Ok(())
}

async fn a_consumer_that_stands_still_does_not_hold_up_the_others(queue: &Queue) -> Result<()> {
    let destination = fresh();
    let mut still = queue.consume(&destination, 1).await?;
    ensure!(still.next().now_or_never().is_none(), "from now on it waits, and nobody polls it");
    let mut lively = queue.consume(&destination, 1).await?;
    let taking = tokio::spawn(async move {
        for _ in 0..2 {
            next(&mut lively).await?.settle(Verdict::Ack).await?;
        }
        anyhow::Ok(())
    });
    tokio::task::yield_now().await;
    // One of the three may be its own: that is what a prefetch of one means.
    queue.publish(&destination, &messages(3)).await?;
    taking.await?
}

async fn what_nobody_has_declared_returns_its_messages(queue: &Queue) -> Result<()> {
    let destination = fresh();
    ensure!(queue.depth(&destination).await?.is_none());
    let answers = queue.publish(&destination, &messages(2)).await?;
    ensure!(answers == [Published::Returned; 2], "{answers:?}");
    queue.declare(&destination).await?;
    queue.declare(&destination).await.context("twice is once")?;
    ensure!(queue.publish(&destination, &messages(1)).await? == [Published::Confirmed]);
    Ok(())
}

async fn queues_do_not_mix(queue: &Queue) -> Result<()> {
    let (here, there) = (filled(queue, 1).await?, filled(queue, 0).await?);
    ensure!(depth(queue, &here).await? == (1, 0, 0) && depth(queue, &there).await? == (0, 0, 0));
    Ok(())
}

macro_rules! keeps_promises {
    ($adapter:ident = $queue:expr; $($promise:ident)*) => {
        mod $adapter {
            use super::*;
            $(#[tokio::test]
            async fn $promise() -> Result<()> {
                super::$promise(&$queue).await
            })*
        }
    };
}

/// The promises, listed once for all adapters.
macro_rules! all_promises {
    ($adapter:ident = $queue:expr) => {
        keeps_promises! { $adapter = $queue;
            what_is_acked_is_gone
            a_consumer_that_waits_is_woken
            what_is_rejected_is_a_dead_letter
            what_is_given_back_comes_again
            a_consumer_that_goes_away_gives_back_what_it_has_not_settled
            the_prefetch_bounds_what_is_unsettled
            consumers_share_a_queue
            a_consumer_that_stands_still_does_not_hold_up_the_others
            what_nobody_has_declared_returns_its_messages
            queues_do_not_mix
        }
    };
}

all_promises!(in_process = Queue::in_process());

#[tokio::test]
async fn a_full_queue_in_the_process_refuses_what_is_too_much() -> Result<()> {
    let queue = Queue::InProcess(InProcess::with_capacity(2));
    let destination = fresh();
    let mut deliveries = queue.consume(&destination, 1).await?;
    let answers = queue.publish(&destination, &messages(3)).await?;
    ensure!(answers == [Published::Confirmed, Published::Confirmed, Published::Refused], "{answers:?}");
    let delivery = next(&mut deliveries).await?;
    ensure!(queue.publish(&destination, &messages(1)).await? == [Published::Refused], "unacked ones count");
    delivery.settle(Verdict::Ack).await?;
    ensure!(queue.publish(&destination, &messages(1)).await? == [Published::Confirmed]);
    Ok(())
}

#[tokio::test]
async fn the_broker_in_the_process_says_when_it_is_drained() -> Result<()> {
    let broker = InProcess::default();
    let queue = Queue::InProcess(broker.clone());
    broker.drained().await;
    let destination = filled(&queue, 1).await?;
    let mut deliveries = queue.consume(&destination, 1).await?;
    let delivery = next(&mut deliveries).await?;
    let drained = tokio::spawn(async move { broker.drained().await });
    tokio::task::yield_now().await;
    ensure!(!drained.is_finished(), "what is delivered is not settled");
    delivery.settle(Verdict::Ack).await?;
    tokio::time::timeout(Duration::from_secs(10), drained).await??;
    Ok(())
}
