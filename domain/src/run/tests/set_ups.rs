//! Shared set-ups: asked for first, read in requests, asked for again once when they are refused.

use crate::{
    outcome::Reason,
    set_up::{Ask, Failed, Fetch, Ready},
};

use super::*;

const TOKEN: &str = "tok-1-secret";

/// Two steps that need the token, and one that does not.
fn using() -> Value {
    json!([
        { "id": "orders", "request": { "url": URL, "headers": { "Authorization": "Bearer @{{login.captures.token}}" } } },
        { "id": "open", "request": { "url": URL } },
        { "id": "order", "request": { "method": "POST", "url": URL, "json": { "as": "@{{login.captures.user}}" } } },
    ])
}

fn start(steps: Value) -> (Drive, Command) {
    start_with(json!({ "steps": steps }))
}

/// With more of the collection's keys than its steps.
fn start_with(mut collection: Value) -> (Drive, Command) {
    collection["id"] = json!("shop");
    collection["timeout"] = json!("60s");
    collection["uses"] = json!([{ "collection": "login", "ttl": "2m" }]);
    let plan = Plan::compile(&serde_json::from_value(collection).unwrap()).unwrap();
    let mut drive = Drive { machine: Machine::new(Arc::new(plan), inputs()), at: Duration::ZERO };
    let command = drive.on(Event::Started);
    (drive, command)
}

fn asked(command: Command) -> Ask {
    match command {
        Command::SetUp(ask) => ask,
        other => panic!("expected a set-up to be asked for, got {other:?}"),
    }
}

fn fetch() -> Fetch {
    Fetch { by: inputs().facts.id, at: inputs().facts.started_at, steps: Vec::new() }
}

fn ready(generation: u32, token: &str) -> Event {
    let captures = json!({ "token": token, "user": { "id": 7 } }).as_object().cloned().unwrap();
    Event::SetUpReady(Box::new(Ready { captures, generation, fetch: fetch() }))
}

fn failed(outcome: Outcome) -> Event {
    let reason = Reason::new(ReasonCode::BadStatus, "status: expected 200, found 503").at_step("post");
    Event::SetUpFailed(Box::new(Failed { outcome, reason, fetch: Some(Box::new(fetch())) }))
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_set_up_is_asked_for_before_the_first_step_and_its_captures_keep_their_type() {
    let (mut drive, command) = start(using());
    let ask = Ask { set_up: "login".parse().unwrap(), ttl: Duration::from_secs(120), newer_than: None };
    assert_eq!(asked(command), ask);
    let orders = sent(drive.on(ready(1, TOKEN)));
    assert_eq!(header(&orders, "Authorization"), Some("Bearer tok-1-secret"));
    assert_eq!(orders.secret_headers, ["authorization"], "it does not follow a redirect to another host");
    drive.answer(200, &json!({}));
    let order = sent(drive.answer(200, &json!({})));
    assert_eq!(order.body, Bytes::from(r#"{"as":{"id":7}}"#));
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(result.outcome, Outcome::Passed);
    assert_eq!((result.set_ups.len(), result.set_ups[0].outcome), (1, Outcome::Passed));
}

#[test]
fn what_a_set_up_captured_is_shown_nowhere() {
    let (mut drive, _) = start(using());
    drive.on(ready(1, TOKEN));
    drive.answer(200, &json!({}));
    drive.answer(200, &json!({}));
    let result = finished(drive.answer(500, &json!({ "echo": TOKEN })));
    assert_eq!(result.outcome, Outcome::Failed);
    let shown = serde_json::to_string(&result).unwrap();
    assert!(!shown.contains(TOKEN) && shown.contains("***"), "{shown}");
}

#[test]
fn what_a_set_up_does_not_give_fails_the_run_before_it_sends_anything() {
    let (mut drive, _) = start(using());
    let result = finished(drive.on(failed(Outcome::Failed)));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::SetUpFailed, None));
    let reason = result.reason.unwrap();
    assert_eq!(
        reason.message,
        "the shared set-up `login` failed at step `post`: status: expected 200, found 503"
    );
    assert_eq!(reason.cause.unwrap().as_str(), "login");
    assert!(result.steps.iter().all(|step| step.outcome == StepOutcome::Skipped));
    assert_eq!(result.set_ups[0].outcome, Outcome::Failed);
}

#[test]
fn a_set_up_that_could_not_be_run_leaves_its_users_inconclusive() {
    let (mut drive, _) = start(using());
    let result = finished(drive.on(failed(Outcome::Inconclusive)));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::SetUpFailed, None));
}

#[test]
fn a_refused_step_is_sent_again_once_with_a_newer_set_up_and_it_is_no_try() {
    let steps = json!([
        { "id": "orders", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}} @{{uuid()}}" } },
          "retry": { "attempts": 1, "initial": "1s", "when": [401] } },
    ]);
    let (mut drive, _) = start(steps);
    let first = sent(drive.on(ready(4, TOKEN)));
    let ask = asked(drive.answer(401, &json!({})));
    assert_eq!(ask.newer_than, Some(4));
    let second = sent(drive.on(ready(5, "tok-2-secret")));
    assert_eq!(header(&second, "X").unwrap().split(' ').next(), Some("tok-2-secret"));
    assert_ne!(header(&first, "X").unwrap()[13..], header(&second, "X").unwrap()[13..], "rendered anew");
    // Its one retry is left; a newer set-up is not.
    assert_eq!(waits(drive.answer(401, &json!({}))), Duration::from_secs(1));
    sent(drive.on(Event::Woke));
    let result = finished(drive.answer(401, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::BadStatus, Some("orders")));
    assert_eq!(result.steps[0].attempts.len(), 3);
    assert_eq!(result.set_ups.len(), 2);
}

#[test]
fn later_steps_use_the_newer_set_up_and_another_refusal_is_theirs() {
    let steps = json!([
        { "id": "a", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}}" } } },
        { "id": "b", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}}" } } },
    ]);
    let (mut drive, _) = start(steps);
    drive.on(ready(1, TOKEN));
    asked(drive.answer(401, &json!({})));
    drive.on(ready(2, "tok-2-secret"));
    let second = sent(drive.answer(200, &json!({})));
    assert_eq!(header(&second, "X"), Some("tok-2-secret"));
    assert_eq!(finished(drive.answer(401, &json!({}))).outcome, Outcome::Failed);
}

#[test]
fn a_401_is_the_step_s_own_where_it_is_expected_or_names_no_set_up() {
    let steps = json!([
        { "id": "denied", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}}" } },
          "assert": [{ "status": 401 }] },
        { "id": "open", "request": { "url": URL } },
    ]);
    let (mut drive, _) = start(steps);
    drive.on(ready(1, TOKEN));
    sent(drive.answer(401, &json!({})));
    assert_eq!(finished(drive.answer(401, &json!({}))).outcome, Outcome::Failed);
}

#[test]
fn a_newer_set_up_that_fails_fails_the_step_and_clean_up_follows() {
    let steps = json!([
        { "id": "a", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}}" } } },
        { "id": "b", "always": true, "request": { "method": "DELETE", "url": URL } },
    ]);
    let (mut drive, _) = start(steps);
    drive.on(ready(1, TOKEN));
    asked(drive.answer(401, &json!({})));
    assert_eq!(sent(drive.on(failed(Outcome::Failed))).method, "DELETE");
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::SetUpFailed, Some("a")));
    assert_eq!(outcomes(&result), [StepOutcome::Failed, StepOutcome::Passed]);
}

#[test]
fn a_poll_that_is_refused_goes_on_with_a_newer_set_up() {
    let steps = json!([
        { "id": "a", "request": { "url": URL, "headers": { "X": "@{{login.captures.token}}" } },
          "poll": { "until": [{ "body.state": "done" }] } },
    ]);
    let (mut drive, _) = start(steps);
    drive.on(ready(1, TOKEN));
    asked(drive.answer(401, &json!({ "error": "expired" })));
    sent(drive.on(ready(2, "tok-2-secret")));
    assert_eq!(finished(drive.answer(200, &json!({ "state": "done" }))).outcome, Outcome::Passed);
}

#[test]
fn a_set_up_that_does_not_come_in_time_is_the_cause() {
    let (mut drive, _) = start(using());
    let result = finished(drive.on(Event::DeadlinePassed));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::DeadlinePassed, None));
    let reason = result.reason.unwrap();
    assert_eq!(
        reason.message,
        "the run's time-out of 60s passed while it waited for the shared set-up `login`"
    );
    assert_eq!(reason.cause.unwrap().as_str(), "login");
}

#[test]
fn a_capture_that_the_set_up_no_longer_makes_is_nobody_s_failure() {
    let steps =
        json!([{ "id": "a", "request": { "url": URL, "headers": { "X": "@{{login.captures.tokn}}" } } }]);
    let (mut drive, _) = start(steps);
    let result = finished(drive.on(ready(1, TOKEN)));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::VariableMissing, Some("a")));
}

#[test]
fn a_set_up_gives_what_it_captured_last_and_shows_none_of_it() {
    let plan = plan(json!([
        { "id": "one", "request": { "url": URL }, "capture": { "token": "body.token" } },
        { "id": "two", "request": { "url": URL }, "capture": { "token": "body.token", "n": "body.n" } },
    ]));
    let mut drive = Drive { machine: Machine::sharing(plan, inputs()), at: Duration::ZERO };
    drive.on(Event::Started);
    drive.answer(200, &json!({ "token": "first-token" }));
    let result = finished(drive.answer(200, &json!({ "token": "second-token", "n": 12_345 })));
    assert_eq!(result.outcome, Outcome::Passed);
    let shown = serde_json::to_string(&result).unwrap();
    assert!(!shown.contains("-token\"") && !shown.contains("12345"), "{shown}");
    let captures = json!({ "token": "second-token", "n": 12_345 });
    assert_eq!(Value::Object(drive.machine.into_captures()), captures);
}

#[test]
fn all_rows_share_what_was_asked_for_once() {
    let steps = json!([{ "id": "order", "request": { "url": "http://shop.example/@{{row.n}}?t=@{{login.captures.token}}" } }]);
    let (mut drive, command) = start_with(json!({ "each": [{ "n": 1 }, { "n": 2 }], "steps": steps }));
    asked(command);
    let first = sent(drive.on(ready(1, TOKEN)));
    assert_eq!(first.url.as_str(), format!("http://shop.example/1?t={TOKEN}"));
    assert!(matches!(drive.answer(200, &json!({})), Command::ForgetCookies));
    let second = sent(drive.on(Event::CookiesForgotten));
    assert_eq!(second.url.as_str(), format!("http://shop.example/2?t={TOKEN}"));
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!((result.outcome, result.rows.len(), result.set_ups.len()), (Outcome::Passed, 2, 1));
}

#[test]
fn without_its_set_up_no_row_begins_and_none_is_blamed() {
    let (mut drive, command) = start_with(json!({ "each": [{ "n": 1 }, { "n": 2 }], "steps": using() }));
    asked(command);
    let result = finished(drive.on(failed(Outcome::Failed)));
    let reason = result.reason.as_ref().unwrap();
    assert_eq!((result.outcome, reason.code), (Outcome::Failed, ReasonCode::SetUpFailed));
    assert_eq!((reason.row, reason.cause.as_ref().map(|cause| cause.as_str())), (None, Some("login")));
    assert!(reason.message.starts_with("the shared set-up"), "{}", reason.message);
    let rows: Vec<_> = result.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(rows, [Outcome::Skipped; 2]);
}
