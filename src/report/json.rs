//! `--reporter json`: one object for other programs. Its runs have the shape of the API's.

use std::io::{self, Write};

use serde_json::json;

use super::{Summary, Tested};

/// Collects, and writes at the end: half a JSON document is none.
#[derive(Debug, Default)]
pub(crate) struct Json {
    runs: Vec<Tested>,
}

impl Json {
    pub(crate) fn run(&mut self, tested: Tested) {
        self.runs.push(tested);
    }

    pub(crate) fn finish(&self, out: &mut impl Write, summary: Summary, duration_ms: f64) -> io::Result<()> {
        let report = json!({ "summary": summary, "duration_ms": duration_ms, "runs": self.runs });
        writeln!(out, "{report:#}")
    }
}
