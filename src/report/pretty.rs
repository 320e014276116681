//! `--reporter pretty`: a tree for people. What passed takes one line, what did not takes as many as it needs.

use std::{
    fmt::Display,
    io::{self, Write},
};

use domain::{
    outcome::{Outcome, Reason},
    result::{AssertionOutcome, AssertionResult, Attempt, ReceivedResponse, StepOutcome, StepResult},
};
use serde_json::Value;

use super::{Summary, Tested, curl, needs_attention};
use crate::terminal::{Style, printable};

/// A value or a body is cut after so many characters: the API and `--reporter json` have the rest.
const SHOWN: usize = 300;

/// Writes runs as they come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pretty {
    pub(crate) style: Style,
}

impl Pretty {
    /// One run: a line, and a line or more for each step.
    pub(crate) fn run(&self, out: &mut impl Write, tested: &Tested) -> io::Result<()> {
        let result = &tested.result;
        let head = self.style.bold(printable(&tested.name));
        let aside = self.style.dim(format!("{}  {}", duration(result.duration_ms), tested.place));
        writeln!(out, "{} {head}  {aside}", self.outcome(result.outcome))?;
        for step in &result.steps {
            self.step(out, step)?;
        }
        // A step that did not pass says why itself; what has no such step is said here.
        if let Some(reason) = &result.reason
            && !result.steps.iter().any(|step| is_told_by(reason, step))
        {
            writeln!(out, "    {}", printable(&reason.message))?;
        }
        writeln!(out)
    }

    /// The last line.
    pub(crate) fn finish(&self, out: &mut impl Write, summary: Summary, duration_ms: f64) -> io::Result<()> {
        let Summary { passed, degraded, failed, inconclusive } = summary;
        let style = self.style;
        let count = |count: usize, word: &str, paint: fn(Style, String) -> String| {
            (count > 0).then(|| paint(style, format!("{count} {word}")))
        };
        let counts: Vec<_> = [
            count(failed, "failed", Style::red),
            count(inconclusive, "inconclusive", Style::yellow),
            count(degraded, "degraded", Style::yellow),
            count(passed, "passed", Style::green),
        ]
        .into_iter()
        .flatten()
        .collect();
        writeln!(out, "{} in {}", counts.join(", "), duration(duration_ms))
    }

    fn step(&self, out: &mut impl Write, step: &StepResult) -> io::Result<()> {
        let name = printable(&step.name);
        let aside = match (step.outcome, step.latency_ms) {
            (StepOutcome::Skipped, _) => step.reason.as_ref().map(|reason| printable(&reason.message)),
            (_, Some(latency)) => Some(duration(latency)),
            (_, None) => None,
        };
        let tries = (step.attempts.len() > 1).then(|| format!("{} requests", step.attempts.len()));
        let asides: Vec<_> = aside.into_iter().chain(tries).collect();
        write!(out, "  {} {name}", self.step_outcome(step.outcome))?;
        if !asides.is_empty() {
            write!(out, "  {}", self.style.dim(asides.join(", ")))?;
        }
        writeln!(out)?;
        if needs_attention(step.outcome) { self.trouble(out, step) } else { Ok(()) }
    }

    /// Why a step did not pass: the assertions that say so, else the reason; then what was sent and answered.
    fn trouble(&self, out: &mut impl Write, step: &StepResult) -> io::Result<()> {
        let last = step.attempts.last();
        let told = last.into_iter().flat_map(|attempt| &attempt.assertions);
        let told: Vec<_> = told.filter(|one| one.outcome != AssertionOutcome::Passed).collect();
        for assertion in &told {
            self.assertion(out, assertion)?;
        }
        if let (true, Some(reason)) = (told.is_empty(), &step.reason) {
            writeln!(out, "      {}", printable(&reason.message))?;
        }
        match last {
            Some(attempt) if step.outcome != StepOutcome::Degraded => self.exchange(out, attempt),
            _ => Ok(()),
        }
    }

    fn assertion(&self, out: &mut impl Write, assertion: &AssertionResult) -> io::Result<()> {
        let AssertionResult { source, comparison, expected, actual, outcome, message } = assertion;
        let mark = match outcome {
            AssertionOutcome::Passed => self.style.green("✓"),
            AssertionOutcome::Degraded => self.style.yellow("!"),
            AssertionOutcome::Failed => self.style.red("✗"),
        };
        writeln!(out, "      {mark} {} {comparison}", printable(source))?;
        self.field(out, "expected", shown(expected))?;
        self.field(out, "actual", actual.as_ref().map_or_else(|| "nothing there".to_owned(), shown))?;
        match message {
            // "expected …, found …" says in words what the two lines above say.
            Some(message) if !message.starts_with("expected ") => {
                self.field(out, "because", printable(message))
            }
            _ => Ok(()),
        }
    }

    fn exchange(&self, out: &mut impl Write, attempt: &Attempt) -> io::Result<()> {
        if let Some(response) = &attempt.response {
            self.field(out, "answer", answer(response))?;
        }
        self.field(out, "try it", printable(&curl::command(&attempt.request)))
    }

    fn field(&self, out: &mut impl Write, name: &str, value: impl Display) -> io::Result<()> {
        writeln!(out, "        {} {value}", self.style.dim(format_args!("{name:<8}")))
    }

    fn outcome(&self, outcome: Outcome) -> String {
        match outcome {
            Outcome::Passed => self.style.green("✓"),
            Outcome::Degraded => self.style.yellow("!"),
            Outcome::Failed => self.style.red("✗"),
            Outcome::Inconclusive | Outcome::Missed => self.style.yellow("?"),
            Outcome::Skipped | Outcome::Cancelled => self.style.dim("○"),
        }
    }

    fn step_outcome(&self, outcome: StepOutcome) -> String {
        match outcome {
            StepOutcome::Passed => self.style.green("✓"),
            StepOutcome::Degraded => self.style.yellow("!"),
            StepOutcome::Failed => self.style.red("✗"),
            StepOutcome::Inconclusive => self.style.yellow("?"),
            StepOutcome::Skipped => self.style.dim("○"),
        }
    }
}

/// Whether the run's reason is the one that the step shows.
fn is_told_by(reason: &Reason, step: &StepResult) -> bool {
    reason.step.as_deref() == Some(step.id.as_str()) && needs_attention(step.outcome)
}

fn answer(response: &ReceivedResponse) -> String {
    match &response.body {
        Some(body) => format!("{} {}", response.status, cut(&printable(&body.replace('\n', " ")))),
        None => format!("{}, {} bytes", response.status, response.size),
    }
}

fn shown(value: &Value) -> String {
    cut(&printable(&value.to_string()))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `12 ms`, `1.24 s`.
fn duration(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.2} s", milliseconds / 1_000.0)
    }
}

#[cfg(test)]
#[path = "pretty_tests.rs"]
mod tests;
