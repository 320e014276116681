//! Wake-ups: a hint that there may be something to do now. Polling is what correctness rests on, so a hint that gets
//! lost costs time and nothing else. Within one process so far; PostgreSQL's NOTIFY joins in with the fleet.

use std::sync::Arc;

use tokio::sync::watch;

/// What there may be news about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Runs became due.
    Runs,
    /// Notifications became due.
    Notifications,
    /// Runs finished, incidents changed.
    Results,
}

/// One counter per topic; a watch channel coalesces, so a slow listener holds nothing up and nothing grows.
#[derive(Debug, Clone)]
pub(crate) struct Wakeups(Arc<[watch::Sender<u64>; 3]>);

impl Wakeups {
    pub(crate) fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| watch::Sender::new(0))))
    }

    pub(crate) fn notify(&self, topic: Topic) {
        self.0[topic as usize].send_modify(|count| *count += 1);
    }

    pub(crate) fn listen(&self, topic: Topic) -> Listener {
        Listener(self.0[topic as usize].subscribe())
    }
}

/// Hears every wake-up of one topic that happens after it was made; several in a row may be heard as one.
#[derive(Debug)]
pub struct Listener(watch::Receiver<u64>);

impl Listener {
    /// Waits for the next wake-up. Cancel safe. Never returns once the store has gone.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wakeup_before_listening_again_is_not_lost() {
        let wakeups = Wakeups::new();
        let mut listener = wakeups.listen(Topic::Runs);
        wakeups.notify(Topic::Runs);
        wakeups.notify(Topic::Runs);
        listener.heard().await;
        assert!(!listener.0.has_changed().unwrap());
        wakeups.notify(Topic::Results);
        assert!(!listener.0.has_changed().unwrap());
    }
}
