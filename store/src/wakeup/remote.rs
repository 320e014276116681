//! The background task that keeps one connection for wake-ups, for ever: when it is made, how long a lost one is waited
//! for, and what the log says of it. What goes over the connection is `session`'s.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_postgres::Config;
use uuid::Uuid;

use super::{
    Counters, Topic,
    session::{Owed, Session},
};

/// Between two attempts to connect; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What one store says to other processes, and hears from them.
#[derive(Debug)]
pub(super) struct Remote {
    config: Config,
    heard: Counters,
    /// What this store has to say.
    said: Counters,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Remote {
    pub(super) fn new(mut config: Config, heard: Counters) -> Self {
        let name = format!("{} listen", config.get_application_name().unwrap_or("skopos"));
        config.application_name(name);
        Self { config, heard, said: Counters::new(), task: Mutex::new(None) }
    }

    pub(super) fn notify(&self, topic: Topic) {
        self.said.count(topic);
        self.start();
    }

    /// Starts the task unless it runs. It ends with the runtime that it was started in, so the next one starts it anew;
    /// where there is none, there is nobody to wait for other processes either.
    pub(super) fn start(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let owed = Topic::ALL.map(|topic| Owed::new(topic, self.said.watch(topic)));
            *task = Some(runtime.spawn(keep(self.config.clone(), self.heard.clone(), owed)));
        }
    }
}

/// The last clone of the store has gone. The connection is the task's, and goes with it.
impl Drop for Remote {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

async fn keep(config: Config, heard: Counters, mut owed: [Owed; 3]) {
    let store = Uuid::new_v4().to_string();
    let mut wait = Wait(FIRST_WAIT);
    let mut outage = Outage(false);
    loop {
        let mut since = None;
        let session = Session { config: &config, heard: &heard, store: &store };
        let ready = || {
            since = Some(Instant::now());
            outage.over();
        };
        let why = session.hold(&mut owed, ready).await;
        outage.begins(&why);
        let longest = wait.next(since.map_or(Duration::ZERO, |since| since.elapsed()));
        // Many processes lose the server at once, and must not come back at once.
        sleep(longest.mul_f64(rand::random_range(0.5..=1.0))).await;
    }
}

/// How long the next attempt waits, before jitter.
struct Wait(Duration);

impl Wait {
    /// A connection that did not live long counts as a failed attempt: a server that accepts and hangs up is not well.
    fn next(&mut self, lived: Duration) -> Duration {
        if lived > LAST_WAIT * 2 {
            self.0 = FIRST_WAIT;
        }
        let wait = self.0;
        self.0 = (wait * 2).min(LAST_WAIT);
        wait
    }
}

/// Says once that the connection is lost and once that it is back, however many attempts lie between.
struct Outage(bool);

impl Outage {
    fn begins(&mut self, why: &str) {
        if std::mem::replace(&mut self.0, true) {
            tracing::debug!(error = why, "still no connection for wake-ups");
        } else {
            tracing::warn!(
                error = why,
                "the connection for wake-ups is lost: until it is back, work from other processes is found by polling"
            );
        }
    }

    fn over(&mut self) {
        if std::mem::replace(&mut self.0, false) {
            tracing::info!("the connection for wake-ups is back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_five_seconds_and_starts_again_after_a_good_connection() {
        let mut wait = Wait(FIRST_WAIT);
        let short = Duration::from_secs(1);
        let waits: Vec<_> = (0..8).map(|_| wait.next(short).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(wait.next(Duration::from_mins(1)), FIRST_WAIT);
    }
}
