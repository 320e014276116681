//! When a failure is not the target's: what a worker without a network, or without time of its own, runs into whatever
//! its targets do. Whether it was without is for `egress` and `pulse` to say.

use domain::{
    outcome::{Outcome, Reason, ReasonCode},
    result::RunResult,
};

/// Whether a run failed by nothing but what a worker without a way out, or one that stands still, brings about itself.
pub(crate) fn may_be_ours(result: &RunResult) -> bool {
    failed_only_by(result, wants_network)
}

/// Whether a run failed, and everything that failed in it did so for such a cause: one row of `each` that a target broke
/// is enough for that target to be blamed.
pub(crate) fn failed_only_by(result: &RunResult, cause: impl Fn(ReasonCode) -> bool) -> bool {
    let failed_rows = result.rows.iter().filter(|row| row.outcome == Outcome::Failed);
    let mut reasons = result.reason.iter().chain(failed_rows.filter_map(|row| row.reason.as_ref()));
    result.outcome == Outcome::Failed && result.reason.is_some() && reasons.all(|reason| cause(reason.code))
}

/// The same result with the blame on us; `why` follows what happened.
pub(crate) fn blame_us(result: RunResult, code: ReasonCode, why: &str) -> RunResult {
    let reason =
        result.reason.map(|reason| Reason { code, message: format!("{}; {why}", reason.message), ..reason });
    RunResult { outcome: Outcome::Inconclusive, reason, ..result }
}

/// Failures that a worker without a network has whatever its target does.
pub(crate) fn wants_network(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Dns
            | ReasonCode::Connect
            | ReasonCode::Tls
            | ReasonCode::Timeout
            | ReasonCode::ConnectionLost
            | ReasonCode::DeadlinePassed
    )
}

#[cfg(test)]
mod tests {
    use domain::result::RowResult;

    use super::*;

    /// A run whose rows failed for these causes.
    fn failed(codes: &[ReasonCode]) -> RunResult {
        let row = |code: &ReasonCode| RowResult {
            index: 1,
            values: serde_json::Map::new(),
            outcome: Outcome::Failed,
            reason: Some(Reason::new(*code, "it failed")),
            started_ms: 0.0,
            duration_ms: 0.0,
            steps: Vec::new(),
        };
        let (rows, reason) = (codes.iter().map(row).collect(), Some(Reason::new(codes[0], "it failed")));
        RunResult {
            outcome: Outcome::Failed,
            reason,
            duration_ms: 1.0,
            set_ups: Vec::new(),
            steps: Vec::new(),
            rows,
        }
    }

    #[test]
    fn one_row_that_its_target_broke_is_enough_to_blame_it() {
        assert!(may_be_ours(&failed(&[ReasonCode::Connect, ReasonCode::Timeout])));
        assert!(!may_be_ours(&failed(&[ReasonCode::Connect, ReasonCode::BadStatus])));
    }
}
