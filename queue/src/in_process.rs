//! The broker of the embedded mode: queues in memory, bounded, with the same promises as the one over the network.
//! Nothing survives the process, and nothing has to: the relay publishes again whatever is still queued in a row.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use futures_util::stream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::{Deliveries, Delivery, Depth, Destination, Message, Published, Verdict};

/// How many messages a queue holds, settled ones not counted. At 24 bytes each this bounds a queue to about 2 MiB.
const CAPACITY: usize = 65_536;

/// Queues in memory. Clones share them.
#[derive(Clone)]
pub struct InProcess {
    capacity: usize,
    lanes: Arc<Mutex<HashMap<Destination, Arc<Lane>>>>,
    /// Something was settled.
    settled: Arc<Notify>,
}

/// One queue.
struct Lane {
    contents: Mutex<Contents>,
    /// A message has come, or come back.
    arrived: Notify,
    settled: Arc<Notify>,
}

#[derive(Default)]
struct Contents {
    ready: VecDeque<Message>,
    unacked: usize,
    dead: usize,
    consumers: usize,
}

impl Default for InProcess {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl InProcess {
    /// A broker whose queues hold `capacity` messages each.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, lanes: Arc::default(), settled: Arc::default() }
    }

    /// Waits until every queue is empty and everything delivered is settled: for tests, instead of sleeping.
    pub async fn drained(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let busy = |lane: &Arc<Lane>| lane.contents().held() > 0;
            if !self.lanes().values().any(busy) {
                return;
            }
            settled.await;
        }
    }

    pub(crate) fn declare(&self, destination: &Destination) {
        self.lane_or_new(destination);
    }

    pub(crate) fn publish(&self, destination: &Destination, messages: &[Message]) -> Vec<Published> {
        let Some(lane) = self.lanes().get(destination).cloned() else {
            return vec![Published::Returned; messages.len()];
        };
        let answers = {
            let mut contents = lane.contents();
            let mut accept = |message: &Message| {
                if contents.held() >= self.capacity {
                    return Published::Refused;
                }
                contents.ready.push_back(*message);
                Published::Confirmed
            };
            messages.iter().map(&mut accept).collect()
        };
        lane.arrived.notify_waiters();
        answers
    }

    pub(crate) fn consume(&self, destination: &Destination, prefetch: u16) -> Deliveries {
        let consumer = Consumer::of(self.lane_or_new(destination));
        let window = Arc::new(Semaphore::new(usize::from(prefetch.max(1))));
        Deliveries::new(stream::unfold((consumer, window), |(consumer, window)| async move {
            let place = window.clone().acquire_owned().await.expect("nobody closes the window");
            let delivery = consumer.0.clone().next(place).await;
            Some((delivery, (consumer, window)))
        }))
    }

    pub(crate) fn depth(&self, destination: &Destination) -> Option<Depth> {
        let lane = self.lanes().get(destination).cloned()?;
        let contents = lane.contents();
        let Contents { ref ready, unacked, dead, consumers } = *contents;
        Some(Depth { ready: ready.len(), consumers, unacked: Some(unacked), dead, parked: 0 })
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Destination, Arc<Lane>>> {
        self.lanes.lock().expect("no holder of this lock panics")
    }

    fn lane_or_new(&self, destination: &Destination) -> Arc<Lane> {
        let new = || {
            let settled = self.settled.clone();
            Arc::new(Lane { contents: Mutex::default(), arrived: Notify::new(), settled })
        };
        self.lanes().entry(destination.clone()).or_insert_with(new).clone()
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Contents {
    fn held(&self) -> usize {
        self.ready.len() + self.unacked
    }
}

impl Lane {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().expect("no holder of this lock panics")
    }

    /// The next message, when there is one. Dropping this future loses nothing: a message leaves the queue only in
    /// the poll that returns it.
    async fn next(self: Arc<Self>, place: OwnedSemaphorePermit) -> Delivery {
        loop {
            // Listening before looking: what comes in between is not missed.
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(message) = self.take() {
                let receipt = Receipt { lane: self.clone(), message, place: Some(place) };
                return Delivery::in_process(message, receipt);
            }
            arrived.await;
        }
    }

    fn take(&self) -> Option<Message> {
        let mut contents = self.contents();
        let message = contents.ready.pop_front()?;
        contents.unacked += 1;
        Some(message)
    }

    fn settle(&self, message: Message, verdict: Verdict) {
        let mut contents = self.contents();
        contents.unacked -= 1;
        match verdict {
            Verdict::Ack => {}
            Verdict::Reject => contents.dead += 1,
            Verdict::GiveBack => contents.ready.push_front(message),
        }
        drop(contents);
        if verdict == Verdict::GiveBack {
            self.arrived.notify_waiters();
        }
        self.settled.notify_waiters();
    }
}

/// Counted for as long as it takes deliveries.
struct Consumer(Arc<Lane>);

impl Consumer {
    fn of(lane: Arc<Lane>) -> Self {
        lane.contents().consumers += 1;
        Self(lane)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.0.contents().consumers -= 1;
    }
}

/// What settles a delivery once: by verdict, or by being dropped.
pub(crate) struct Receipt {
    lane: Arc<Lane>,
    message: Message,
    /// The delivery's place in its consumer's prefetch window; none once it is settled.
    place: Option<OwnedSemaphorePermit>,
}

impl Receipt {
    pub(crate) fn settle(mut self, verdict: Verdict) {
        self.settle_once(verdict);
    }

    fn settle_once(&mut self, verdict: Verdict) {
        // The place is free only afterwards, so that the window is never exceeded, not even for a moment.
        if let Some(_place) = self.place.take() {
            self.lane.settle(self.message, verdict);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.settle_once(Verdict::GiveBack);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("settled", &self.place.is_none()).finish_non_exhaustive()
    }
}
