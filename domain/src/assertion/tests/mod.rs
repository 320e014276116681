//! Assertions as users write them, against an answer.

mod comparisons;
mod compiling;
mod conditions;
mod laws;
mod original;
mod references;
mod sources;
mod xpath;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Assertion;
use crate::{
    answer::{Answer, sample},
    document::Check,
    problem::Problem,
    reference::{Function, NoValue, Path, Root, Scope},
    result::{AssertionOutcome, AssertionResult},
};

/// Variables, and a step `login` that answered; nothing else.
struct Values(Value);

impl Scope for Values {
    fn value(&self, root: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        match root {
            Root::Vars => path.find(&self.0).map(Cow::Borrowed).map_err(NoValue::gone),
            _ => Ok(path.find(&self.0).map(Cow::Borrowed)?),
        }
    }

    fn call(&self, _: &Function) -> Value {
        Value::Null
    }
}

fn check(written: &Value) -> Check {
    serde_json::from_value(written.clone()).unwrap()
}

fn compile(written: &Value) -> Assertion {
    Assertion::compile(&check(written)).unwrap_or_else(|problems| panic!("{written}: {problems:?}"))
}

fn problems(written: &Value) -> Vec<Problem> {
    Assertion::compile(&check(written)).err().unwrap_or_default()
}

fn evaluate(written: &Value, answer: &Answer) -> Vec<AssertionResult> {
    compile(written).evaluate(answer, &Values(json!({}))).unwrap()
}

/// The result of the only comparison.
fn only(written: &Value, answer: &Answer) -> AssertionResult {
    let mut results = evaluate(written, answer);
    assert_eq!(results.len(), 1, "{written}");
    results.remove(0)
}

/// Whether `{ body.v: { comparison: operand } }` holds of a body whose `v` is `actual`.
fn holds(comparison: &str, operand: &Value, actual: &Value) -> bool {
    let written = json!({ "body.v": { comparison: operand } });
    only(&written, &sample::json(&json!({ "v": actual }))).outcome == AssertionOutcome::Passed
}

/// Why it does not.
fn why(comparison: &str, operand: &Value, actual: &Value) -> String {
    let written = json!({ "body.v": { comparison: operand } });
    let result = only(&written, &sample::json(&json!({ "v": actual })));
    assert_eq!(result.outcome, AssertionOutcome::Failed, "{written} of {actual}");
    result.message.unwrap()
}
