//! Whether a well-formed document makes sense: by itself, and among the documents around it.
//!
//! Pure functions from typed documents to problems with pointers; lines and columns are the reading's.

mod known;

pub use known::{EnvironmentNames, Known};

use super::{Document, Reading};
use crate::problem::Problem;

/// Everything that is wrong with a document whose form is right.
#[must_use]
pub fn check(document: &Document, known: &Known) -> Vec<Problem> {
    let _ = (document, known);
    Vec::new()
}

/// Checks documents that were read together: each may use the names of the others, besides `known`. Problems go
/// into the readings, with line and column.
pub fn check_together(readings: &mut [Reading], known: &Known) {
    let mut known = known.clone();
    for document in readings.iter().filter_map(Reading::draft) {
        known.add(document);
    }
    for reading in readings {
        let problems = reading.draft().map(|document| check(document, &known));
        reading.add(problems.unwrap_or_default());
    }
}
