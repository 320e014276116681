//! A stand-in for PagerDuty's Events API v2.
//!
//! Sources: <https://developer.pagerduty.com/docs/events-api-v2-overview> (answers, 512 KB),
//! <https://developer.pagerduty.com/docs/send-alert-event> (fields and deduplication): a trigger with the key of an open
//! alert is added to it, one with the key of a resolved alert opens a new one, and what names no open alert is accepted and
//! does nothing. The rate is what PagerDuty's support names for an integration key; the documents promise none.
//! Now and then it can be told to refuse, break, or be cut, before or after it has done what it was asked to; or to hold one
//! trigger, as a slow network does.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};

use super::{faults::Fault, rate::Rate};
use crate::{
    clock::{self, Millis},
    web::{Answer, Asked, Handler},
};

/// Events of one routing key in any minute.
const PER_MINUTE: usize = 120;
/// Bytes of an event.
const MAX_EVENT: usize = 512 * 1024;

/// A service's routing key and the alert's own.
pub type Key = (String, String);

/// What an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// There is a problem.
    Trigger,
    /// Somebody is at it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// An event that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Of what.
    pub key: Key,
    /// What.
    pub action: Action,
}

/// What the stand-in knows about a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alert {
    /// How many alerts there were of this key.
    pub opened: u32,
    /// Whether there is one now.
    pub open: bool,
    /// Triggers that came after a resolve.
    pub late_triggers: u32,
    /// Whether there was ever a resolve.
    pub resolved: bool,
}

/// What happened to every key.
#[derive(Debug, Clone, Default)]
pub struct Alerts(pub BTreeMap<Key, Alert>);

impl Alerts {
    /// Takes one event.
    fn take(&mut self, event: &Event) {
        match event.action {
            Action::Trigger => {
                let alert = self.0.entry(event.key.clone()).or_default();
                alert.opened += u32::from(!alert.open);
                alert.open = true;
                alert.late_triggers += u32::from(alert.resolved);
            }
            Action::Resolve => {
                if let Some(alert) = self.0.get_mut(&event.key) {
                    alert.open = false;
                    alert.resolved = true;
                }
            }
            Action::Acknowledge => {}
        }
    }
}

/// The server's state.
#[derive(Debug)]
pub struct Pagerduty {
    /// Milliseconds that an answer takes.
    latency: Range<u64>,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    alerts: Alerts,
    taken: Vec<(Millis, Event)>,
    rate: Rate,
    throttled: usize,
    dice: StdRng,
    misbehaves: bool,
    faults: usize,
    unreadable: Vec<String>,
    gate: Option<Arc<Gate>>,
}

/// A trigger that is on its way, and does not arrive before it is let through.
#[derive(Debug, Default)]
pub struct Gate {
    came: Notify,
    opened: Notify,
}

impl Gate {
    /// Until a trigger is on its way.
    pub async fn came(&self) {
        self.came.notified().await;
    }

    /// It arrives now.
    pub fn open(&self) {
        self.opened.notify_one();
    }
}

impl Pagerduty {
    /// Latencies and faults follow from the seed.
    pub fn new(seed: u64, latency: Range<u64>) -> Self {
        let inside = Inside {
            alerts: Alerts::default(),
            taken: Vec::new(),
            rate: Rate::new(PER_MINUTE, 60_000),
            throttled: 0,
            dice: StdRng::seed_from_u64(seed),
            misbehaves: false,
            faults: 0,
            unreadable: Vec::new(),
            gate: None,
        };
        Self { latency, inside: Mutex::new(inside) }
    }

    /// From now on, or no more.
    pub fn misbehave(&self, yes: bool) {
        self.lock().misbehaves = yes;
    }

    /// Holds the next trigger on its way.
    pub fn hold(&self) -> Arc<Gate> {
        let gate = Arc::<Gate>::default();
        self.lock().gate = Some(gate.clone());
        gate
    }

    /// What happened to every key.
    pub fn alerts(&self) -> Alerts {
        self.lock().alerts.clone()
    }

    /// Every event that was accepted, and when.
    pub fn taken(&self) -> Vec<(Millis, Event)> {
        self.lock().taken.clone()
    }

    /// How often it misbehaved.
    pub fn faults(&self) -> usize {
        self.lock().faults
    }

    /// How many events came too fast.
    pub fn throttled(&self) -> usize {
        self.lock().throttled
    }

    /// What was wrong with events.
    pub fn unreadable(&self) -> Vec<String> {
        self.lock().unreadable.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gate for this trigger, if one is set up.
    fn gate(&self, event: &Result<Event, Vec<String>>) -> Option<Arc<Gate>> {
        let trigger = event.as_ref().is_ok_and(|event| event.action == Action::Trigger);
        if trigger { self.lock().gate.take() } else { None }
    }
}

impl Inside {
    fn answer(&mut self, event: Event) -> Option<Answer> {
        let now = clock::now();
        if let Err(seconds) = self.rate.take(&event.key.0, now) {
            self.throttled += 1;
            return Some(throttled(seconds));
        }
        let fault = if self.misbehaves { Fault::thrown(&mut self.dice) } else { None };
        self.faults += usize::from(fault.is_some());
        if fault.is_none_or(Fault::is_after) {
            self.alerts.take(&event);
            self.taken.push((now, event.clone()));
        }
        match fault {
            Some(Fault::Refuses) => Some(throttled(1)),
            Some(Fault::BreaksBefore | Fault::BreaksAfter) => Some(Answer {
                retry_after: Some(1),
                ..Answer::of(StatusCode::INTERNAL_SERVER_ERROR, json!({}))
            }),
            Some(Fault::CutBefore | Fault::CutAfter) => None,
            None => {
                let body =
                    json!({ "status": "success", "message": "Event processed", "dedup_key": event.key.1 });
                Some(Answer::of(StatusCode::ACCEPTED, body))
            }
        }
    }
}

fn throttled(seconds: u32) -> Answer {
    let body = json!({ "status": "throttle exceeded", "message": "Requests for this service are arriving too quickly" });
    Answer { retry_after: Some(seconds), ..Answer::of(StatusCode::TOO_MANY_REQUESTS, body) }
}

impl Handler for Pagerduty {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        // Long enough that a notifier is killed now and then while it waits.
        let latency = self.lock().dice.random_range(self.latency.clone());
        sleep(Duration::from_millis(latency)).await;
        if asked.path != "/v2/enqueue" {
            return Some(Answer::of(StatusCode::NOT_FOUND, json!({})));
        }
        let event = read(&asked.body);
        if let Some(gate) = self.gate(&event) {
            gate.came.notify_one();
            gate.opened.notified().await;
        }
        let mut inside = self.lock();
        match event {
            Ok(event) => inside.answer(event),
            Err(errors) => {
                let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
                inside.unreadable.extend(errors);
                Some(Answer::of(StatusCode::BAD_REQUEST, body))
            }
        }
    }
}

/// Reads an event. Stricter than the documents in one thing: the key is the sender's, because a trigger without one cannot
/// be resolved.
///
/// # Errors
///
/// What is wrong with it, one line each.
pub fn read(body: &[u8]) -> Result<Event, Vec<String>> {
    if body.len() > MAX_EVENT {
        return Err(vec![format!("Event is larger than 512 KB: {} bytes", body.len())]);
    }
    let event: Value =
        serde_json::from_slice(body).map_err(|error| vec![format!("Event is no JSON: {error}")])?;
    let mut errors = Vec::new();
    let routing_key = text(&event, "routing_key", usize::MAX, &mut errors);
    let dedup_key = text(&event, "dedup_key", 255, &mut errors);
    let action = match event["event_action"].as_str() {
        Some("trigger") => Some(Action::Trigger),
        Some("acknowledge") => Some(Action::Acknowledge),
        Some("resolve") => Some(Action::Resolve),
        _ => {
            errors.push("'event_action' must be one of trigger, acknowledge, resolve".to_owned());
            None
        }
    };
    if action == Some(Action::Trigger) || !event["payload"].is_null() {
        check_payload(&event["payload"], &mut errors);
    }
    check_context(&event, &mut errors);
    match (routing_key, dedup_key, action) {
        (Some(routing_key), Some(dedup_key), Some(action)) if errors.is_empty() => {
            Ok(Event { key: (routing_key, dedup_key), action })
        }
        _ => Err(errors),
    }
}

fn check_payload(payload: &Value, errors: &mut Vec<String>) {
    text(payload, "summary", 1024, errors);
    text(payload, "source", usize::MAX, errors);
    if !["critical", "error", "warning", "info"].iter().any(|word| payload["severity"] == *word) {
        errors.push("'severity' must be one of critical, error, warning, info".to_owned());
    }
    let timestamp = &payload["timestamp"];
    if !timestamp.is_null()
        && timestamp.as_str().is_none_or(|at| chrono::DateTime::parse_from_rfc3339(at).is_err())
    {
        errors.push(format!("'timestamp' is no time: {timestamp}"));
    }
    for name in ["component", "group", "class"] {
        if !payload[name].is_null() && !payload[name].is_string() {
            errors.push(format!("'{name}' must be a string"));
        }
    }
    if !payload["custom_details"].is_null() && !payload["custom_details"].is_object() {
        errors.push("'custom_details' must be an object".to_owned());
    }
}

/// Links and images.
fn check_context(event: &Value, errors: &mut Vec<String>) {
    for (list, address) in [("links", "href"), ("images", "src")] {
        match &event[list] {
            Value::Null => {}
            Value::Array(items) if items.iter().all(|item| item[address].is_string()) => {}
            _ => errors.push(format!("'{list}' must be objects with '{address}'")),
        }
    }
}

/// A text that has to be there, and at most so many characters of it.
fn text(object: &Value, name: &str, most: usize, errors: &mut Vec<String>) -> Option<String> {
    match object[name].as_str() {
        None | Some("") => errors.push(format!("'{name}' is missing or blank")),
        Some(text) if text.encode_utf16().count() > most => {
            errors.push(format!("'{name}' is longer than {most} characters"));
        }
        Some(text) => return Some(text.to_owned()),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(actions: &[Action]) -> Option<(u32, bool, u32)> {
        let mut alerts = Alerts::default();
        let key = ("service".to_owned(), "incident".to_owned());
        for action in actions {
            alerts.take(&Event { key: key.clone(), action: *action });
        }
        alerts.0.get(&key).map(|alert| (alert.opened, alert.open, alert.late_triggers))
    }

    #[test]
    fn a_trigger_with_the_key_of_an_open_alert_opens_no_second_one() {
        assert_eq!(after(&[Action::Trigger, Action::Trigger, Action::Acknowledge]), Some((1, true, 0)));
    }

    #[test]
    fn a_trigger_after_a_resolve_opens_a_new_alert_and_is_counted() {
        assert_eq!(after(&[Action::Trigger, Action::Resolve, Action::Trigger]), Some((2, true, 1)));
    }

    #[test]
    fn a_resolve_of_what_nobody_knows_does_nothing() {
        assert_eq!(after(&[Action::Resolve]), None);
        let events = [Action::Resolve, Action::Trigger, Action::Resolve, Action::Resolve];
        assert_eq!(after(&events), Some((1, false, 0)));
    }

    fn event(changes: &Value) -> Value {
        let mut event = json!({
            "routing_key": "k", "dedup_key": "d", "event_action": "trigger",
            "payload": { "summary": "s", "source": "m", "severity": "critical" },
        });
        for (pointer, value) in changes.as_object().into_iter().flatten() {
            *event.pointer_mut(pointer).expect("it is there") = value.clone();
        }
        event
    }

    #[test]
    fn an_event_that_breaks_a_rule_is_refused() {
        let read = |changes: Value| read(event(&changes).to_string().as_bytes());
        assert!(read(json!({})).is_ok());
        assert!(read(json!({ "/payload/summary": "s".repeat(1024) })).is_ok());
        for wrong in [
            json!({ "/payload/summary": "s".repeat(1025) }),
            json!({ "/payload/summary": "" }),
            json!({ "/payload/severity": "fatal" }),
            json!({ "/payload/source": null }),
            json!({ "/dedup_key": "d".repeat(256) }),
            json!({ "/routing_key": null }),
            json!({ "/event_action": "open" }),
            json!({ "/payload/source": "m".repeat(512 * 1024) }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_121st_event_of_a_minute_is_too_much() {
        let pagerduty = Pagerduty::new(1, 0..1);
        let event = Event { key: ("k".to_owned(), "d".to_owned()), action: Action::Trigger };
        let statuses: Vec<_> =
            (0..121).filter_map(|_| pagerduty.lock().answer(event.clone())).map(|one| one.status).collect();
        assert!(statuses[..120].iter().all(|status| *status == StatusCode::ACCEPTED));
        assert_eq!((statuses[120], pagerduty.throttled()), (StatusCode::TOO_MANY_REQUESTS, 1));
    }
}
