//! Takes every secret value out of a result before it leaves the machine. Which texts those are is `masking`'s.

use serde_json::{Map, Value};

use crate::{
    assertion::CUT,
    masking::Masker,
    outcome::Reason,
    result::{AssertionResult, Attempt, ReceivedResponse, RunResult, SentRequest, StepResult},
};

use super::record::KEPT_BODY;

/// Every text in a captured secret is a secret from now on.
pub(super) fn learn(masker: &mut Masker, value: &Value) {
    match value {
        Value::String(text) => masker.add(text),
        Value::Number(number) => masker.add(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| learn(masker, item)),
        Value::Object(fields) => fields.values().for_each(|field| learn(masker, field)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The result without any secret value.
pub(super) fn result(masker: &Masker, mut result: RunResult) -> RunResult {
    result.reason.iter_mut().for_each(|found| reason(masker, found));
    for set_up in &mut result.set_ups {
        set_up.reason.iter_mut().for_each(|found| reason(masker, found));
        set_up.steps.iter_mut().for_each(|found| step(masker, found));
    }
    result.steps.iter_mut().for_each(|found| step(masker, found));
    for row in &mut result.rows {
        row.reason.iter_mut().for_each(|found| reason(masker, found));
        row.steps.iter_mut().for_each(|found| step(masker, found));
    }
    result
}

/// Bytes of a row's values that are kept: enough to tell it from others.
const KEPT_ROW: usize = 2 * 1024;
/// Characters of one of them.
const KEPT_VALUE: usize = 200;

/// What of a row is kept. Masked first, cut after.
pub(super) fn values(masker: &Masker, row: &mut Map<String, Value>) {
    let mut left = KEPT_ROW;
    let whole = masker.value(&Value::Object(std::mem::take(row)));
    let Value::Object(whole) = whole else { return };
    for (name, value) in whole {
        let value = short(value);
        let size = name.len() + value.to_string().len();
        if size > left {
            return;
        }
        left -= size;
        row.insert(name, value);
    }
}

/// A long value is the beginning of its text.
fn short(value: Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(KEPT_VALUE) {
        Some((end, _)) => Value::String(format!("{}…", &text[..end])),
        None => value,
    }
}

fn step(masker: &Masker, step: &mut StepResult) {
    step.reason.iter_mut().for_each(|found| reason(masker, found));
    step.attempts.iter_mut().for_each(|found| attempt(masker, found));
    step.captures.values_mut().for_each(|found| value(masker, found));
}

fn attempt(masker: &Masker, attempt: &mut Attempt) {
    request(masker, &mut attempt.request);
    attempt.response.iter_mut().for_each(|found| response(masker, found));
    attempt.failure.iter_mut().for_each(|found| text(masker, &mut found.message));
    attempt.assertions.iter_mut().for_each(|found| assertion(masker, found));
}

fn request(masker: &Masker, request: &mut SentRequest) {
    text(masker, &mut request.url);
    headers(masker, &mut request.headers);
    request.body.iter_mut().for_each(|found| body(masker, found));
}

fn response(masker: &Masker, response: &mut ReceivedResponse) {
    text(masker, &mut response.url);
    headers(masker, &mut response.headers);
    response.body.iter_mut().for_each(|found| body(masker, found));
}

/// Masked first, cut after.
fn body(masker: &Masker, body: &mut String) {
    text(masker, body);
    body.truncate(body.floor_char_boundary(KEPT_BODY));
}

fn headers(masker: &Masker, headers: &mut [(String, String)]) {
    for (name, value) in headers {
        text(masker, name);
        text(masker, value);
    }
}

fn assertion(masker: &Masker, assertion: &mut AssertionResult) {
    text(masker, &mut assertion.source);
    value(masker, &mut assertion.expected);
    assertion.actual.iter_mut().for_each(|found| actual(masker, found));
    assertion.message.iter_mut().for_each(|found| text(masker, found));
}

/// A value that was cut may end in the first half of a secret, which is not recognised: as much as that may be goes.
fn actual(masker: &Masker, found: &mut Value) {
    value(masker, found);
    let Value::String(shown) = found else { return };
    let Some(beginning) = shown.strip_suffix(CUT) else { return };
    let end = beginning.floor_char_boundary(beginning.len().saturating_sub(masker.longest()));
    *shown = format!("{}{CUT}", &beginning[..end]);
}

fn reason(masker: &Masker, reason: &mut Reason) {
    text(masker, &mut reason.message);
}

fn text(masker: &Masker, text: &mut String) {
    if let std::borrow::Cow::Owned(masked) = masker.text(text) {
        *text = masked;
    }
}

fn value(masker: &Masker, value: &mut Value) {
    if !masker.is_empty() {
        *value = masker.value(value);
    }
}
