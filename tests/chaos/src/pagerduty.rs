//! A stand-in for PagerDuty's Events API v2 with its documented rules of deduplication
//! (<https://developer.pagerduty.com/docs/events-api-v2-overview>): a trigger with the key of an open alert is added to
//! it, one with the key of a resolved alert opens a new one, and what names no open alert is accepted and does nothing.
//! Now and then it refuses, breaks, or is cut, before or after it has done what it was asked to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::web::{Answer, Asked, Handler};

/// A service's routing key and the alert's own.
pub(crate) type Key = (String, String);

/// What the stand-in knows about a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alert {
    /// How many alerts there were of this key.
    pub(crate) opened: u32,
    /// Whether there is one now.
    pub(crate) open: bool,
    /// Triggers that came after a resolve.
    pub(crate) late_triggers: u32,
    pub(crate) resolved: bool,
}

/// What happened to every key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts(pub(crate) BTreeMap<Key, Alert>);

impl Alerts {
    /// Takes one event.
    fn take(&mut self, key: Key, action: &str) {
        match action {
            "trigger" => {
                let alert = self.0.entry(key).or_default();
                alert.opened += u32::from(!alert.open);
                alert.open = true;
                alert.late_triggers += u32::from(alert.resolved);
            }
            "resolve" => {
                if let Some(alert) = self.0.get_mut(&key) {
                    alert.open = false;
                    alert.resolved = true;
                }
            }
            _ => {}
        }
    }
}

/// How the stand-in misbehaves once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refuses,
    BreaksBefore,
    BreaksAfter,
    CutBefore,
    CutAfter,
}

/// The server's state.
#[derive(Debug)]
pub(crate) struct Pagerduty {
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    alerts: Alerts,
    dice: StdRng,
    misbehaves: bool,
    faults: usize,
    unreadable: usize,
}

impl Pagerduty {
    /// The faults follow from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let dice = StdRng::seed_from_u64(seed);
        let alerts = Alerts::default();
        Self { inside: Mutex::new(Inside { alerts, dice, misbehaves: false, faults: 0, unreadable: 0 }) }
    }

    /// From now on, or no more.
    pub(crate) fn misbehave(&self, yes: bool) {
        self.lock().misbehaves = yes;
    }

    /// What happened to every key.
    pub(crate) fn alerts(&self) -> Alerts {
        self.lock().alerts.clone()
    }

    /// How often it misbehaved, and how many events it could not read.
    pub(crate) fn faults(&self) -> (usize, usize) {
        let inside = self.lock();
        (inside.faults, inside.unreadable)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn fault(&mut self) -> Option<Fault> {
        let throw = self.dice.random_range(0..100);
        let fault = match throw {
            _ if !self.misbehaves => None,
            0..10 => Some(Fault::Refuses),
            10..16 => Some(Fault::BreaksBefore),
            16..22 => Some(Fault::BreaksAfter),
            22..25 => Some(Fault::CutBefore),
            25..28 => Some(Fault::CutAfter),
            _ => None,
        };
        self.faults += usize::from(fault.is_some());
        fault
    }
}

impl Handler for Pagerduty {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        // Long enough that a notifier is killed now and then while it waits.
        let latency = self.lock().dice.random_range(20..500);
        sleep(Duration::from_millis(latency)).await;
        let mut inside = self.lock();
        let Some((key, action)) = read(&asked) else {
            inside.unreadable += 1;
            return Some(Answer::of(StatusCode::BAD_REQUEST, json!({ "status": "invalid event" })));
        };
        let fault = inside.fault();
        if !matches!(fault, Some(Fault::Refuses | Fault::BreaksBefore | Fault::CutBefore)) {
            inside.alerts.take(key.clone(), &action);
        }
        let again = |status, body| Some(Answer { status, body, retry_after: Some(1) });
        match fault {
            Some(Fault::Refuses) => {
                again(StatusCode::TOO_MANY_REQUESTS, json!({ "status": "throttle exceeded" }))
            }
            Some(Fault::BreaksBefore | Fault::BreaksAfter) => {
                again(StatusCode::INTERNAL_SERVER_ERROR, json!({}))
            }
            Some(Fault::CutBefore | Fault::CutAfter) => None,
            None => {
                Some(Answer::of(StatusCode::ACCEPTED, json!({ "status": "success", "dedup_key": key.1 })))
            }
        }
    }
}

/// The key and the action; a key is the sender's, because a trigger without one cannot be resolved.
fn read(asked: &Asked) -> Option<(Key, String)> {
    if asked.path != "/v2/enqueue" {
        return None;
    }
    let event: Value = serde_json::from_slice(&asked.body).ok()?;
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    let action =
        text("event_action").filter(|one| ["trigger", "acknowledge", "resolve"].contains(&&**one))?;
    let complete = action != "trigger"
        || ["summary", "source", "severity"].iter().all(|name| event["payload"][name].is_string());
    complete.then_some(((text("routing_key")?, text("dedup_key")?), action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(actions: &[&str]) -> Option<(u32, bool, u32)> {
        let mut alerts = Alerts::default();
        let key = ("service".to_owned(), "incident".to_owned());
        for action in actions {
            alerts.take(key.clone(), action);
        }
        alerts.0.get(&key).map(|alert| (alert.opened, alert.open, alert.late_triggers))
    }

    #[test]
    fn a_trigger_with_the_key_of_an_open_alert_opens_no_second_one() {
        assert_eq!(after(&["trigger", "trigger", "acknowledge"]), Some((1, true, 0)));
    }

    #[test]
    fn a_trigger_after_a_resolve_opens_a_new_alert_and_is_counted() {
        assert_eq!(after(&["trigger", "resolve", "trigger"]), Some((2, true, 1)));
    }

    #[test]
    fn a_resolve_of_what_nobody_knows_does_nothing() {
        assert_eq!(after(&["resolve"]), None);
        assert_eq!(after(&["resolve", "trigger", "resolve", "resolve"]), Some((1, false, 0)));
    }
}
