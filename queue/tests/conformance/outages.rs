//! What a network and a broker do to a consumer and a publisher. Nothing that was confirmed is lost; what was not
//! confirmed may be there twice, or not at all.

use std::{collections::BTreeSet, time::Duration};

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use queue::{Config, Deliveries, Destination, Error, Message, Published, Queue, Verdict};
use tokio::time::{Instant, timeout};

use crate::{
    harness::{Bench, LONG, messages, next, on_rabbitmq},
    proxy::{BLOCKED, Proxy, UNBLOCKED, Wire},
};

on_rabbitmq! {
    a_cut_while_publishing_loses_nothing_that_was_confirmed
    a_cut_while_consuming_is_repaired_and_what_was_in_hand_comes_again
    a_consumer_comes_back_after_a_long_outage
    a_queue_that_is_deleted_under_its_consumer_is_declared_again
    a_broker_that_lost_everything_is_furnished_again
    a_broker_that_does_not_answer_bounds_a_publish
    a_broker_that_does_not_answer_loses_its_consumers_to_another_connection
    a_broker_that_is_short_of_memory_bounds_a_publish
    a_broker_that_is_away_fails_a_publish_fast
    a_queue_that_is_closed_publishes_no_more
}

/// Longer than any publish may take, with a slow machine's grace.
const BOUND: Duration = Duration::from_secs(15);

/// The adapter with a wire of its own.
async fn wired(bench: &Bench) -> (Proxy, Queue) {
    let config = &bench.broker().config;
    let (before, after) = config.url.as_ref().unwrap().rsplit_once('@').unwrap();
    let (broker, vhost) = after.split_once('/').unwrap();
    let proxy = Proxy::to(broker.to_owned()).await;
    let url = format!("{before}@{}/{vhost}?heartbeat=2", proxy.address());
    let config = Config { url: Some(url), ..config.clone() };
    let queue = Queue::rabbitmq(&config).await.unwrap();
    (proxy, queue)
}

/// Until the broker has it.
async fn publishes(queue: &Queue, destination: &Destination, messages: &[Message]) {
    let until = Instant::now() + LONG;
    loop {
        match queue.publish(destination, messages).await {
            Ok(answers) if answers.iter().all(|answer| *answer == Published::Confirmed) => return,
            Ok(_) | Err(Error::Unreachable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
        assert!(Instant::now() < until, "the broker is there again, and the publisher is not");
    }
}

/// Takes and acks until all of these have come.
async fn all_come(deliveries: &mut Deliveries, mut expected: BTreeSet<Vec<u8>>) {
    while !expected.is_empty() {
        let delivery = next(deliveries).await;
        expected.remove(&delivery.message().encode());
        // On a channel that has gone it comes again, and has been seen.
        let _ = delivery.settle(Verdict::Ack).await;
    }
}

fn encoded(messages: &[Message]) -> BTreeSet<Vec<u8>> {
    messages.iter().map(Message::encode).collect()
}

async fn a_cut_while_publishing_loses_nothing_that_was_confirmed(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(0).await;
    let (mut confirmed, mut failed) = (BTreeSet::new(), 0);
    for (number, batch) in messages(3000).chunks(100).enumerate() {
        let cut = async {
            if number % 3 == 1 {
                tokio::task::yield_now().await;
                proxy.cut();
            }
        };
        match tokio::join!(queue.publish(&destination, batch), cut).0 {
            Ok(answers) => {
                assert_eq!(answers, vec![Published::Confirmed; batch.len()]);
                confirmed.extend(encoded(batch));
            }
            Err(Error::Unreachable(_)) => failed += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(failed > 0 && confirmed.len() >= 1000, "{failed} failed, {} confirmed", confirmed.len());
    let mut deliveries = bench.queue.consume(&destination, 200).await.unwrap();
    all_come(&mut deliveries, confirmed).await;
    queue.close().await;
}

async fn a_cut_while_consuming_is_repaired_and_what_was_in_hand_comes_again(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(300).await;
    let mut deliveries = queue.consume(&destination, 10).await.unwrap();
    let mut seen = BTreeSet::new();
    for round in 0..5 {
        for _ in 0..20 {
            let delivery = next(&mut deliveries).await;
            seen.insert(delivery.message().encode());
            let _ = delivery.settle(Verdict::Ack).await;
        }
        let in_hand = next(&mut deliveries).await;
        let again = in_hand.message();
        assert!(proxy.cut() > 0, "in round {round} there is a connection to cut");
        // Until another connection stands, so that this one is gone for certain.
        let after = next_other(&mut deliveries, again).await;
        assert!(in_hand.settle(Verdict::Ack).await.is_err(), "its channel has gone");
        seen.insert(after);
    }
    all_come(&mut deliveries, encoded(&messages(300)).difference(&seen).cloned().collect()).await;
    drop(deliveries);
    queue.close().await;
}

/// Takes deliveries until that one has come again, and acks it.
async fn next_other(deliveries: &mut Deliveries, expected: Message) -> Vec<u8> {
    loop {
        let delivery = next(deliveries).await;
        let message = delivery.message();
        if message == expected {
            delivery.settle(Verdict::Ack).await.unwrap();
            return message.encode();
        }
        delivery.settle(Verdict::GiveBack).await.ok();
    }
}

async fn a_consumer_comes_back_after_a_long_outage(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.fresh();
    let mut deliveries = queue.consume(&destination, 10).await.unwrap();
    proxy.is(Wire::Refusing);
    proxy.cut();
    bench.publish(&destination, 1).await;
    // Several tries fail.
    assert!(timeout(Duration::from_secs(1), next(&mut deliveries)).await.is_err());
    proxy.is(Wire::Passing);
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    queue.close().await;
}

async fn a_queue_that_is_deleted_under_its_consumer_is_declared_again(bench: Bench) {
    let destination = bench.fresh();
    let mut deliveries = bench.queue.consume(&destination, 10).await.unwrap();
    let consuming = tokio::spawn(async move {
        next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
        next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    });
    bench.publish(&destination, 1).await;
    let broker = bench.broker();
    for _ in 0..2 {
        let queue = broker.name(&destination).into();
        broker.channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
    }
    publishes(&bench.queue, &destination, &messages(1)).await;
    timeout(LONG, consuming).await.expect("the consumer goes on").unwrap();
}

async fn a_broker_that_lost_everything_is_furnished_again(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let (destination, broker) = (bench.fresh(), bench.broker());
    let mut deliveries = queue.consume(&destination, 10).await.unwrap();
    publishes(&queue, &destination, &messages(1)).await;
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    proxy.is(Wire::Refusing);
    proxy.cut();
    for name in [&*destination.to_string(), "notifications", "dead", "parked"] {
        broker.channel.queue_delete(broker.name(name).into(), QueueDeleteOptions::default()).await.unwrap();
    }
    for name in ["runs", "notifications", "dead"] {
        broker
            .channel
            .exchange_delete(broker.name(name).into(), ExchangeDeleteOptions::default())
            .await
            .unwrap();
    }
    proxy.is(Wire::Passing);
    let consuming =
        tokio::spawn(async move { next(&mut deliveries).await.settle(Verdict::Reject).await.unwrap() });
    publishes(&queue, &destination, &messages(1)).await;
    timeout(LONG, consuming).await.expect("the consumer goes on").unwrap();
    bench.comes_to(&destination, (0, 0, 1)).await;
    queue.close().await;
}

async fn a_broker_that_does_not_answer_bounds_a_publish(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(0).await;
    publishes(&queue, &destination, &messages(1)).await;
    proxy.is(Wire::Stalled);
    let (many, begun) = (messages(300), Instant::now());
    // Several at once wait for each other, and not for ever.
    let (one, other) = tokio::join!(queue.publish(&destination, &many), queue.publish(&destination, &many));
    assert!(matches!(one, Err(Error::Unreachable(_))), "{one:?}");
    assert!(matches!(other, Err(Error::Unreachable(_))), "{other:?}");
    // Both have let go of their connections: the next one is stuck in its handshake.
    let stuck = queue.publish(&destination, &many).await;
    assert!(matches!(stuck, Err(Error::Unreachable(_))), "{stuck:?}");
    assert!(begun.elapsed() < 2 * BOUND, "{:?}", begun.elapsed());
    proxy.is(Wire::Passing);
    publishes(&queue, &destination, &messages(1)).await;
    queue.close().await;
}

async fn a_broker_that_does_not_answer_loses_its_consumers_to_another_connection(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.fresh();
    let mut deliveries = queue.consume(&destination, 10).await.unwrap();
    proxy.is(Wire::Stalled);
    bench.publish(&destination, 1).await;
    // The heartbeat finds out.
    assert!(timeout(Duration::from_secs(6), next(&mut deliveries)).await.is_err());
    proxy.is(Wire::Passing);
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    queue.close().await;
}

async fn a_broker_that_is_short_of_memory_bounds_a_publish(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(0).await;
    publishes(&queue, &destination, &messages(1)).await;
    // As a broker does, to the connection that publishes.
    proxy.say(2, BLOCKED);
    // One may pass before the word has arrived.
    let begun = Instant::now();
    let refused = loop {
        match queue.publish(&destination, &messages(300)).await {
            Ok(_) => assert!(begun.elapsed() < BOUND, "it takes messages all the same"),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Unreachable(_)), "{refused:?}");
    let begun = Instant::now();
    for _ in 0..100 {
        queue.publish(&destination, &messages(300)).await.unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "known to be blocked, it is not asked again");
    assert!(queue.depth(&destination).await.is_ok(), "the other connection goes on");
    proxy.say(2, UNBLOCKED);
    publishes(&queue, &destination, &messages(1)).await;
    queue.close().await;
}

async fn a_broker_that_is_away_fails_a_publish_fast(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(0).await;
    publishes(&queue, &destination, &messages(1)).await;
    proxy.is(Wire::Refusing);
    proxy.cut();
    let begun = Instant::now();
    let mut failures = 0;
    while failures < 20 {
        failures += usize::from(queue.publish(&destination, &messages(300)).await.is_err());
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    proxy.is(Wire::Passing);
    publishes(&queue, &destination, &messages(1)).await;
    queue.close().await;
}

async fn a_queue_that_is_closed_publishes_no_more(bench: Bench) {
    let (proxy, queue) = wired(&bench).await;
    let destination = bench.filled(1).await;
    let mut deliveries = queue.consume(&destination, 1).await.unwrap();
    next(&mut deliveries).await.settle(Verdict::Ack).await.unwrap();
    publishes(&queue, &destination, &messages(1)).await;
    queue.close().await;
    assert!(queue.publish(&destination, &messages(1)).await.is_err());
    let until = Instant::now() + LONG;
    while proxy.connections() > 0 {
        assert!(Instant::now() < until, "a connection is left");
        tokio::task::yield_now().await;
    }
    bench.comes_to(&destination, (1, 0, 0)).await;
}
