//! The summary of a workflow's step, as Markdown.

use std::fmt::Write;

use domain::outcome::Outcome;

use crate::{
    report::{
        Ending, Tested,
        words::{Point, duration, points, untold},
    },
    terminal::printable,
};

/// GitHub refuses more than 1 MiB; what failed comes first, and nobody reads more rows.
const MOST_ROWS: usize = 500;
/// Steps that one row tells of: a collection with `each` may have a thousand that failed.
const MOST_POINTS: usize = 20;

/// One row per run.
#[derive(Debug, Default)]
pub(super) struct Table {
    bad: Vec<String>,
    good: Vec<String>,
}

impl Table {
    pub(super) fn add(&mut self, tested: &Tested) {
        let mut points = points(&tested.result);
        points.retain(Point::needs_attention);
        let told = points.iter().map(|one| format!("**{}**: {}", cell(&one.name), cell(&one.why.join("; "))));
        let told = told.chain(untold(tested).map(|reason| cell(&reason)));
        let mut told: Vec<_> = told.collect();
        if told.len() > MOST_POINTS {
            let more = told.len() - MOST_POINTS;
            told.truncate(MOST_POINTS);
            told.push(format!("…and {more} more"));
        }
        let row = format!(
            "| {} | {} | {} | {} |",
            mark(tested.result.outcome),
            cell(&tested.title()),
            duration(tested.result.duration_ms),
            told.join("<br>")
        );
        let is_good = matches!(tested.result.outcome, Outcome::Passed | Outcome::Degraded);
        if is_good { self.good.push(row) } else { self.bad.push(row) }
    }

    pub(super) fn markdown(&self, ending: Ending) -> String {
        let counts = ending.summary.counts().into_iter().map(|(count, word)| format!("{count} {word}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let mut text = format!("### Skopos: {counts} in {}\n\n", duration(ending.duration_ms));
        text.push_str("| | Collection | Time | |\n|---|---|---|---|\n");
        let rows = self.bad.iter().chain(&self.good);
        rows.take(MOST_ROWS).for_each(|row| _ = writeln!(text, "{row}"));
        let left = (self.bad.len() + self.good.len()).saturating_sub(MOST_ROWS);
        if left > 0 {
            let _ = writeln!(text, "\n…and {left} more");
        }
        text
    }
}

fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✅",
        Outcome::Degraded => "⚠️",
        Outcome::Failed => "❌",
        Outcome::Inconclusive | Outcome::Missed => "❔",
        Outcome::Skipped | Outcome::Cancelled => "⚪",
    }
}

/// Text of others in a cell of a table: nothing in it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\t' => escaped.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '@' => {
                escaped.push('\\');
                escaped.push(c);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
