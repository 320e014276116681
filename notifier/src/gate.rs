//! One at a time: Slack and mail servers do not know a message for the same when it comes again. Whatever they have taken and
//! we have not written down yet is sent twice if we crash. So of each kind a notifier has one such message at most: the next
//! is handed over when the one before is recorded.
//!
//! Nobody waits long for that. A receiver that does not answer in time is let go, and nobody waits for it again until it
//! answers in time. Few wait here, so that one kind does not fill the notifier's slots; the others wait in their rows (ADR 14),
//! and where that would take too long, a message goes out beside the gate: better twice after a crash than late.

use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Turn, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::receiver::Receiver;

/// For as long a receiver has the gate for itself: many times what those that work take.
const ALONE: Duration = Duration::from_secs(2);
/// One is inside, and the next is ready. Whoever is here when the notifier dies waits for the end of its lease.
const PLACES: usize = 2;
/// Nobody waits longer than that in a row.
const PATIENCE: Duration = Duration::from_secs(30);
/// What one message takes, before we know.
const GUESS: Duration = Duration::from_millis(100);

/// A gate for each kind of receiver that needs one.
#[derive(Default)]
pub(crate) struct Gates {
    slack: Arc<Gate>,
    mail: Arc<Gate>,
}

/// Of one kind.
struct Gate {
    turn: Arc<Turn<()>>,
    places: Arc<Semaphore>,
    inside: Mutex<Inside>,
}

/// What a gate knows.
struct Inside {
    /// Receivers that did not answer in time.
    slow: HashSet<String>,
    /// When everybody is through who was told when to come again.
    booked: Instant,
    /// What one message takes.
    usual: Duration,
}

/// One message before its gate, or inside until this is dropped.
pub(crate) struct Place {
    gate: Arc<Gate>,
    /// Who is written to.
    receiver: String,
    /// `None`: it goes beside the gate.
    permit: Option<OwnedSemaphorePermit>,
    inside: Option<(OwnedMutexGuard<()>, Instant)>,
}

impl Gates {
    /// A place for a message to that receiver, `None` if it needs none; or for how long all are taken.
    pub(crate) fn enter(&self, receiver: &Receiver) -> Result<Option<Place>, Duration> {
        match receiver {
            Receiver::Slack(slack) => self.slack.enter(slack.pace().key).map(Some),
            // There is one server, whoever a mail is for.
            Receiver::Email(_) => self.mail.enter(String::new()).map(Some),
            // They deduplicate: by the incident, by `webhook-id`.
            Receiver::Pagerduty(_) | Receiver::Webhook(_) => Ok(None),
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        let inside = Inside { slow: HashSet::new(), booked: Instant::now(), usual: GUESS };
        Self { turn: Arc::default(), places: Arc::new(Semaphore::new(PLACES)), inside: Mutex::new(inside) }
    }
}

impl Gate {
    fn enter(self: &Arc<Self>, receiver: String) -> Result<Place, Duration> {
        let permit = if self.lock().slow.contains(&receiver) {
            None
        } else {
            match self.places.clone().try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(_) => match self.lock().book() {
                    Some(later) => return Err(later),
                    None => None,
                },
            }
        };
        Ok(Place { gate: self.clone(), receiver, permit, inside: None })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// How long one more waits; `None` if that is too long.
    fn book(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let at = self.booked.max(now) + self.usual;
        let wait = at - now;
        (wait <= PATIENCE).then(|| {
            self.booked = at;
            wait
        })
    }

    fn learn(&mut self, took: Duration) {
        self.usual = (self.usual * 7 + took) / 8;
    }
}

impl Place {
    /// Hands a message over when nobody else of its kind is inside. It stays inside until it is dropped, if the receiver
    /// answers in time.
    async fn hand_over<T>(&mut self, sending: impl Future<Output = T>) -> T {
        let mut sending = pin!(sending);
        let turn = match &self.permit {
            Some(_) => Some(self.gate.turn.clone().lock_owned().await),
            None => None,
        };
        // Somebody may have found out in the meantime that it is slow.
        let turn = turn.filter(|_| !self.gate.lock().slow.contains(&self.receiver));
        let began = Instant::now();
        if let Ok(answer) = timeout(ALONE, &mut sending).await {
            self.gate.lock().slow.remove(&self.receiver);
            self.inside = turn.map(|turn| (turn, began));
            return answer;
        }
        self.gate.lock().slow.insert(self.receiver.clone());
        (self.permit, _) = (None, drop(turn));
        sending.await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((_, began)) = &self.inside {
            self.gate.lock().learn(began.elapsed());
        }
    }
}

/// Sends, through the gate if there is one.
pub(crate) async fn hand_over<T>(place: &mut Option<Place>, sending: impl Future<Output = T>) -> T {
    match place {
        Some(place) => place.hand_over(sending).await,
        None => sending.await,
    }
}

#[cfg(test)]
mod tests;
