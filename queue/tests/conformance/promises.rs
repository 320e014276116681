//! Publishing, consuming and settling, as every broker does them.

use std::collections::BTreeSet;

use futures_util::{FutureExt, StreamExt, stream};
use queue::{InProcess, Published, Queue, Verdict};

use crate::harness::{Bench, LONG, conformance, messages, next, on_rabbitmq};

conformance! {
    what_is_acked_is_gone
    a_consumer_that_waits_is_woken
    what_is_rejected_is_a_dead_letter
    what_is_given_back_comes_again
    what_is_dropped_comes_again
    a_consumer_that_goes_away_gives_back_what_it_has_not_settled
    the_prefetch_bounds_what_is_unsettled
    consumers_share_a_queue
    a_consumer_that_stands_still_does_not_hold_up_the_others
    consumers_are_counted
    what_nobody_has_declared_returns_its_messages
    queues_do_not_mix
    more_than_a_window_is_confirmed_in_order
    a_delivery_carries_the_trace_of_its_run
}

on_rabbitmq! {
    a_full_queue_over_the_network_refuses_what_is_too_much
}

async fn what_is_acked_is_gone(bench: Bench) {
    let destination = bench.filled(1).await;
    let mut deliveries = bench.queue.consume(&destination, 10).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message(), messages(1)[0]);
    bench.comes_to(&destination, (0, 1, 0)).await;
    delivery.settle(Verdict::Ack).await.unwrap();
    drop(deliveries);
    bench.comes_to(&destination, (0, 0, 0)).await;
}

async fn a_consumer_that_waits_is_woken(bench: Bench) {
    let destination = bench.fresh();
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    let waiting = tokio::spawn(async move { next(&mut deliveries).await.settle(Verdict::Ack).await });
    tokio::task::yield_now().await;
    bench.publish(&destination, 1).await;
    waiting.await.unwrap().unwrap();
}

async fn what_is_rejected_is_a_dead_letter(bench: Bench) {
    let destination = bench.filled(2).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    next(&mut deliveries).await.settle(Verdict::Reject).await.unwrap();
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    bench.comes_to(&destination, (0, 0, 1)).await;
}

async fn what_is_given_back_comes_again(bench: Bench) {
    let destination = bench.filled(1).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    next(&mut deliveries).await.settle(Verdict::GiveBack).await.unwrap();
    let again = next(&mut deliveries).await;
    assert_eq!(again.message(), messages(1)[0]);
    again.settle(Verdict::Ack).await.unwrap();
}

async fn what_is_dropped_comes_again(bench: Bench) {
    let destination = bench.filled(1).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    drop(next(&mut deliveries).await);
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    drop(deliveries);
    bench.comes_to(&destination, (0, 0, 0)).await;
}

async fn a_consumer_that_goes_away_gives_back_what_it_has_not_settled(bench: Bench) {
    let destination = bench.filled(3).await;
    let mut going = bench.queue.consume(&destination, 3).await.unwrap();
    let (kept, dropped) = (next(&mut going).await, next(&mut going).await);
    drop((dropped, going));
    let mut staying = bench.queue.consume(&destination, 10).await.unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let delivery = next(&mut staying).await;
        seen.insert(delivery.message().encode());
        delivery.settle(Verdict::Ack).await.unwrap();
    }
    assert!(seen.len() == 2 && !seen.contains(&kept.message().encode()));
    kept.settle(Verdict::Ack).await.expect("what was in somebody's hands is still theirs");
    drop(staying);
    bench.comes_to(&destination, (0, 0, 0)).await;
}

async fn the_prefetch_bounds_what_is_unsettled(bench: Bench) {
    let destination = bench.filled(5).await;
    let mut deliveries = bench.queue.consume(&destination, 2).await.unwrap();
    let (first, second) = (next(&mut deliveries).await, next(&mut deliveries).await);
    bench.comes_to(&destination, (3, 2, 0)).await;
    assert!(deliveries.next().now_or_never().is_none(), "the window is full");
    first.settle(Verdict::Ack).await.unwrap();
    let third = next(&mut deliveries).await;
    bench.comes_to(&destination, (2, 2, 0)).await;
    assert!(deliveries.next().now_or_never().is_none(), "and full again");
    drop((second, third));
}

async fn consumers_share_a_queue(bench: Bench) {
    let destination = bench.filled(200).await;
    let mut consumers = Vec::new();
    for _ in 0..4 {
        consumers.push(bench.queue.consume(&destination, 3).await.unwrap());
    }
    let shared = stream::select_all(consumers).take(200).then(|delivery| async {
        let message = delivery.message();
        delivery.settle(Verdict::Ack).await.unwrap();
        message.encode()
    });
    let seen: BTreeSet<_> = tokio::time::timeout(LONG, shared.collect()).await.unwrap();
    assert_eq!(seen, messages(200).iter().map(queue::Message::encode).collect(), "each one once");
    bench.comes_to(&destination, (0, 0, 0)).await;
}

async fn a_consumer_that_stands_still_does_not_hold_up_the_others(bench: Bench) {
    let destination = bench.fresh();
    let mut still = bench.queue.consume(&destination, 1).await.unwrap();
    assert!(still.next().now_or_never().is_none(), "from now on it waits, and nobody polls it");
    let mut lively = bench.queue.consume(&destination, 1).await.unwrap();
    let taking = tokio::spawn(async move {
        for _ in 0..2 {
            next(&mut lively).await.settle(Verdict::Ack).await.unwrap();
        }
    });
    tokio::task::yield_now().await;
    // One of the three may be its own: that is what a prefetch of one means.
    bench.publish(&destination, 3).await;
    taking.await.unwrap();
}

async fn consumers_are_counted(bench: Bench) {
    let destination = bench.filled(0).await;
    let counted = async |count| {
        let until = tokio::time::Instant::now() + LONG;
        while bench.queue.depth(&destination).await.unwrap().unwrap().consumers != count {
            assert!(tokio::time::Instant::now() < until, "there should be {count} consumers");
            tokio::task::yield_now().await;
        }
    };
    counted(0).await;
    let consumers = (
        bench.queue.consume(&destination, 1).await.unwrap(),
        bench.queue.consume(&destination, 1).await.unwrap(),
    );
    counted(2).await;
    drop(consumers);
    counted(0).await;
}

async fn what_nobody_has_declared_returns_its_messages(bench: Bench) {
    let destination = bench.fresh();
    assert!(bench.queue.depth(&destination).await.unwrap().is_none());
    let answers = bench.queue.publish(&destination, &messages(2)).await.unwrap();
    assert_eq!(answers, [Published::Returned; 2]);
    bench.queue.declare(&destination).await.unwrap();
    bench.queue.declare(&destination).await.expect("twice is once");
    bench.publish(&destination, 1).await;
}

async fn queues_do_not_mix(bench: Bench) {
    let (here, there) = (bench.filled(1).await, bench.filled(0).await);
    bench.comes_to(&here, (1, 0, 0)).await;
    bench.comes_to(&there, (0, 0, 0)).await;
}

async fn more_than_a_window_is_confirmed_in_order(bench: Bench) {
    let destination = bench.filled(700).await;
    bench.comes_to(&destination, (700, 0, 0)).await;
    assert_eq!(bench.queue.publish(&destination, &[]).await.unwrap(), [], "nothing is nothing");
}

async fn a_delivery_carries_the_trace_of_its_run(bench: Bench) {
    let destination = bench.filled(1).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    let delivery = next(&mut deliveries).await;
    let trace = delivery.traceparent();
    assert_eq!(trace.trace_id(), format!("{:032x}", 1));
    assert_eq!(trace.to_string().parse::<queue::TraceParent>().unwrap(), trace);
    delivery.settle(Verdict::Ack).await.unwrap();
}

#[tokio::test]
async fn a_full_queue_in_the_process_refuses_what_is_too_much() {
    let queue = Queue::InProcess(InProcess::with_capacity(2));
    let destination = queue::Destination::Notifications;
    let mut deliveries = queue.consume(&destination, 1).await.unwrap();
    let answers = queue.publish(&destination, &messages(3)).await.unwrap();
    assert_eq!(answers, [Published::Confirmed, Published::Confirmed, Published::Refused]);
    let delivery = next(&mut deliveries).await;
    let answers = queue.publish(&destination, &messages(1)).await.unwrap();
    assert_eq!(answers, [Published::Refused], "unacked ones count");
    delivery.settle(Verdict::Ack).await.unwrap();
    assert_eq!(queue.publish(&destination, &messages(1)).await.unwrap(), [Published::Confirmed]);
}

async fn a_full_queue_over_the_network_refuses_what_is_too_much(bench: Bench) {
    let destination = bench.fresh();
    bench.broker().declare_short(&destination, 2).await;
    // The broker notices a moment late that a queue is full: more than its length are let in.
    let mut confirmed = 0;
    loop {
        let answers = bench.queue.publish(&destination, &messages(5)).await.unwrap();
        let accepted = answers.iter().filter(|answer| **answer == Published::Confirmed).count();
        confirmed += accepted;
        if accepted == 0 {
            assert_eq!(answers, [Published::Refused; 5]);
            break;
        }
        assert!(confirmed < 1000, "it is never full");
    }
    bench.comes_to(&destination, (confirmed, 0, 0)).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await;
    assert!(matches!(deliveries, Err(queue::Error::Refused(_))), "it is not declared as ours are");
    deliveries = bench.queue.dead_letters().await;
    assert!(deliveries.is_ok(), "and that costs nobody else anything");
}

#[tokio::test]
async fn the_broker_in_the_process_says_when_it_is_drained() {
    let broker = InProcess::default();
    let queue = Queue::InProcess(broker.clone());
    broker.drained().await;
    let destination = queue::Destination::Notifications;
    let mut deliveries = queue.consume(&destination, 1).await.unwrap();
    queue.publish(&destination, &messages(1)).await.unwrap();
    let delivery = next(&mut deliveries).await;
    let drained = tokio::spawn(async move { broker.drained().await });
    tokio::task::yield_now().await;
    assert!(!drained.is_finished(), "what is delivered is not settled");
    delivery.settle(Verdict::Ack).await.unwrap();
    tokio::time::timeout(LONG, drained).await.unwrap().unwrap();
}
