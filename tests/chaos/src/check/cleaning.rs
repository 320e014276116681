//! Clean-up that survives a crash: what a run has made is removed by somebody, or its reason says that it was not. That
//! holds from the first request that must not be repeated on (ADR 8); a run without one starts again as a whole, and what
//! it leaves when it cannot is counted in the report.

use std::collections::HashMap;

use super::{Findings, Seen};
use crate::target::{Promise, Request};

/// What a reason says when clean-up did not come about.
const SAID: [&str; 3] = ["not carried out", "unknown", "failed"];

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    if !seen.rows.cleans {
        return;
    }
    let mut by_run: HashMap<&str, Vec<&Request>> = HashMap::new();
    for request in &seen.requests {
        by_run.entry(&request.run).or_default().push(request);
    }
    let cleaned: Vec<_> =
        seen.rows.versions.iter().filter(|version| version.document.contains("\"cancel\"")).collect();
    for run in &seen.rows.runs {
        let pinned = cleaned.iter().any(|one| one.collection == run.collection && one.version == run.version);
        let Some(requests) = by_run.get(run.id.as_str()).filter(|_| pinned) else { continue };
        let sent = |step: &str| requests.iter().any(|request| request.step == step);
        let message = run.message.as_deref().unwrap_or_default();
        // The step after the payment: when it is sent, what the payment answered has been kept.
        let bound = requests.iter().any(|request| request.promise == Promise::Once);
        if bound && sent("order") && !sent("cancel") && !SAID.iter().any(|said| message.contains(said)) {
            findings.lost("clean-up", format!("{} paid, was never cancelled, and says `{message}`", run.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::tests::run,
        journal::{Rows, Run, Version},
        target::Treated,
    };

    fn judged(steps: &[&str], message: &str) -> usize {
        let request = |step: &&str| Request {
            at: 0,
            run: "run_0".into(),
            attempt: 1,
            collection: "c".into(),
            promise: if *step == "payment" { Promise::Once } else { Promise::Safe },
            step: (*step).into(),
            key: None,
            treated: Treated::Well,
            answered: None,
        };
        let document = r#"{"steps":[{"id":"order"},{"id":"cancel"}]}"#.to_owned();
        let versions = vec![Version { collection: "c".into(), version: 1, document }];
        let runs = vec![Run { message: Some(message.into()), ..run("m", "c", Some(0)) }];
        let rows = Rows { cleans: true, runs, versions, ..Rows::default() };
        let mut findings = Findings::default();
        check(
            &Seen { rows, requests: steps.iter().map(request).collect(), ..Seen::default() },
            &mut findings,
        );
        findings.violations.len()
    }

    #[test]
    fn what_was_made_is_removed_or_it_is_said_that_it_was_not() {
        assert_eq!(judged(&["payment", "order", "cancel"], "cleanup: carried out"), 0);
        assert_eq!(judged(&["payment", "order"], "cleanup: carried out"), 1);
        assert_eq!(judged(&["payment", "order"], "cleanup: unknown"), 0);
        assert_eq!(judged(&["payment"], "the worker was lost"), 0);
    }
}
