//! Clean-up that survives a crash: when a checkpoint is due, and what is made of it.

use super::*;
use crate::{
    outcome::Reason,
    run::{Checkpoint, machine::MAX_REQUESTS as MOST},
};

/// What is to be durable before the request in hand goes out.
fn kept(drive: &mut Drive) -> Option<Checkpoint> {
    drive.machine.checkpoint()
}

/// Another worker, later, with what was kept.
fn resumed(steps: Value, checkpoint: &Checkpoint) -> (Drive, Command) {
    let kept = serde_json::to_string(checkpoint).unwrap();
    let mut inputs = inputs();
    inputs.facts.attempt = 2;
    inputs.facts.started_at += Duration::from_secs(30);
    let reason = Reason::new(ReasonCode::WorkerLost, "the worker was lost");
    let checkpoint = serde_json::from_str(&kept).unwrap();
    let machine = Machine::resume_cleaning(plan(steps), inputs, checkpoint, reason);
    let mut drive = Drive { machine, at: Duration::ZERO };
    let command = drive.on(Event::Started);
    (drive, command)
}

fn message(result: &RunResult) -> &str {
    &result.reason.as_ref().unwrap().message
}

/// A token, an order, a look at it, and two steps that clean up.
fn order() -> Value {
    json!([
        { "id": "login", "request": { "url": URL },
          "capture": { "token": { "path": "body.token", "secret": true } } },
        { "id": "order", "request": { "method": "POST", "url": URL } },
        { "id": "look", "request": { "url": URL } },
        { "id": "delete", "always": true, "request": {
            "method": "DELETE",
            "url": "http://shop.example/orders/@{{order.body.id}}?of=@{{run.attempt}}",
            "headers": { "X-Token": "@{{login.captures.token}}" } } },
        { "id": "logout", "always": true, "request": { "method": "DELETE", "url": "http://shop.example/session" } },
    ])
}

/// To the moment when `look` is sent: the order is there.
fn ordered() -> (Drive, Checkpoint) {
    let (mut drive, _) = Drive::start(order());
    assert!(kept(&mut drive).is_none(), "a crash would start it again");
    sent(drive.answer(200, &json!({ "token": "t0ken-of-ada" })));
    kept(&mut drive).expect("before the first request that must not be repeated");
    sent(drive.answer(201, &json!({ "id": 7 })));
    let checkpoint = kept(&mut drive).expect("the answer that clean-up refers to");
    assert!(kept(&mut drive).is_none(), "nothing new");
    (drive, checkpoint)
}

#[test]
fn another_worker_cleans_up_from_what_was_kept() {
    let (_, checkpoint) = ordered();
    let (mut drive, command) = resumed(order(), &checkpoint);
    let delete = sent(command);
    assert_eq!(delete.url, "http://shop.example/orders/7?of=1", "`run.attempt` is that of the lost attempt");
    let header =
        |name: &str| delete.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    assert_eq!((header("X-Token"), header("X-Skopos-Run-Attempt")), (Some("t0ken-of-ada"), Some("2")));
    assert_eq!(sent(drive.answer(204, &json!(null))).url, "http://shop.example/session");
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::WorkerLost, None));
    assert_eq!(message(&result), "the worker was lost; cleanup: carried out");
    let skipped = StepOutcome::Skipped;
    assert_eq!(outcomes(&result), [skipped, skipped, skipped, StepOutcome::Passed, StepOutcome::Passed]);
}

#[test]
fn a_secret_that_was_captured_before_the_crash_is_still_none_to_show() {
    let (_, checkpoint) = ordered();
    assert!(!format!("{checkpoint:?}").contains("t0ken"));
    let (mut drive, _) = resumed(order(), &checkpoint);
    sent(drive.answer(500, &json!({ "echo": "t0ken-of-ada" })));
    let result = finished(drive.answer(204, &json!(null)));
    assert!(!serde_json::to_string(&result).unwrap().contains("t0ken-of-ada"));
    assert_eq!(message(&result), "the worker was lost; cleanup: failed at step `delete`");
}

#[test]
fn a_crash_before_the_answer_was_kept_leaves_it_unknown() {
    let (mut drive, _) = Drive::start(order());
    sent(drive.answer(200, &json!({ "token": "t0ken-of-ada" })));
    let checkpoint = kept(&mut drive).unwrap();
    let (mut drive, command) = resumed(order(), &checkpoint);
    assert_eq!(sent(command).url, "http://shop.example/session", "what needs no answer is done");
    let result = finished(drive.answer(204, &json!(null)));
    let expected = "the worker was lost; cleanup: unknown, for it was lost while step `order` was under way";
    assert_eq!((result.outcome, message(&result)), (Outcome::Inconclusive, expected));
}

#[test]
fn a_clean_up_step_that_was_begun_is_not_sent_twice() {
    let (mut drive, _) = ordered();
    assert_eq!(sent(drive.answer(200, &json!({}))).method, "DELETE");
    let checkpoint = kept(&mut drive).expect("it must not be sent twice");
    let (mut drive, command) = resumed(order(), &checkpoint);
    assert_eq!(sent(command).url, "http://shop.example/session");
    assert!(kept(&mut drive).is_some(), "nor must this one");
    let result = finished(drive.answer(204, &json!(null)));
    assert!(message(&result).ends_with("unknown, for it was lost while step `delete` was under way"));
    assert_eq!(outcomes(&result)[3], StepOutcome::Skipped);
}

#[test]
fn a_clean_up_step_that_is_over_is_known_to_be() {
    let (mut drive, _) = ordered();
    sent(drive.answer(200, &json!({})));
    sent(drive.answer(204, &json!(null)));
    let checkpoint = kept(&mut drive).unwrap();
    let (_, command) = resumed(order(), &checkpoint);
    let result = finished(command);
    assert!(message(&result).ends_with("while step `logout` was under way"), "{}", message(&result));
}

#[test]
fn a_clean_up_step_that_may_be_repeated_is_sent_again() {
    let steps = json!([
        { "id": "pay", "request": { "method": "POST", "url": URL } },
        { "id": "undo", "always": true, "on_redelivery": "rerun", "request": { "method": "DELETE", "url": URL } },
    ]);
    let (mut drive, _) = Drive::start(steps.clone());
    let checkpoint = kept(&mut drive).expect("there is clean-up to do, although it refers to nothing");
    sent(drive.answer(200, &json!({})));
    assert!(kept(&mut drive).is_none(), "nothing that clean-up has to know");
    let (mut drive, command) = resumed(steps, &checkpoint);
    sent(command);
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(message(&result), "the worker was lost; cleanup: carried out");
}

#[test]
fn tries_and_polls_of_one_request_want_no_checkpoint_of_their_own() {
    let (mut drive, _) = Drive::start(json!([
        { "id": "pay", "request": { "method": "POST", "url": URL },
          "poll": { "every": "1ms", "timeout": "15m", "until": [{ "body.done": true }] } },
        { "id": "undo", "always": true, "request": { "method": "DELETE", "url": "http://x.example/@{{pay.body.id}}" } },
    ]));
    kept(&mut drive).unwrap();
    for _ in 1..MOST {
        waits(drive.answer(200, &json!({})));
        sent(drive.on(Event::Woke));
        assert!(kept(&mut drive).is_none());
    }
}

#[test]
fn a_collection_without_clean_up_or_without_unsafe_requests_keeps_nothing() {
    let always = json!({ "id": "undo", "always": true, "request": { "url": URL } });
    for steps in [
        json!([{ "id": "pay", "request": { "method": "POST", "url": URL } }, { "id": "b", "request": { "url": URL } }]),
        json!([{ "id": "look", "request": { "url": URL } }, always]),
    ] {
        let (mut drive, _) = Drive::start(steps);
        assert!(kept(&mut drive).is_none());
        sent(drive.answer(200, &json!({})));
        assert!(kept(&mut drive).is_none());
    }
}

#[test]
fn a_clean_up_by_another_worker_has_fifteen_seconds_in_all() {
    let (_, checkpoint) = ordered();
    let (mut drive, _) = resumed(order(), &checkpoint);
    assert_eq!((drive.machine.deadline(), drive.machine.is_cleaning()), (CLEANING_TIME, true));
    drive.at = CLEANING_TIME;
    let result = finished(drive.on(Event::DeadlinePassed));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::WorkerLost, None));
    assert_eq!(message(&result), "the worker was lost; cleanup: failed at step `delete`");
}

#[test]
fn a_run_that_its_worker_abandons_is_cleaned_up_and_inconclusive() {
    let (mut drive, _) = Drive::start(chained());
    sent(drive.answer(200, &json!({ "cart": 1 })));
    let reason = Reason::new(ReasonCode::WorkerLost, "the worker stops");
    drive.at = Duration::from_secs(59);
    let cleanup = sent(drive.on(Event::Abandoned(reason)));
    assert_eq!(cleanup.method, "DELETE");
    assert_eq!(drive.machine.deadline(), drive.at + CLEANING_TIME);
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::WorkerLost, Some("pay")));
    assert_eq!(outcomes(&result)[1], StepOutcome::Inconclusive);
}
