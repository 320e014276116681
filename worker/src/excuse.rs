//! When a failure is not the target's: what a worker without a network, or without time of its own, runs into whatever
//! its targets do. Whether it was without is for `egress` and `pulse` to say.

use domain::{
    outcome::{Outcome, Reason, ReasonCode},
    result::RunResult,
};

/// Whether a run failed by what a worker without a way out, or one that stands still, brings about itself.
pub(crate) fn may_be_ours(result: &RunResult) -> bool {
    result.outcome == Outcome::Failed && code(result).is_some_and(wants_network)
}

/// The code of the reason.
pub(crate) fn code(result: &RunResult) -> Option<ReasonCode> {
    result.reason.as_ref().map(|reason| reason.code)
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
