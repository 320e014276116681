//! Access tokens and signatures: what goes first, what is kept, what is never seen.

use super::*;

const TOKEN_URL: &str = "https://auth.example/token";

fn step(id: &str, scope: &str) -> Value {
    let oauth2 = json!({
        "token_url": TOKEN_URL, "client_id": "shop", "client_secret": "@{{secrets.PASSWORD}}", "scope": scope,
    });
    json!({
        "id": id,
        "request": { "method": "POST", "url": URL, "auth": { "oauth2": oauth2 } },
        "retry": { "attempts": 1, "when": ["network", 503, 401] },
    })
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn token(value: &str, expires_in: u64) -> Value {
    json!({ "access_token": value, "token_type": "bearer", "expires_in": expires_in })
}

/// Whether the command is a request for a token; it must be one that may be repeated.
fn asks(command: Command) -> Request {
    let Command::Send { request, repeatable } = command else {
        panic!("expected a request, got {command:?}")
    };
    assert_eq!((request.url.as_str(), repeatable), (TOKEN_URL, true));
    Arc::unwrap_or_clone(request)
}

/// Whether the command is the step's own request, with this token.
fn bears(command: Command, token: &str) {
    let Command::Send { request, repeatable } = command else {
        panic!("expected a request, got {command:?}")
    };
    assert_eq!((request.url.as_str(), repeatable), (URL, false));
    assert_eq!(header(&request, "authorization"), Some(&*format!("Bearer {token}")));
}

#[test]
fn a_token_is_fetched_first_and_kept_for_the_run() {
    let (mut drive, command) =
        Drive::start(json!([step("a", "read"), step("b", "read"), step("c", "write")]));
    let asked = asks(command);
    assert_eq!(header(&asked, "authorization"), Some("Basic c2hvcDpjb3JyZWN0K2hvcnNl"));
    assert_eq!(asked.body, "grant_type=client_credentials&scope=read");
    bears(drive.answer(200, &token("t-read", 3600)), "t-read");
    bears(drive.answer(200, &json!({})), "t-read");
    assert_eq!(asks(drive.answer(200, &json!({}))).body, "grant_type=client_credentials&scope=write");
    bears(drive.answer(200, &token("t-write", 3600)), "t-write");
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(result.outcome, Outcome::Passed);
    assert!(result.steps.iter().all(|step| step.attempts.len() == 1), "{result:?}");
    assert!(result.steps.iter().all(|step| step.latency_ms == Some(5.0)), "a token's time is not the step's");
}

#[test]
fn client_and_secret_go_into_the_body_where_that_is_wanted() {
    let mut step = step("a", "read");
    step["request"]["auth"]["oauth2"]["client_auth"] = json!("body");
    step["request"]["auth"]["oauth2"]["audience"] = json!("https://api");
    let (_, command) = Drive::start(json!([step]));
    let asked = asks(command);
    assert_eq!(header(&asked, "authorization"), None);
    let body = "grant_type=client_credentials&scope=read&audience=https%3A%2F%2Fapi&client_id=shop&client_secret=correct+horse";
    assert_eq!(asked.body, body);
}

#[test]
fn a_token_near_its_end_is_not_used_again() {
    let (mut drive, command) = Drive::start(json!([step("a", ""), step("b", ""), step("c", "")]));
    asks(command);
    bears(drive.answer(200, &token("first", 20)), "first");
    drive.at += Duration::from_secs(5);
    bears(drive.answer(200, &json!({})), "first");
    drive.at += Duration::from_secs(6);
    asks(drive.answer(200, &json!({})));
}

#[test]
fn a_target_that_refuses_the_token_gets_another_with_the_next_try() {
    let (mut drive, command) = Drive::start(json!([step("a", "")]));
    asks(command);
    bears(drive.answer(200, &token("stale", 3600)), "stale");
    waits(drive.answer(401, &json!({})));
    asks(drive.on(Event::Woke));
    bears(drive.answer(200, &token("fresh", 3600)), "fresh");
    assert_eq!(finished(drive.answer(200, &json!({}))).outcome, Outcome::Passed);
}

#[test]
fn a_refused_token_request_fails_the_step_and_says_why() {
    let (mut drive, command) = Drive::start(json!([step("a", "")]));
    asks(command);
    let description = "client `shop` with `correct horse` is unknown";
    let refusal = json!({ "error": "invalid_client", "error_description": description });
    let result = finished(drive.answer(400, &refusal));
    let reason = result.reason.expect("it failed");
    assert_eq!(
        (result.outcome, reason.code, reason.step.as_deref()),
        (Outcome::Failed, ReasonCode::NoToken, Some("a"))
    );
    let expected = "no access token from `https://auth.example/token`: it answered 400 `invalid_client`: client `shop` with `***` is unknown";
    assert_eq!(reason.message, expected);
    let attempt = &result.steps[0].attempts[0];
    assert_eq!((attempt.request.url.as_str(), attempt.response.is_none()), (TOKEN_URL, true));
}

#[test]
fn an_answer_without_a_token_is_told_without_what_was_in_it() {
    for (status, body, expected) in [
        (200, json!({ "token": "hidden" }), "it answered 200 without an `access_token` in a JSON object"),
        (200, json!({ "access_token": "a b" }), "its `access_token` has characters that no header can hold"),
        (
            200,
            json!({ "access_token": "x", "token_type": "DPoP" }),
            "it gave a token of the type `DPoP`, and only `Bearer` is known",
        ),
        (500, json!("hidden"), "it answered 500"),
    ] {
        let (mut drive, _) = Drive::start(json!([step("a", "")]));
        let result = finished(drive.answer(status, &body));
        let shown = serde_json::to_string(&result).unwrap();
        assert!(result.reason.unwrap().message.ends_with(expected), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
    }
}

#[test]
fn a_token_request_is_tried_again_for_the_same_reasons_as_any() {
    let (mut drive, _) = Drive::start(json!([step("a", "")]));
    waits(drive.unreachable(ReasonCode::Connect));
    asks(drive.on(Event::Woke));
    let result = finished(drive.unreachable(ReasonCode::Connect));
    let reason = result.reason.unwrap();
    assert_eq!(reason.code, ReasonCode::Connect);
    assert_eq!(reason.message, "no access token from `https://auth.example/token`: it was connect");
    assert_eq!(result.steps[0].attempts.len(), 2);
    let (mut drive, _) = Drive::start(json!([step("a", "")]));
    waits(drive.answer(503, &json!({})));
}

#[test]
fn a_cancel_while_a_token_is_fetched_ends_the_run() {
    let (mut drive, command) = Drive::start(json!([step("a", "")]));
    asks(command);
    assert_eq!(finished(drive.on(Event::Cancelled)).outcome, Outcome::Cancelled);
}

#[test]
fn neither_token_nor_secret_is_seen_wherever_they_turn_up() {
    let oauth2 =
        json!({ "token_url": TOKEN_URL, "client_id": "shop", "client_secret": "written in the open" });
    let (mut drive, command) =
        Drive::start(json!([{ "id": "a", "request": { "url": URL, "auth": { "oauth2": oauth2 } } }]));
    asks(command);
    drive.answer(200, &token("s3cret-token", 60));
    let echo = json!({ "you": "s3cret-token", "client": "written in the open" });
    let shown = serde_json::to_string(&finished(drive.answer(500, &echo))).unwrap();
    assert!(!shown.contains("s3cret-token") && !shown.contains("written in the open"), "{shown}");
}

#[test]
fn a_signature_is_made_afresh_for_each_try_and_nothing_else_changes() {
    let key = json!({
        "region": "eu-west-1", "service": "execute-api", "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "@{{secrets.PASSWORD}}", "session_token": "session-token",
    });
    let request = json!({
        "url": URL, "method": "POST", "json": { "id": "@{{uuid()}}" }, "auth": { "aws_sigv4": key },
    });
    let retry = json!({ "attempts": 1, "initial": "2s" });
    let (mut drive, command) = Drive::start(json!([{ "id": "a", "request": request, "retry": retry }]));
    let first = sent(command);
    assert_eq!(header(&first, "x-amz-date"), Some("20231114T221320Z"));
    let wait = waits(drive.unreachable(ReasonCode::Connect));
    drive.at += wait;
    let second = sent(drive.on(Event::Woke));
    assert_eq!(header(&second, "x-amz-date"), Some("20231114T221322Z"));
    assert_eq!((&first.body, &first.url), (&second.body, &second.url));
    let differing: Vec<&str> = std::iter::zip(&first.headers, &second.headers)
        .filter(|(a, b)| a != b)
        .map(|((name, _), _)| name.as_str())
        .collect();
    assert_eq!(differing, ["X-Amz-Date", "Authorization"]);
    let shown = serde_json::to_string(&finished(drive.answer(403, &json!("session-token")))).unwrap();
    assert!(shown.contains("AWS4-HMAC-SHA256 ***") && !shown.contains("session-token"), "{shown}");
}
