//! `--reporter pretty`: a tree for people. What passed takes one line, what did not takes as many as it needs.

mod rows;

use std::{
    fmt::Display,
    io::{self, Write},
    sync::Arc,
};

use domain::{
    outcome::Outcome,
    result::{
        AssertionOutcome, AssertionResult, Attempt, ReceivedResponse, SetUpResult, StepOutcome, StepResult,
    },
};

use super::{
    Ending, Report, Tested, curl,
    words::{cut, duration, needs_attention, shared, shown, unmet, untold},
};
use crate::terminal::{Painted, Style, printable};

/// Writes runs as they come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pretty {
    pub(super) style: Style,
}

impl Report for Pretty {
    /// One run: a line, and a line or more for each step.
    fn run(&mut self, out: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()> {
        let result = &tested.result;
        let title = tested.title();
        write!(out, "{} {}  ", self.outcome(result.outcome), self.style.bold(printable(&title)))?;
        let aside = format_args!("{}  {}", duration(result.duration_ms), tested.place);
        writeln!(out, "{}", self.style.dim(aside))?;
        for set_up in &result.set_ups {
            self.set_up(out, set_up)?;
        }
        for step in &result.steps {
            self.step(out, step)?;
        }
        self.rows(out, &result.rows)?;
        // A step or a row that did not pass says why itself; what has no such step is said here.
        if let Some(reason) = untold(tested).filter(|_| result.rows.is_empty()) {
            writeln!(out, "    {reason}")?;
        }
        writeln!(out)
    }

    /// The last line.
    fn finish(&mut self, out: &mut dyn Write, ending: Ending) -> io::Result<()> {
        let paint = |(count, word): (usize, &'static str)| {
            let text = format!("{count} {word}");
            match word {
                "failed" => self.style.red(text),
                "passed" => self.style.green(text),
                "not run" => self.style.dim(text),
                _ => self.style.yellow(text),
            }
        };
        let counts: Vec<_> =
            ending.summary.counts().into_iter().map(|count| paint(count).to_string()).collect();
        writeln!(out, "{} in {}", counts.join(", "), duration(ending.duration_ms))
    }
}

impl Pretty {
    /// A line; its steps only when they went wrong in this very run.
    fn set_up(&self, out: &mut dyn Write, set_up: &SetUpResult) -> io::Result<()> {
        let told = self.style.dim(shared(set_up));
        writeln!(out, "  {} {}  {told}", self.outcome(set_up.outcome), set_up.collection)?;
        let wrong = set_up.outcome != Outcome::Passed;
        set_up.steps.iter().filter(|_| wrong).try_for_each(|step| {
            write!(out, "  ")?;
            self.step(out, step)
        })
    }

    fn step(&self, out: &mut dyn Write, step: &StepResult) -> io::Result<()> {
        let aside = match (step.outcome, step.latency_ms) {
            (StepOutcome::Skipped, _) => step.reason.as_ref().map(|reason| printable(&reason.message)),
            (_, Some(latency)) => Some(duration(latency).into()),
            (_, None) => None,
        };
        let tries = (step.attempts.len() > 1).then(|| format!("{} requests", step.attempts.len()).into());
        let asides: Vec<_> = aside.into_iter().chain(tries).collect();
        write!(out, "  {} {}", self.step_outcome(step.outcome), printable(&step.name))?;
        if !asides.is_empty() {
            write!(out, "  {}", self.style.dim(asides.join(", ")))?;
        }
        writeln!(out)?;
        if needs_attention(step.outcome) { self.trouble(out, step) } else { Ok(()) }
    }

    /// Why a step did not pass: the assertions that say so, else the reason; then what was sent and answered.
    fn trouble(&self, out: &mut dyn Write, step: &StepResult) -> io::Result<()> {
        let last = step.attempts.last();
        let told = unmet(step);
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

    fn assertion(&self, out: &mut dyn Write, assertion: &AssertionResult) -> io::Result<()> {
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

    fn exchange(&self, out: &mut dyn Write, attempt: &Attempt) -> io::Result<()> {
        if let Some(response) = &attempt.response {
            self.field(out, "answer", answer(response))?;
        }
        self.field(out, "try it", printable(&curl::command(&attempt.request)))
    }

    fn field(&self, out: &mut dyn Write, name: &str, value: impl Display) -> io::Result<()> {
        writeln!(out, "        {} {value}", self.style.dim(format_args!("{name:<8}")))
    }

    fn outcome(&self, outcome: Outcome) -> Painted<&'static str> {
        match outcome {
            Outcome::Passed => self.style.green("✓"),
            Outcome::Degraded => self.style.yellow("!"),
            Outcome::Failed => self.style.red("✗"),
            Outcome::Inconclusive | Outcome::Missed => self.style.yellow("?"),
            Outcome::Skipped | Outcome::Cancelled => self.style.dim("○"),
        }
    }

    fn step_outcome(&self, outcome: StepOutcome) -> Painted<&'static str> {
        match outcome {
            StepOutcome::Passed => self.style.green("✓"),
            StepOutcome::Degraded => self.style.yellow("!"),
            StepOutcome::Failed => self.style.red("✗"),
            StepOutcome::Inconclusive => self.style.yellow("?"),
            StepOutcome::Skipped => self.style.dim("○"),
        }
    }
}

fn answer(response: &ReceivedResponse) -> String {
    match &response.body {
        Some(body) => format!("{} {}", response.status, cut(&printable(&body.replace('\n', " ")))),
        None => format!("{}, {} bytes", response.status, response.size),
    }
}

#[cfg(test)]
#[path = "pretty_tests.rs"]
mod tests;
