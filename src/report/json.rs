//! `--reporter json`: one object for other programs. Its runs have the shape of the API's.

use std::{
    io::{self, Write},
    sync::Arc,
};

use serde_json::json;

use super::{Ending, Report, Tested};

/// Collects, and writes at the end: half a JSON document is none.
#[derive(Debug, Default)]
pub(super) struct Json {
    runs: Vec<Arc<Tested>>,
}

impl Report for Json {
    fn run(&mut self, _: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()> {
        self.runs.push(Arc::clone(tested));
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write, ending: Ending) -> io::Result<()> {
        let runs: Vec<_> = self.runs.iter().map(Arc::as_ref).collect();
        let report = json!({ "summary": ending.summary, "duration_ms": ending.duration_ms, "runs": runs });
        writeln!(out, "{report:#}")
    }
}
