//! All duties together, as the executable runs them.

use futures_util::StreamExt;
use queue::{Destination, Message};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, slug};

#[tokio::test]
async fn a_slot_is_called_without_waiting_for_a_poll_and_a_shutdown_ends_all_duties() {
    let fleet = Fleet::watching(json!({})).await;
    let mut deliveries = fleet.queue.consume(&Destination::Runs(slug("default")), 1).await.unwrap();
    let shutdown = CancellationToken::new();
    let scheduler = tokio::spawn(scheduler::run(
        fleet.store.clone(),
        fleet.queue.clone(),
        scheduler::Config::default(),
        shutdown.clone(),
    ));

    let called = deliveries.next().await.unwrap().message();
    assert_eq!(called, Message::ExecuteRun { run_id: fleet.run().await.id });
    shutdown.cancel();
    scheduler.await.unwrap().unwrap();
}
