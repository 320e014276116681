//! Batches: a batch is what arrived while the previous one was under way. An item waits for nothing else as long as
//! there are few; when there are many, batches begin no more often than [`PACE`], so that a fast database does not make
//! them small: hundreds of runs a second share some tens of transactions.

use std::{future::Future, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

/// Between the beginnings of two batches when items come thick: what it adds to a run is small against what the runs
/// before it take then.
const PACE: Duration = Duration::from_millis(100);
/// Items per second that are many.
const MANY: f64 = 300.0;
/// Over how long items are counted: a burst of some tens does not make a busy worker.
const MEMORY: Duration = Duration::from_millis(200);

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
            let mut rhythm = Rhythm::new();
            while receiver.recv_many(&mut arrived, limit).await > 0 {
                if let Some(next) = rhythm.next() {
                    sleep_until(next).await;
                    while arrived.len() < limit
                        && let Ok(item) = receiver.try_recv()
                    {
                        arrived.push(item);
                    }
                }
                rhythm.begin(arrived.len());
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

/// How thick items come: their rate, in which older ones count less and less.
struct Rhythm {
    /// When the last batch began.
    began: Instant,
    /// Items per second, by then.
    rate: f64,
}

impl Rhythm {
    fn new() -> Self {
        Self { began: Instant::now(), rate: 0.0 }
    }

    fn begin(&mut self, items: usize) {
        let faded = (-self.began.elapsed().div_duration_f64(MEMORY)).exp();
        self.rate = self.rate * faded + items as f64 / MEMORY.as_secs_f64();
        self.began = Instant::now();
    }

    /// Until when the next batch waits for more; nothing when it begins at once.
    fn next(&self) -> Option<Instant> {
        let next = self.began + PACE;
        (self.rate > MANY && next > Instant::now()).then_some(next)
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

    /// The sizes of the batches in which items are worked through that come in this interval.
    async fn sizes(items: u32, interval: Duration) -> Vec<usize> {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let batcher = {
            let sizes = sizes.clone();
            Batcher::spawn(1000, move |items: Vec<u32>| {
                sizes.lock().unwrap().push(items.len());
                async move { items }
            })
        };
        let mut answers = Vec::new();
        for item in 0..items {
            let batcher = batcher.clone();
            answers.push(tokio::spawn(async move { batcher.submit(item).await }));
            tokio::time::sleep(interval).await;
        }
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        sizes.lock().unwrap().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn few_items_wait_for_nothing() {
        assert_eq!(sizes(100, Duration::from_millis(10)).await, [1; 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_items_share_a_batch_although_the_work_takes_no_time() {
        let sizes = sizes(2000, Duration::from_millis(1)).await;
        assert_eq!(sizes.iter().sum::<usize>(), 2000);
        let busy = &sizes[sizes.len() - 10..sizes.len() - 1];
        assert!(busy.iter().all(|size| *size >= 90), "{busy:?}");
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
