//! `each`: rows one after the other, each as a visitor of its own.

use super::*;
use crate::{outcome::Reason, result::RowResult, run::Checkpoint};

fn plan_of(rows: &Value, steps: &Value) -> Arc<Plan> {
    let collection = json!({ "id": "shop", "timeout": "60s", "each": rows, "steps": steps });
    let collection = serde_json::from_value(collection).expect("the test's collection is well-formed");
    Arc::new(Plan::compile(&collection).expect("the test's collection compiles"))
}

impl Drive {
    fn each(rows: &Value, steps: &Value) -> (Self, Command) {
        Self::of(Machine::new(plan_of(rows, steps), inputs()))
    }

    fn of(machine: Machine) -> (Self, Command) {
        let mut drive = Self { machine, at: Duration::ZERO };
        let command = drive.on(Event::Started);
        (drive, command)
    }

    /// The row is over: what the next one begins with.
    fn next(&mut self, command: Command) -> Command {
        assert!(matches!(command, Command::ForgetCookies), "expected the next row, got {command:?}");
        self.on(Event::CookiesForgotten)
    }
}

fn ordered_rows() -> Value {
    json!([{ "sku": "A", "amount": 1 }, { "sku": "B", "amount": 2 }, { "sku": "C", "amount": 3 }])
}

/// An order for each row, a look at it, and its removal.
fn order() -> Value {
    json!([
        { "id": "order", "request": { "method": "POST", "url": "http://shop.example/@{{row.sku}}", "json": "@{{row}}" } },
        { "id": "look", "request": { "url": "http://shop.example/orders/@{{order.body.id}}" } },
        { "id": "remove", "always": true,
          "request": { "method": "DELETE", "url": "http://shop.example/orders/@{{order.body.id}}?of=@{{row.sku}}" } },
    ])
}

fn ended(result: &RunResult) -> Vec<(u32, Outcome)> {
    result.rows.iter().map(|row| (row.index, row.outcome)).collect()
}

fn step_outcomes(row: &RowResult) -> Vec<StepOutcome> {
    row.steps.iter().map(|step| step.outcome).collect()
}

fn reason(result: &RunResult) -> (Option<u32>, Option<&str>, &str) {
    let reason = result.reason.as_ref().expect("it did not pass");
    (reason.row, reason.step.as_deref(), &reason.message)
}

/// All steps of the row in hand pass.
fn pass(drive: &mut Drive, id: u32) -> Command {
    sent(drive.answer(201, &json!({ "id": id })));
    sent(drive.answer(200, &json!({})));
    drive.answer(204, &json!(null))
}

/// Every request is answered in the same way, until the run ends.
fn to_the_end(
    drive: &mut Drive,
    mut command: Command,
    mut answer: impl FnMut(&mut Drive) -> Command,
) -> RunResult {
    loop {
        command = match command {
            Command::Send { .. } => answer(drive),
            Command::ForgetCookies => drive.on(Event::CookiesForgotten),
            other => return finished(other),
        };
    }
}

#[test]
fn the_steps_run_once_for_each_row_with_its_values_and_fresh_answers() {
    let (mut drive, command) = Drive::each(&ordered_rows(), &order());
    let first = sent(command);
    assert_eq!(
        (first.url.as_str(), first.body),
        ("http://shop.example/A", r#"{"sku":"A","amount":1}"#.into())
    );
    assert_eq!(sent(drive.answer(201, &json!({ "id": 1 }))).url, "http://shop.example/orders/1");
    assert_eq!(sent(drive.answer(200, &json!({}))).url, "http://shop.example/orders/1?of=A");
    let command = drive.answer(204, &json!(null));
    assert_eq!(sent(drive.next(command)).url, "http://shop.example/B");
    let command = pass(&mut drive, 2);
    assert_eq!(sent(drive.next(command)).url, "http://shop.example/C");
    let result = finished(pass(&mut drive, 3));
    assert_eq!((result.outcome, result.reason.clone(), result.steps.len()), (Outcome::Passed, None, 0));
    assert_eq!(ended(&result), [1, 2, 3].map(|index| (index, Outcome::Passed)));
    let second = &result.rows[1];
    assert_eq!(json!(second.values), json!({ "sku": "B", "amount": 2 }));
    assert_eq!(step_outcomes(second), [StepOutcome::Passed; 3]);
    assert_eq!((second.started_ms, second.duration_ms), (40.0, 40.0));
}

#[test]
fn a_failed_row_is_cleaned_up_after_and_does_not_stop_the_next() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    let command = pass(&mut drive, 1);
    drive.next(command);
    sent(drive.answer(201, &json!({ "id": 2 })));
    assert_eq!(sent(drive.answer(500, &json!({}))).url, "http://shop.example/orders/2?of=B");
    assert!(drive.machine.is_cleaning());
    let command = drive.answer(204, &json!(null));
    assert!(!drive.machine.is_cleaning(), "the next row can be stopped");
    sent(drive.next(command));
    let result = finished(drive.unreachable(ReasonCode::Connect));
    assert_eq!(ended(&result), [(1, Outcome::Passed), (2, Outcome::Failed), (3, Outcome::Failed)]);
    assert_eq!(result.outcome, Outcome::Failed);
    let message = "row 2 (sku: B, amount: 2): status: expected a status below 400, found 500";
    assert_eq!(reason(&result), (Some(2), Some("look"), message), "the first one that failed");
    let third = &result.rows[2];
    assert_eq!(step_outcomes(third), [StepOutcome::Failed, StepOutcome::Skipped, StepOutcome::Skipped]);
    assert_eq!(
        third.reason.as_ref().map(|reason| (reason.row, reason.code)),
        Some((None, ReasonCode::Connect))
    );
}

#[test]
fn the_heaviest_row_decides_whatever_their_order() {
    let steps = json!([{ "id": "a", "request": { "url": URL },
        "assert": [{ "status": 200 }, { "body.ok": { "equals": true, "severity": "warning" } }] }]);
    let cases = [
        (["passed", "passed", "passed"], Outcome::Passed, None),
        (["passed", "degraded", "degraded"], Outcome::Degraded, Some(2)),
        (["degraded", "passed", "denied"], Outcome::Inconclusive, Some(3)),
        (["denied", "degraded", "failed"], Outcome::Failed, Some(3)),
    ];
    for (how, outcome, row) in cases {
        let (mut drive, mut command) = Drive::each(&ordered_rows(), &steps);
        for one in how {
            command = match command {
                Command::ForgetCookies => drive.on(Event::CookiesForgotten),
                other => other,
            };
            sent(command);
            command = match one {
                "denied" => drive.unreachable(ReasonCode::AddressDenied),
                "failed" => drive.answer(404, &json!({})),
                other => drive.answer(200, &json!({ "ok": other == "passed" })),
            };
        }
        let result = finished(command);
        let decisive = result.reason.as_ref().and_then(|reason| reason.row);
        assert_eq!((result.outcome, decisive), (outcome, row), "{how:?}");
    }
}

#[test]
fn a_value_that_a_row_lacks_has_its_default() {
    let rows = json!([{ "sku": "A", "note": { "text": "hi" } }, { "sku": "B" }]);
    let steps =
        json!([{ "id": "a", "request": { "url": URL, "json": ["@{{row.note.text | default(row.sku)}}"] } }]);
    let (mut drive, command) = Drive::each(&rows, &steps);
    assert_eq!(sent(command).body, r#"["hi"]"#);
    let command = drive.answer(200, &json!({}));
    assert_eq!(sent(drive.next(command)).body, r#"["B"]"#);
}

#[test]
fn values_of_rows_are_not_expanded_and_functions_give_each_row_its_own() {
    let rows = json!([{ "text": "@{{secrets.PASSWORD}}" }, { "text": "b" }]);
    let steps = json!([{ "id": "a", "request": { "url": URL, "json": { "text": "@{{row.text}}", "key": "@{{uuid()}}" } } }]);
    let (mut drive, command) = Drive::each(&rows, &steps);
    let body = |command| -> Value { serde_json::from_slice(&sent(command).body).unwrap() };
    let first = body(command);
    assert_eq!(first["text"], "@{{secrets.PASSWORD}}");
    let command = drive.answer(200, &json!({}));
    assert_ne!(body(drive.next(command))["key"], first["key"]);
}

#[test]
fn the_deadline_ends_the_row_in_hand_and_those_after_it_never_begin() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    let command = pass(&mut drive, 1);
    drive.next(command);
    sent(drive.answer(201, &json!({ "id": 2 })));
    drive.at = Duration::from_secs(60);
    assert_eq!(sent(drive.on(Event::DeadlinePassed)).url, "http://shop.example/orders/2?of=B");
    assert_eq!(drive.machine.deadline(), drive.at + CLEANING_TIME);
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(ended(&result), [(1, Outcome::Passed), (2, Outcome::Failed), (3, Outcome::Skipped)]);
    let message = "row 2 (sku: B, amount: 2): the run's time-out of 60s passed";
    assert_eq!(reason(&result), (Some(2), Some("look"), message));
    let never = &result.rows[2];
    assert_eq!((never.steps.len(), never.duration_ms), (0, 0.0));
    assert_eq!(never.reason.as_ref().map(|reason| reason.code), Some(ReasonCode::DeadlinePassed));
}

#[test]
fn a_deadline_during_the_clean_up_of_a_failed_row_leaves_it_the_reason() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    sent(drive.answer(201, &json!({ "id": 1 })));
    sent(drive.answer(500, &json!({})));
    let result = finished(drive.on(Event::DeadlinePassed));
    assert_eq!(ended(&result), [(1, Outcome::Failed), (2, Outcome::Skipped), (3, Outcome::Skipped)]);
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::BadStatus, Some("look")));
}

#[test]
fn a_cancel_stops_the_row_in_hand_also_between_two() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    sent(drive.answer(201, &json!({ "id": 1 })));
    assert_eq!(sent(drive.on(Event::Cancelled)).method, "DELETE");
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(ended(&result), [(1, Outcome::Cancelled), (2, Outcome::Skipped), (3, Outcome::Skipped)]);
    assert_eq!(blamed(&result), (Outcome::Cancelled, ReasonCode::Cancelled, Some("look")));

    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    assert!(matches!(pass(&mut drive, 1), Command::ForgetCookies));
    let result = finished(drive.on(Event::Cancelled));
    assert_eq!(ended(&result), [(1, Outcome::Passed), (2, Outcome::Skipped), (3, Outcome::Skipped)]);
    assert_eq!((result.outcome, result.reason.unwrap().row), (Outcome::Cancelled, None));
    assert_eq!(step_outcomes(&result.rows[1]), []);
}

#[test]
fn a_run_that_is_cancelled_after_a_row_failed_has_failed() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    let command = drive.answer(500, &json!({}));
    drive.next(command);
    let result = finished(drive.on(Event::Cancelled));
    assert_eq!(ended(&result), [(1, Outcome::Failed), (2, Outcome::Cancelled), (3, Outcome::Skipped)]);
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::BadStatus, Some("order")));
}

#[test]
fn all_rows_together_send_no_more_requests_than_one_run_may() {
    let rows: Vec<_> = (0..1_000).map(|number| json!({ "number": number })).collect();
    let steps = json!([{ "id": "a", "request": { "url": URL } }, { "id": "b", "request": { "url": URL } }]);
    let (mut drive, command) = Drive::each(&json!(rows), &steps);
    let mut requests = 0;
    let result = to_the_end(&mut drive, command, |drive| {
        requests += 1;
        drive.answer(200, &json!({}))
    });
    assert_eq!((requests, result.rows.len()), (MAX_REQUESTS, 1_000));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::TooManyRequests, Some("a")));
    let count = |outcome| result.rows.iter().filter(|row| row.outcome == outcome).count();
    assert_eq!(
        (count(Outcome::Passed), count(Outcome::Inconclusive), count(Outcome::Skipped)),
        (500, 1, 499)
    );
}

#[test]
fn what_is_kept_of_many_failed_rows_is_bounded_and_holds_no_secret() {
    let long = "x".repeat(10_000);
    let rows: Vec<_> =
        (0..30).map(|n| json!({ "n": n, "text": "correct horse", "long": long, "more": long })).collect();
    let steps = json!([{ "id": "a", "request": { "url": URL, "method": "POST", "json": "@{{row}}" } }]);
    let (mut drive, command) = Drive::each(&json!(rows), &steps);
    let result =
        to_the_end(&mut drive, command, |drive| drive.answer(500, &json!({ "echo": "correct horse" })));
    let kept = |row: &RowResult| {
        let attempt = &row.steps[0].attempts[0];
        (attempt.request.body.is_some(), attempt.response.as_ref().unwrap().body.is_some())
    };
    assert_eq!(result.rows.iter().filter(|row| kept(row) == (true, true)).count(), 10);
    assert_eq!(result.rows.iter().filter(|row| kept(row) == (false, false)).count(), 20);
    let text = serde_json::to_string(&result).unwrap();
    assert!(!text.contains("correct horse"));
    let first = &result.rows[0];
    assert_eq!(
        (&first.values["text"], first.values["long"].as_str().map(|text| text.chars().count())),
        (&json!("***"), Some(201))
    );
    assert!(result.reason.unwrap().message.starts_with("row 1 (n: 0, text: ***, long: xxx"));
}

#[test]
fn another_worker_cleans_up_after_the_row_that_was_in_hand() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    drive.machine.checkpoint().expect("before the first request that must not be repeated");
    let command = pass(&mut drive, 1);
    drive.machine.checkpoint();
    sent(drive.next(command));
    let begun = drive.machine.checkpoint().expect("a crash now is one of the second row");
    sent(drive.answer(201, &json!({ "id": 2 })));
    let ordered = drive.machine.checkpoint().expect("the answer that clean-up refers to");

    let (mut drive, command) = resumed(&ordered);
    assert_eq!(sent(command).url, "http://shop.example/orders/2?of=B");
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(ended(&result), [(2, Outcome::Inconclusive)], "nothing is known of the others");
    assert_eq!(
        step_outcomes(&result.rows[0]),
        [StepOutcome::Skipped, StepOutcome::Skipped, StepOutcome::Passed]
    );
    let message = "row 2 (sku: B, amount: 2): the worker was lost; cleanup: carried out";
    assert_eq!(reason(&result), (Some(2), None, message));

    let (_, command) = resumed(&begun);
    let result = finished(command);
    assert!(
        reason(&result).2.ends_with("unknown, for it was lost while step `order` was under way"),
        "{result:?}"
    );
}

fn resumed(checkpoint: &Checkpoint) -> (Drive, Command) {
    let kept = serde_json::from_str(&serde_json::to_string(checkpoint).unwrap()).unwrap();
    let reason = Reason::new(ReasonCode::WorkerLost, "the worker was lost");
    Drive::of(Machine::resume_cleaning(plan_of(&ordered_rows(), &order()), inputs(), kept, reason))
}

#[test]
fn the_failing_step_is_found_in_its_row() {
    let (mut drive, _) = Drive::each(&ordered_rows(), &order());
    let command = pass(&mut drive, 1);
    drive.next(command);
    let command = drive.answer(500, &json!({}));
    drive.next(command);
    let result = finished(pass(&mut drive, 3));
    let (step, assertion) = crate::notification::evidence(&result);
    assert_eq!(step, Some((1, "order".to_owned())));
    assert_eq!(assertion.and_then(|assertion| assertion.actual), Some(json!(500)));
}
