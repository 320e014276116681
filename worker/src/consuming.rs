//! Takes deliveries while the worker has a way out, until it is told to stop.

use std::future::Future;

use queue::{Destination, Message, Queue, Verdict};
use tokio_util::sync::CancellationToken;

use crate::{Config, Error, egress::Egress};

/// Takes deliveries while there is a way out. The loop is stopped and begun anew rather than paused, so that what
/// waits in this worker's prefetch is other workers' at once.
pub(crate) async fn consume<H, F>(
    queue: &Queue,
    config: &Config,
    shutdown: &CancellationToken,
    egress: &Egress,
    handler: H,
) -> Result<(), Error>
where
    H: Fn(Message) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Verdict> + Send + 'static,
{
    let destination = Destination::Runs(config.location.clone());
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = egress.found() => {}
        }
        let deliveries = queue.consume(&destination, config.slots).await?;
        let turn = shutdown.child_token();
        let working = queue::work("worker", deliveries, config.slots.into(), turn.clone(), handler.clone());
        tokio::pin!(working);
        tokio::select! {
            worked = &mut working => worked?,
            () = egress.lost() => {
                turn.cancel();
                working.await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use queue::{Depth, InProcess};
    use tokio::{
        sync::{Semaphore, mpsc, watch},
        task::JoinHandle,
    };

    use super::*;

    /// A consumer whose handler says that it was called and waits for a permit.
    struct Bench {
        broker: InProcess,
        way_out: watch::Sender<bool>,
        called: mpsc::UnboundedReceiver<Message>,
        go_on: Arc<Semaphore>,
        shutdown: CancellationToken,
        consuming: JoinHandle<Result<(), Error>>,
    }

    impl Bench {
        fn start(way_out: bool) -> Self {
            let (broker, config) = (InProcess::default(), Config { slots: 1, ..Config::default() });
            let (way_out, there) = watch::channel(way_out);
            let (call, called) = mpsc::unbounded_channel();
            let (go_on, shutdown) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
            let handler = {
                let go_on = go_on.clone();
                move |message| {
                    let (call, go_on) = (call.clone(), go_on.clone());
                    async move {
                        call.send(message).unwrap();
                        go_on.acquire().await.unwrap().forget();
                        Verdict::Ack
                    }
                }
            };
            let consuming = {
                let (queue, shutdown) = (Queue::InProcess(broker.clone()), shutdown.clone());
                let egress = Egress::told(there);
                tokio::spawn(async move { consume(&queue, &config, &shutdown, &egress, handler).await })
            };
            Self { broker, way_out, called, go_on, shutdown, consuming }
        }

        fn queue(&self) -> Queue {
            Queue::InProcess(self.broker.clone())
        }

        async fn publish(&self) {
            let run_id = "run_00000000000000000000000000000001".parse().unwrap();
            let destination = Destination::Runs("default".parse().unwrap());
            self.queue().declare(&destination).await.unwrap();
            self.queue().publish(&destination, &[Message::ExecuteRun { run_id }]).await.unwrap();
        }

        async fn depth(&self) -> Depth {
            let destination = Destination::Runs("default".parse().unwrap());
            self.queue().depth(&destination).await.unwrap().unwrap()
        }

        async fn stop(self) {
            self.shutdown.cancel();
            self.consuming.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn without_a_way_out_nothing_is_taken_until_there_is_one() {
        let mut bench = Bench::start(false);
        bench.publish().await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.depth().await, Depth { ready: 1, unacked: Some(0), ..Depth::default() });
        bench.way_out.send_replace(true);
        bench.called.recv().await.unwrap();
        bench.go_on.add_permits(1);
        bench.stop().await;
    }

    #[tokio::test]
    async fn when_the_way_out_is_lost_what_is_in_hand_ends_and_nothing_more_is_taken() {
        let mut bench = Bench::start(true);
        bench.publish().await;
        bench.publish().await;
        bench.called.recv().await.unwrap();
        bench.way_out.send_replace(false);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        bench.go_on.add_permits(1);
        while bench.depth().await.unacked > Some(0) {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.depth().await, Depth { ready: 1, unacked: Some(0), ..Depth::default() });
        bench.way_out.send_replace(true);
        bench.called.recv().await.unwrap();
        bench.go_on.add_permits(1);
        bench.stop().await;
    }

    #[tokio::test]
    async fn a_worker_without_a_way_out_stops_when_told() {
        Bench::start(false).stop().await;
    }
}
