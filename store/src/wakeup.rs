//! Wake-ups: a hint that there may be something to do now. Polling is what correctness rests on, so a hint that gets
//! lost costs time and nothing else. With the embedded database they stay within the process, which is the only one;
//! with PostgreSQL they also reach the other processes on the same schema.

mod remote;
mod session;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_postgres::Config;

use self::remote::Remote;

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

impl Topic {
    const ALL: [Self; 3] = [Self::Runs, Self::Notifications, Self::Results];

    /// As channels of PostgreSQL have it: no underscore, no capitals.
    fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Notifications => "notifications",
            Self::Results => "results",
        }
    }
}

/// One counter per topic; a watch channel coalesces, so a slow listener holds nothing up and nothing grows.
#[derive(Debug, Clone)]
struct Counters(Arc<[watch::Sender<u64>; 3]>);

impl Counters {
    fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| watch::Sender::new(0))))
    }

    fn count(&self, topic: Topic) {
        self.0[topic as usize].send_modify(|count| *count += 1);
    }

    fn watch(&self, topic: Topic) -> watch::Receiver<u64> {
        self.0[topic as usize].subscribe()
    }
}

/// The wake-ups of one store. Clones share everything; what goes on in the background ends with the last one.
#[derive(Debug, Clone)]
pub(crate) struct Wakeups {
    heard: Counters,
    remote: Option<Arc<Remote>>,
}

impl Wakeups {
    /// Within this process.
    pub(crate) fn local() -> Self {
        Self { heard: Counters::new(), remote: None }
    }

    /// Also to and from other processes, over a connection that is made when it is first of use.
    pub(crate) fn across(config: Config) -> Self {
        let heard = Counters::new();
        Self { remote: Some(Arc::new(Remote::new(config, heard.clone()))), heard }
    }

    pub(crate) fn notify_here(&self, topic: Topic) {
        self.heard.count(topic);
    }

    pub(crate) fn notify(&self, topic: Topic) {
        self.notify_here(topic);
        if let Some(remote) = &self.remote {
            remote.notify(topic);
        }
    }

    pub(crate) fn listen(&self, topic: Topic) -> Listener {
        let listener = Listener(self.heard.watch(topic));
        if let Some(remote) = &self.remote {
            remote.start();
        }
        listener
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
        let wakeups = Wakeups::local();
        let mut listener = wakeups.listen(Topic::Runs);
        wakeups.notify(Topic::Runs);
        wakeups.notify(Topic::Runs);
        listener.heard().await;
        assert!(!listener.0.has_changed().unwrap());
        wakeups.notify(Topic::Results);
        assert!(!listener.0.has_changed().unwrap());
    }

    #[test]
    fn without_a_runtime_wakeups_stay_within_the_process() {
        let wakeups = Wakeups::across("host=127.0.0.1".parse().unwrap());
        let listener = wakeups.listen(Topic::Runs);
        wakeups.notify(Topic::Runs);
        assert!(listener.0.has_changed().unwrap());
    }
}
