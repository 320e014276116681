//! What reporters say about a step, in sentences. Everything in a result is masked before it comes here.

use std::{borrow::Cow, time::Duration};

use domain::{
    outcome::{Outcome, Reason},
    result::{AssertionOutcome, AssertionResult, RowResult, RunResult, SetUpResult, StepOutcome, StepResult},
};
use serde_json::Value;

use super::Tested;
use crate::terminal::printable;

/// A value or a body is cut after so many characters: the API and `--reporter json` have the rest.
const SHOWN: usize = 300;

/// Whether a step is one that a person has to look at.
pub(super) fn needs_attention(outcome: StepOutcome) -> bool {
    matches!(outcome, StepOutcome::Failed | StepOutcome::Inconclusive | StepOutcome::Degraded)
}

/// The assertions of a step's last try that did not hold.
pub(super) fn unmet(step: &StepResult) -> Vec<&AssertionResult> {
    let assertions = step.attempts.last().into_iter().flat_map(|attempt| &attempt.assertions);
    assertions.filter(|one| one.outcome != AssertionOutcome::Passed).collect()
}

/// Why a step did not pass: a line for each assertion that says so, else its reason.
fn why(step: &StepResult) -> Vec<String> {
    let told: Vec<_> = unmet(step).into_iter().map(sentence).collect();
    if !told.is_empty() {
        return told;
    }
    step.reason.iter().map(|reason| printable(&reason.message).into_owned()).collect()
}

/// Where a shared set-up is from.
pub(super) fn shared(set_up: &SetUpResult) -> &'static str {
    match (set_up.fetched_by, set_up.steps.is_empty()) {
        (None, _) => "shared set-up, could not be run",
        (Some(_), true) => "shared set-up, from an earlier run",
        (Some(_), false) => "shared set-up, run here",
    }
}

/// What a run says that none of its steps does.
pub(super) fn untold(tested: &Tested) -> Option<Cow<'_, str>> {
    let reason = tested.result.reason.as_ref()?;
    (!told_by(reason, tested.result.steps_of(reason))).then(|| printable(&reason.message))
}

/// Whether a step says the same.
pub(super) fn told_by(reason: &Reason, steps: &[StepResult]) -> bool {
    let told =
        |step: &StepResult| reason.step.as_deref() == Some(step.id.as_str()) && needs_attention(step.outcome);
    steps.iter().any(told)
}

/// What reports that know no rows have a case for: a step, or a row of `each` that never began.
pub(super) struct Point<'t> {
    /// The step's name, behind the row that it ran for.
    pub(super) name: String,
    pub(super) outcome: StepOutcome,
    pub(super) why: Vec<String>,
    pub(super) step: Option<&'t StepResult>,
}

impl Point<'_> {
    pub(super) fn needs_attention(&self) -> bool {
        needs_attention(self.outcome)
    }
}

/// All of them, in the order in which they ran.
pub(super) fn points(result: &RunResult) -> Vec<Point<'_>> {
    let steps = result.steps.iter().map(|step| point(step.name.clone(), step));
    steps.chain(result.rows.iter().flat_map(points_of)).collect()
}

fn points_of(row: &RowResult) -> Vec<Point<'_>> {
    let title = row.title();
    if row.steps.is_empty() {
        let why = row.reason.iter().map(|reason| printable(&reason.message).into_owned()).collect();
        return vec![Point { name: title, outcome: StepOutcome::Skipped, why, step: None }];
    }
    row.steps.iter().map(|step| point(format!("{title}: {}", step.name), step)).collect()
}

fn point(name: String, step: &StepResult) -> Point<'_> {
    Point { name, outcome: step.outcome, why: why(step), step: Some(step) }
}

/// Whether the run counts as a success.
pub(crate) fn is_good(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Passed | Outcome::Degraded)
}

fn sentence(assertion: &AssertionResult) -> String {
    let AssertionResult { source, comparison, expected, actual, message, .. } = assertion;
    let head = format!("{} {comparison}", printable(source));
    match message {
        // "expected …, found …" says the same without the values.
        Some(message) if !message.starts_with("expected ") => format!("{head}: {}", printable(message)),
        _ => {
            let actual = actual.as_ref().map_or_else(|| "nothing there".to_owned(), shown);
            format!("{head} {}: found {actual}", shown(expected))
        }
    }
}

/// A value on one line.
pub(super) fn shown(value: &Value) -> String {
    cut(&printable(&value.to_string()))
}

/// The beginning of a long text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `12 ms`, `1.24 s`.
pub(super) fn duration(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 {
        format!("{} ms", milliseconds.round() as u32)
    } else {
        format!("{:.2} s", milliseconds / 1_000.0)
    }
}

/// The same for machines.
pub(super) fn time(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1_000.0).unwrap_or_default()
}
