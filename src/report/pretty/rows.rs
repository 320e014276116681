//! Rows of `each` in the tree: what passed or never began takes a line, many of these in a row one line together; the
//! others are shown with their steps.

use std::io::{self, Write};

use domain::{
    outcome::Outcome,
    result::{RowResult, StepResult},
};

use super::Pretty;
use crate::{
    report::words::{duration, told_by},
    terminal::printable,
};

/// Quiet rows one after the other that have a line each.
const MOST: usize = 5;

impl Pretty {
    pub(super) fn rows(self, out: &mut dyn Write, rows: &[RowResult]) -> io::Result<()> {
        for alike in rows.chunk_by(|one, next| is_quiet(one) && one.outcome == next.outcome) {
            match alike {
                [first, .., last] if alike.len() > MOST => self.stretch(out, first, last)?,
                _ => alike.iter().try_for_each(|row| self.row(out, row))?,
            }
        }
        Ok(())
    }

    fn stretch(self, out: &mut dyn Write, first: &RowResult, last: &RowResult) -> io::Result<()> {
        let title = format!("rows {} to {}", first.index, last.index);
        self.head(out, first, &title, last.started_ms + last.duration_ms - first.started_ms)
    }

    fn row(self, out: &mut dyn Write, row: &RowResult) -> io::Result<()> {
        self.head(out, row, &row.title(), row.duration_ms)?;
        if is_quiet(row) {
            return Ok(());
        }
        let mut steps = Vec::new();
        row.steps.iter().try_for_each(|step: &StepResult| self.step(&mut steps, step))?;
        for line in steps.split_inclusive(|byte| *byte == b'\n') {
            out.write_all(b"  ")?;
            out.write_all(line)?;
        }
        match &row.reason {
            Some(reason) if !told_by(reason, &row.steps) => {
                writeln!(out, "      {}", printable(&reason.message))
            }
            _ => Ok(()),
        }
    }

    /// What never began says why.
    fn head(self, out: &mut dyn Write, row: &RowResult, title: &str, took_ms: f64) -> io::Result<()> {
        let aside = match (&row.reason, row.outcome) {
            (Some(reason), Outcome::Skipped) => printable(&reason.message),
            _ => duration(took_ms).into(),
        };
        let (mark, aside) = (self.outcome(row.outcome), self.style.dim(aside));
        writeln!(out, "  {mark} {}  {aside}", printable(title))
    }
}

fn is_quiet(row: &RowResult) -> bool {
    matches!(row.outcome, Outcome::Passed | Outcome::Skipped)
}
