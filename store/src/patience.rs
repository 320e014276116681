//! How long to wait for a database that does not answer, and between tries: everything here is idempotent and can be
//! done again. What is tried again, and when it must not be, is [`crate::Store`]'s.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Error;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits between tries: 50 ms, doubling, at most 2 s, each shortened by up to a half so that processes do not come back
/// all at once. Without a deadline for as long as it takes.
#[derive(Debug, Clone)]
pub struct Patience {
    what: &'static str,
    until: Option<Instant>,
    next: Duration,
}

impl Patience {
    /// `what` waits, for the log: `claiming runs`.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, until: None, next: FIRST }
    }

    /// Gives up at an instant.
    #[must_use]
    pub const fn until(self, instant: Instant) -> Self {
        Self { until: Some(instant), ..self }
    }

    /// Says why it waits, then waits. False at once when the deadline would have passed by then.
    pub(crate) async fn wait(&mut self, error: &Error) -> bool {
        let shortened = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        if self.until.is_some_and(|until| Instant::now() + shortened >= until) {
            return false;
        }
        tracing::warn!(error = error as &dyn std::error::Error, "{} has to wait for the database", self.what);
        sleep(shortened).await;
        true
    }
}

/// Tries that follow at once, of what passes by itself.
pub(crate) const QUICK_TRIES: u32 = 4;

/// Waits a moment between two quick tries: up to 10 ms, then up to 20, 40, at random, so that two that were in each
/// other's way do not meet again.
pub(crate) async fn moment(tries: u32) {
    sleep(Duration::from_millis(10 << tries.min(3)).mul_f64(rand::random_range(0.1..=1.0))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Error {
        Error::unavailable("a test")
    }

    #[tokio::test(start_paused = true)]
    async fn the_waits_grow_to_two_seconds() {
        let mut patience = Patience::new("testing");
        let began = Instant::now();
        for _ in 0..10 {
            assert!(patience.wait(&error()).await);
        }
        let waited = began.elapsed();
        // 50 ms to 1.6 s, then four times 2 s, each whole or half of it.
        assert!(waited <= Duration::from_millis(3150 + 8000 + 20), "{waited:?}");
        assert!(waited >= Duration::from_millis((3150 + 8000) / 2), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_at_its_deadline() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut patience = Patience::new("testing").until(deadline);
        while patience.wait(&error()).await {}
        assert!(Instant::now() < deadline);
    }
}
