//! Batches without a timer: a batch is what arrived while the previous one was under way. Idle, an item waits for
//! nothing; under load, hundreds share one transaction.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

type Waiting<I, O> = (I, oneshot::Sender<O>);

/// Hands items to one task that works through them in batches. Clones share the task, which ends with the last clone.
pub(crate) struct Batcher<I, O> {
    sender: mpsc::Sender<Waiting<I, O>>,
}

impl<I, O> Clone for Batcher<I, O> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// `work` takes at most `limit` items and answers each, in their order.
    pub(crate) fn spawn<W, F>(limit: usize, mut work: W) -> Self
    where
        W: FnMut(Vec<I>) -> F + Send + 'static,
        F: Future<Output = Vec<O>> + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel::<Waiting<I, O>>(limit);
        tokio::spawn(async move {
            let mut arrived = Vec::with_capacity(limit);
            while receiver.recv_many(&mut arrived, limit).await > 0 {
                let (items, waiting): (Vec<I>, Vec<oneshot::Sender<O>>) = arrived.drain(..).unzip();
                // In a task of its own: a panic, a defect of ours, costs this batch and not those to come.
                let Ok(answers) = tokio::spawn(work(items)).await else { continue };
                for (answer, waiter) in answers.into_iter().zip(waiting) {
                    // Whoever asked may have gone: the work is done all the same.
                    let _ = waiter.send(answer);
                }
            }
        });
        Self { sender }
    }

    /// Waits for the answer; `None` when the work on its batch panicked.
    pub(crate) async fn submit(&self, item: I) -> Option<O> {
        let (waiter, answer) = oneshot::channel();
        self.sender.send((item, waiter)).await.ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_panic_costs_its_own_batch_only() {
        let batcher = Batcher::spawn(10, |items: Vec<u32>| async move {
            assert!(items != [13], "unlucky");
            items
        });
        assert_eq!(batcher.submit(13).await, None);
        assert_eq!(batcher.submit(14).await, Some(14));
    }

    #[tokio::test]
    async fn what_arrives_during_one_batch_is_the_next_one() {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let batcher = {
            let (sizes, begun, go_on) = (sizes.clone(), begun.clone(), go_on.clone());
            Batcher::spawn(10, move |items: Vec<u32>| {
                sizes.lock().unwrap().push(items.len());
                let (begun, go_on) = (begun.clone(), go_on.clone());
                async move {
                    begun.notify_one();
                    go_on.notified().await;
                    items.into_iter().map(|item| item * 2).collect()
                }
            })
        };
        let submit = |item| {
            let batcher = batcher.clone();
            tokio::spawn(async move { batcher.submit(item).await })
        };
        let first = submit(1);
        begun.notified().await;
        let rest: Vec<_> = (2..6).map(submit).collect();
        // The four are waiting in the channel before the first batch is let go.
        while batcher.sender.capacity() > 10 - 4 {
            tokio::task::yield_now().await;
        }
        go_on.notify_one();
        begun.notified().await;
        go_on.notify_one();
        assert_eq!(first.await.unwrap(), Some(2));
        let mut answers = Vec::new();
        for answer in rest {
            answers.push(answer.await.unwrap());
        }
        assert_eq!(answers, [4, 6, 8, 10].map(Some));
        assert_eq!(*sizes.lock().unwrap(), [1, 4]);
    }
}
