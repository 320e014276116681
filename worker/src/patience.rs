//! Waiting for a database that does not answer: everything here is idempotent and can be done again.

use std::time::Duration;

use tokio::time::sleep;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits between tries: 50 ms, doubling, at most 2 s, each shortened by up to a half so that workers do not come back
/// all at once.
pub(crate) struct Patience {
    next: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Says why it waits, then waits.
    pub(crate) async fn wait(&mut self, what: &str, error: &store::Error) {
        tracing::warn!(error = error as &dyn std::error::Error, "{what} has to wait for the database");
        let shortened = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        sleep(shortened).await;
    }
}
