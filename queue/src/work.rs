//! The loop that workers and notifiers share: take deliveries, run handlers side by side, stop when told.

use std::{convert::Infallible, future::Future};

use apalis::prelude::{ParallelizeExt, WorkerBuilder, WorkerBuilderExt};
use apalis_core::error::WorkerError;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{Deliveries, Error, Feed, Message, Verdict, feed::Call};

/// Runs `handler` for each delivery, at most `concurrency` at a time, each in a task of its own, until `shutdown`.
/// Then it takes no further delivery, lets the running handlers finish, and returns. A handler that panics costs its
/// own delivery, which goes to the dead letters, and nothing else. What a handler logs carries its message's trace, so
/// that the lines of all processes about one run join.
///
/// # Errors
/// [`Error::Loop`] when the loop ended before it was asked to.
pub async fn work<H, F>(
    name: &str,
    deliveries: Deliveries,
    concurrency: usize,
    shutdown: CancellationToken,
    handler: H,
) -> Result<(), Error>
where
    H: Fn(Message) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Verdict> + Send + 'static,
{
    let stop = shutdown.child_token();
    let feed = Feed::new(deliveries, stop.clone());
    let close = feed.closer();
    let handle = move |Call { message, trace }: Call| {
        let handler = handler.clone();
        let (trace_id, parent_id) = (trace.trace_id(), trace.parent_id());
        let span = tracing::info_span!("queue.deliver", trace.id = trace_id, trace.parent_id = parent_id);
        // The call itself may panic, so it belongs inside the future, where a panic is caught.
        async move { Ok::<Verdict, Infallible>(handler(message).await) }.instrument(span)
    };
    let stopped = async move {
        stop.cancelled().await;
        close();
        Ok::<(), WorkerError>(())
    };
    // No retry or time-out layer: a retry would meet its own claim. Without `parallelize` all handlers share a task.
    let worker = WorkerBuilder::new(name)
        .backend(feed)
        .concurrency(concurrency.max(1))
        .parallelize(tokio::spawn)
        .catch_panic()
        .build(handle);
    // Boxed, because the compiler cannot tell that the layers' own type may be sent between threads once it is
    // inside a caller's future ("implementation of `FnOnce` is not general enough").
    let running: BoxFuture<'static, Result<(), WorkerError>> = Box::pin(worker.run_until(stopped));
    running.await.map_err(|error| Error::Loop(error.into()))?;
    if shutdown.is_cancelled() { Ok(()) } else { Err(Error::Loop("the deliveries ended".into())) }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::{Destination, Queue};

    #[tokio::test]
    async fn deliveries_that_end_by_themselves_are_an_error() {
        let handler = |_| async { Verdict::Ack };
        let ended =
            work("bench", Deliveries::new(stream::empty()), 1, CancellationToken::new(), handler).await;
        assert!(matches!(ended, Err(Error::Loop(_))), "{ended:?}");
    }

    #[tokio::test]
    async fn shutdown_drops_the_deliveries_although_a_handler_is_running() {
        let queue = Queue::in_process();
        let run_id = "run_00000000000000000000000000000001".parse().unwrap();
        let destination = Destination::Notifications;
        let deliveries = queue.consume(&destination, 9).await.unwrap();
        queue.publish(&destination, &[Message::ExecuteRun { run_id }]).await.unwrap();
        let dropped = CancellationToken::new();
        let guard = dropped.clone().drop_guard();
        let deliveries = Deliveries::new(deliveries.inspect(move |_| _ = &guard));

        let (shutdown, finish) = (CancellationToken::new(), CancellationToken::new());
        let handler = {
            let (shutdown, finish) = (shutdown.clone(), finish.clone());
            move |_| {
                shutdown.cancel();
                let finish = finish.clone().cancelled_owned();
                async move {
                    finish.await;
                    Verdict::Ack
                }
            }
        };
        let working = tokio::spawn(work("bench", deliveries, 1, shutdown, handler));
        dropped.cancelled().await;
        assert!(!working.is_finished());
        finish.cancel();
        working.await.unwrap().unwrap();
        let depth = queue.depth(&destination).await.unwrap().unwrap();
        assert_eq!((depth.ready, depth.unacked, depth.dead), (0, Some(0), 0));
    }
    /// What a subscriber has written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    // One thread, whose subscriber it is.
    #[tokio::test]
    async fn what_a_handler_logs_carries_the_trace_of_its_message() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let _subscribed = tracing::subscriber::set_default(subscriber);
        let queue = Queue::in_process();
        let run_id = "run_00000000000000000000000000000abc".parse().unwrap();
        let deliveries = queue.consume(&Destination::Notifications, 1).await.unwrap();
        queue.publish(&Destination::Notifications, &[Message::ExecuteRun { run_id }]).await.unwrap();
        let shutdown = CancellationToken::new();
        let handler = {
            let shutdown = shutdown.clone();
            move |_| {
                let shutdown = shutdown.clone();
                async move {
                    tracing::info!("A step.");
                    shutdown.cancel();
                    Verdict::Ack
                }
            }
        };
        work("bench", deliveries, 1, shutdown, handler).await.unwrap();
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line = written.lines().find(|line| line.contains("A step.")).unwrap();
        assert!(
            line.contains("queue.deliver") && line.contains("00000000000000000000000000000abc"),
            "{line}"
        );
    }
}
