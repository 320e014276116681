//! What people see of the fleet: figures of queues, and what workers have in hand.

use store::{
    queues::{self, QueueFigures, Waiting},
    workers,
};

use crate::{
    fixtures::{inserted, manual, running, slug, worker},
    harness::{Bench, conformance, write},
};

conformance! {
    the_newest_figures_of_a_queue_replace_the_former_ones
    a_queue_that_nobody_sees_any_more_is_forgotten
    waiting_runs_are_counted_per_location_with_the_oldest
    runs_in_hand_are_counted_per_worker
}

fn figures(bench: &Bench, name: &str, ready: u64) -> QueueFigures {
    QueueFigures {
        name: name.to_owned(),
        ready,
        unacked: None,
        consumers: 2,
        dead: 0,
        parked: 1,
        waiting: Waiting { rows: 3, oldest_at: Some(bench.now()) },
        updated_at: bench.now(),
    }
}

async fn keep(bench: &Bench, seen: Vec<QueueFigures>) {
    let forget_before = bench.after(-60);
    write!(bench, |conn| queues::save(conn, &seen, forget_before)).unwrap();
}

async fn the_newest_figures_of_a_queue_replace_the_former_ones(bench: Bench) {
    keep(&bench, vec![figures(&bench, "runs.default", 1), figures(&bench, "notifications", 2)]).await;
    let newer = figures(&bench, "runs.default", 7);
    keep(&bench, vec![newer.clone()]).await;
    let all = queues::list(&mut bench.conn().await).await.unwrap();
    assert_eq!(all, [figures(&bench, "notifications", 2), newer]);
}

async fn a_queue_that_nobody_sees_any_more_is_forgotten(bench: Bench) {
    keep(&bench, vec![figures(&bench, "runs.oslo", 1)]).await;
    bench.clock.advance(chrono::TimeDelta::seconds(61));
    keep(&bench, vec![figures(&bench, "runs.default", 1)]).await;
    let all = queues::list(&mut bench.conn().await).await.unwrap();
    assert_eq!(all, [figures(&bench, "runs.default", 1)]);
}

async fn waiting_runs_are_counted_per_location_with_the_oldest(bench: Bench) {
    let elsewhere = store::runs::NewRun { location: slug("oslo"), ..manual(bench.after(-5)) };
    inserted(&bench, vec![manual(bench.now()), manual(bench.after(-2)), elsewhere]).await;
    let waiting = queues::waiting_runs(&mut bench.conn().await, bench.now()).await.unwrap();
    let expected = [("default", 2, -2), ("oslo", 1, -5)].map(|(location, rows, seconds)| {
        (slug(location), Waiting { rows, oldest_at: Some(bench.after(seconds)) })
    });
    assert_eq!(waiting, expected.into());
    let notifications = queues::waiting_notifications(&mut bench.conn().await).await.unwrap();
    assert_eq!(notifications, Waiting::default());
}

async fn runs_in_hand_are_counted_per_worker(bench: Bench) {
    let idle = worker(&bench).await;
    let (_, busy) = running(&bench).await;
    let running = workers::running(&mut bench.conn().await, bench.now()).await.unwrap();
    assert_eq!((running.get(&busy), running.get(&idle)), (Some(&1), None));
    let served = queues::waiting_runs(&mut bench.conn().await, bench.now()).await.unwrap();
    assert_eq!(served, [(slug("default"), Waiting::default())].into(), "somebody stands there");
}
