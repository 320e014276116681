//! What nobody could use: it reaches no handler twice, holds nothing up, and is kept where somebody looks.

use futures_util::{FutureExt, StreamExt};
use lapin::{
    BasicProperties,
    options::{BasicGetOptions, BasicPublishOptions},
    types::{AMQPValue, FieldTable},
};
use queue::{Destination, Verdict};

use crate::harness::{Bench, conformance, messages, next, on_rabbitmq};

conformance! {
    what_a_handler_rejected_wakes_nobody
}

on_rabbitmq! {
    what_cannot_be_read_is_parked_and_the_next_one_is_handled
    what_is_delivered_too_often_is_told
    what_only_claims_to_be_a_dead_letter_is_parked
    a_message_without_a_trace_gets_one
}

impl Bench {
    /// Until the dead letters are empty, and so many are parked.
    async fn parks(&self, destination: &Destination, count: usize) {
        loop {
            let depth = self.queue.depth(destination).await.unwrap().unwrap();
            if (depth.ready, depth.dead, depth.parked) == (0, 0, count) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Publishes past the adapter.
    async fn foreign(&self, exchange: &str, key: &str, body: &[u8], properties: BasicProperties) {
        let (broker, options) = (self.broker(), BasicPublishOptions::default());
        let exchange = broker.name(exchange).into();
        broker.channel.basic_publish(exchange, key.into(), options, body, properties).await.unwrap();
    }
}

async fn what_a_handler_rejected_wakes_nobody(bench: Bench) {
    let mut dead = bench.queue.dead_letters().await.unwrap();
    let destination = bench.filled(1).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    next(&mut deliveries).await.settle(Verdict::Reject).await.unwrap();
    let listening = tokio::spawn(async move { dead.next().await });
    bench.comes_to(&destination, (0, 0, 1)).await;
    if let crate::harness::Place::Broker(_) = bench.place {
        bench.parks(&destination, 1).await;
    }
    assert!(listening.now_or_never().is_none(), "its row is nobody's to wake");
}

async fn what_cannot_be_read_is_parked_and_the_next_one_is_handled(bench: Bench) {
    let destination = bench.filled(0).await;
    let (mut deliveries, key) = (bench.queue.consume(&destination, 1).await.unwrap(), "place-0");
    let good = String::from_utf8(messages(1)[0].encode()).unwrap();
    let (newer, long) =
        (good.replace("\"version\":1", "\"version\":2"), format!("{good}{}", " ".repeat(2000)));
    let foreign = [&b"\xff\xfenot json"[..], b"", b"null", newer.as_bytes(), long.as_bytes(), &[b'['; 900]];
    for body in foreign {
        bench.foreign("runs", key, body, BasicProperties::default()).await;
    }
    bench.publish(&destination, 1).await;
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.message(), messages(1)[0]);
    delivery.settle(Verdict::Ack).await.unwrap();
    bench.comes_to(&destination, (0, 0, foreign.len())).await;

    let mut dead = bench.queue.dead_letters().await.unwrap();
    let listening = tokio::spawn(async move { dead.next().await });
    bench.parks(&destination, foreign.len()).await;
    assert!(listening.now_or_never().is_none(), "nobody can wake what they are about");
    let broker = bench.broker();
    let parked =
        broker.channel.basic_get(broker.name("parked").into(), BasicGetOptions { no_ack: true }).await;
    assert!(foreign.contains(&parked.unwrap().unwrap().data.as_slice()), "people see it as it came");
}

async fn what_is_delivered_too_often_is_told(bench: Bench) {
    let destination = bench.filled(2).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    let mut dead = bench.queue.dead_letters().await.unwrap();
    // Both end so: neither is held up by the other.
    let poison = tokio::spawn(async move {
        loop {
            next(&mut deliveries).await.settle(Verdict::GiveBack).await.unwrap();
        }
    });
    let (first, second) = (next(&mut dead).await, next(&mut dead).await);
    poison.abort();
    let mut told = [first.message(), second.message()];
    told.sort_by_key(queue::Message::encode);
    assert_eq!(told.as_slice(), messages(2));
    assert_eq!(first.traceparent().trace_id()[..31], "0".repeat(31), "the trace goes with it");
    first.settle(Verdict::Ack).await.unwrap();
    second.settle(Verdict::Ack).await.unwrap();
    drop(dead);
    bench.leaves(&destination, (0, 0, 0)).await;
}

async fn what_only_claims_to_be_a_dead_letter_is_parked(bench: Bench) {
    let destination = bench.filled(0).await;
    let mut dead = bench.queue.dead_letters().await.unwrap();
    let listening = tokio::spawn(async move { dead.next().await });
    let mut headers = FieldTable::default();
    headers.insert("x-first-death-reason".into(), AMQPValue::LongString("rejected".into()));
    let good = messages(1)[0].encode();
    bench.foreign("dead", "dead", &good, BasicProperties::default()).await;
    bench.foreign("dead", "dead", &good, BasicProperties::default().with_headers(headers)).await;
    bench.parks(&destination, 2).await;
    assert!(listening.now_or_never().is_none());
}

async fn a_message_without_a_trace_gets_one(bench: Bench) {
    let destination = bench.filled(0).await;
    let mut deliveries = bench.queue.consume(&destination, 1).await.unwrap();
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString("00-nonsense".into()));
    bench
        .foreign(
            "runs",
            "place-0",
            &messages(1)[0].encode(),
            BasicProperties::default().with_headers(headers),
        )
        .await;
    let delivery = next(&mut deliveries).await;
    assert_eq!(delivery.traceparent().trace_id(), format!("{:032x}", 1));
    delivery.settle(Verdict::Ack).await.unwrap();
}
