//! Results of runs: one packed row each.

use domain::{id::RunId, result::RunResult};

use crate::{Conn, Result};

/// Records results. In the transaction that finished the runs, and only for those that [`crate::runs::finish`] answered.
pub async fn insert(conn: &mut Conn, results: &[(RunId, RunResult)]) -> Result<()> {
    todo!()
}

/// The result of a run, if it has one.
pub async fn get(conn: &mut Conn, run: RunId) -> Result<Option<RunResult>> {
    todo!()
}
