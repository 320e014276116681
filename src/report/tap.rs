//! `--reporter tap`: TAP version 14 (testanything.org). A collection is a test with a subtest of its steps.

use std::{
    borrow::Cow,
    io::{self, Write},
    sync::Arc,
};

use domain::result::StepOutcome;
use serde_json::Value;

use super::{
    Ending, Report, Tested,
    words::{Point, is_good, points, untold},
};
use crate::terminal::printable;

/// Writes as it goes; the plan comes last, when the number of runs is known.
#[derive(Debug, Default)]
pub(super) struct Tap {
    runs: usize,
}

impl Report for Tap {
    fn run(&mut self, out: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()> {
        if self.runs == 0 {
            writeln!(out, "TAP version 14")?;
        }
        self.runs += 1;
        let title = escaped(&tested.title());
        writeln!(out, "# Subtest: {title}")?;
        let points = points(&tested.result);
        for (number, one) in (1..).zip(&points) {
            point(out, number, one)?;
        }
        writeln!(out, "    1..{}", points.len())?;
        let outcome = tested.result.outcome;
        let verdict = if is_good(outcome) { "ok" } else { "not ok" };
        writeln!(out, "{verdict} {} - {title}", self.runs)?;
        diagnostics(
            out,
            "  ",
            &[
                ("at", Some(tested.place.clone())),
                ("outcome", Some(outcome.to_string())),
                ("message", untold(tested).map(Cow::into_owned)),
            ],
        )
    }

    fn finish(&mut self, out: &mut dyn Write, ending: Ending) -> io::Result<()> {
        if self.runs == 0 {
            writeln!(out, "TAP version 14")?;
        }
        if ending.summary.not_run > 0 {
            writeln!(out, "# {} not run", ending.summary.not_run)?;
        }
        writeln!(out, "1..{}", self.runs)
    }
}

fn point(out: &mut dyn Write, number: usize, point: &Point<'_>) -> io::Result<()> {
    let Point { outcome, why, .. } = point;
    let name = escaped(&point.name);
    if *outcome == StepOutcome::Skipped {
        return writeln!(out, "    ok {number} - {name} # SKIP {}", escaped(&why.join("; ")));
    }
    let verdict = match outcome {
        StepOutcome::Failed | StepOutcome::Inconclusive => "not ok",
        StepOutcome::Passed | StepOutcome::Degraded | StepOutcome::Skipped => "ok",
    };
    writeln!(out, "    {verdict} {number} - {name}")?;
    if *outcome == StepOutcome::Passed {
        return Ok(());
    }
    let message = (!why.is_empty()).then(|| why.join("\n"));
    diagnostics(out, "      ", &[("outcome", Some(outcome.to_string())), ("message", message)])
}

/// A YAML block; texts are written as JSON, which YAML reads.
fn diagnostics(out: &mut dyn Write, margin: &str, pairs: &[(&str, Option<String>)]) -> io::Result<()> {
    writeln!(out, "{margin}---")?;
    for (name, text) in pairs {
        if let Some(text) = text {
            writeln!(out, "{margin}{name}: {}", Value::from(text.as_str()))?;
        }
    }
    writeln!(out, "{margin}...")
}

/// A description: on one line, with `\` and `#` escaped.
fn escaped(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ").replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Summary, sample};

    #[test]
    fn a_collection_is_a_test_with_a_subtest_of_its_steps() {
        let (mut tap, mut out) = (Tap::default(), Vec::new());
        for tested in sample::runs() {
            tap.run(&mut out, &Arc::new(tested)).unwrap();
        }
        let summary = Summary { not_run: 2, ..Summary::default() };
        tap.finish(&mut out, Ending { summary, duration_ms: 1_500.0 }).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn a_subtest_names_the_row_of_each_step() {
        let (mut tap, mut out) = (Tap::default(), Vec::new());
        tap.run(&mut out, &Arc::new(sample::rows())).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        TAP version 14
        # Subtest: Checkout works
            ok 1 - row 1 (sku: SKU-1): Log in
            ok 2 - row 2 (sku: SKU-2): Log in
            not ok 3 - row 2 (sku: SKU-2): Pay
              ---
              outcome: "failed"
              message: "body.status equals \"captured\": found \"pending\""
              ...
            ok 4 - row 3 (sku: SKU-3) # SKIP the run's time-out of 60s passed
            1..4
        not ok 1 - Checkout works
          ---
          at: "checkout.yaml:21"
          outcome: "failed"
          ...
        "#);
    }
}
