//! What people see of the queues.

use scheduler::figures;
use serde_json::json;
use store::queues;

use crate::fleet::Fleet;

#[tokio::test]
async fn figures_tell_messages_and_rows_that_wait() {
    let fleet = Fleet::watching(json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    figures::once(&fleet.store, &fleet.queue).await.unwrap();
    let seen = queues::list(&mut fleet.store.read().await.unwrap()).await.unwrap();
    let seen: Vec<_> =
        seen.iter().map(|queue| (queue.name.as_str(), queue.ready, queue.waiting.rows)).collect();
    assert_eq!(seen, [("notifications", 0, 0), ("runs.default", 1, 1)]);

    let run = fleet.run().await.id;
    fleet.called("default").await;
    fleet.claim(run).await;
    figures::once(&fleet.store, &fleet.queue).await.unwrap();
    let seen = queues::list(&mut fleet.store.read().await.unwrap()).await.unwrap();
    assert_eq!((seen[1].ready, seen[1].waiting), (0, queues::Waiting::default()));
}
