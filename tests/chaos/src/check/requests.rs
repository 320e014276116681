//! What the target saw: no request of an attempt that is over (I3), nothing twice that was to be sent once, no values of
//! another run, outcomes that are the target's own (I10), and the steps of the version that was pinned (I11).

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Findings, Seen};
use crate::{
    clock::{Millis, show},
    journal::{Run, Version},
    target::{Promise, Request, Treated},
};

/// A worker that is frozen between the look at its lease and the write to the socket writes when it goes on: once, and at
/// once. Nothing on its machine can prevent that; the marker keeps it from what must not be repeated. What it does with an
/// answer that came while it was frozen is another matter.
const THAW: Millis = 1_000;

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    let mut by_run: HashMap<&str, Vec<&Request>> = HashMap::new();
    for request in &seen.requests {
        by_run.entry(&request.run).or_default().push(request);
        if request.treated == Treated::Foreign {
            let what = format!("{} brought another run's values to {}", request.run, request.step);
            findings.unexpected("I3", what);
        }
        if request.promise == Promise::Keyed && request.key.as_deref() != Some(&request.run) {
            findings.unexpected("I3", format!("{} paid with the key {:?}", request.run, request.key));
        }
    }
    let rows: HashMap<&str, &Run> = seen.rows.runs.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut runs: Vec<_> = by_run.iter().collect();
    runs.sort_by_key(|(id, _)| **id);
    for (id, requests) in runs {
        attempts(id, requests, seen, findings);
        repeated(id, requests, findings);
        match rows.get(id) {
            None => findings.unexpected("I1", format!("{id} sent requests, and there is no such run")),
            Some(run) => outcome(run, requests, seen, findings),
        }
    }
    let silent =
        |run: &&Run| run.outcome.as_deref() == Some("passed") && !by_run.contains_key(run.id.as_str());
    for run in seen.rows.runs.iter().filter(silent) {
        findings.unexpected("I10", format!("{} passed, and the target has heard nothing of it", run.id));
    }
}

/// I3: when the next attempt has begun, the one before it sends nothing more.
fn attempts(id: &str, requests: &[&Request], seen: &Seen, findings: &mut Findings) {
    let mut late: HashMap<u32, usize> = HashMap::new();
    for request in requests {
        let newer = requests.iter().find(|other| other.attempt > request.attempt && other.at < request.at);
        let Some(newer) = newer else { continue };
        let thawed = let_out(request, requests, &seen.freezes);
        let number = late.entry(request.attempt).or_default();
        *number += 1;
        if thawed && *number == 1 {
            findings.late += 1;
            continue;
        }
        let after = show(newer.at);
        let what = format!(
            "{id} attempt {} sent {} at {}, after attempt {} had begun at {after}",
            request.attempt,
            request.step,
            show(request.at),
            newer.attempt
        );
        findings.unexpected("I3", what);
    }
}

/// Whether nothing came in between the request and a freeze that has just ended.
fn let_out(request: &Request, requests: &[&Request], freezes: &[(Millis, Millis)]) -> bool {
    let own = requests.iter().filter(|other| other.attempt == request.attempt && other.at < request.at);
    let before = own.max_by_key(|other| other.at).and_then(|other| other.answered);
    let just_ended = freezes.iter().filter(|(_, thaw)| (*thaw..thaw + THAW).contains(&request.at));
    just_ended.into_iter().any(|(freeze, _)| before.is_none_or(|answered| answered < *freeze))
}

fn repeated(id: &str, requests: &[&Request], findings: &mut Findings) {
    let mut sent: HashMap<&str, Vec<&Request>> = HashMap::new();
    for request in requests.iter().filter(|one| matches!(one.promise, Promise::Once | Promise::Undo)) {
        sent.entry(&request.step).or_default().push(request);
    }
    for (step, requests) in sent.into_iter().filter(|(_, requests)| requests.len() > 1) {
        let times: Vec<_> =
            requests.iter().map(|one| format!("attempt {} at {}", one.attempt, show(one.at))).collect();
        findings.duplicated("unsafe", format!("{id} sent {step} more than once: {}", times.join(", ")));
    }
}

fn outcome(run: &Run, requests: &[&Request], seen: &Seen, findings: &mut Findings) {
    let outcome = run.outcome.as_deref().unwrap_or_default();
    let last = requests.iter().filter(|request| i64::from(request.attempt) == i64::from(run.attempt));
    let last: Vec<_> = last.collect();
    if requests.iter().any(|request| i64::from(request.attempt) > i64::from(run.attempt)) {
        findings.unexpected("I3", format!("{} sent requests of an attempt that its row never had", run.id));
    }
    let met_a_fault = last.iter().any(|request| request.treated == Treated::Badly);
    match outcome {
        "passed" if met_a_fault => {
            findings.unexpected("I10", format!("{} passed although the target failed it", run.id));
        }
        "passed" => pinned(run, &last, seen, findings),
        "failed" if !met_a_fault => {
            let reason = run.reason.as_deref().unwrap_or("no reason");
            findings.unexpected("I10", format!("{} failed ({reason}), and the target did nothing", run.id));
        }
        "skipped" => findings.unexpected("I10", format!("{} was skipped and sent requests", run.id)),
        _ => {}
    }
}

/// I11: the steps of the version that the run was inserted with, each once.
fn pinned(run: &Run, requests: &[&&Request], seen: &Seen, findings: &mut Findings) {
    let is_pinned = |one: &&Version| one.collection == run.collection && one.version == run.version;
    let Some(version) = seen.rows.versions.iter().find(is_pinned) else {
        return findings.unexpected("I11", format!("{} is pinned to a version that is gone", run.id));
    };
    let document: Value = serde_json::from_str(&version.document).unwrap_or_default();
    let steps = document["steps"].as_array().into_iter().flatten().filter_map(|step| step["id"].as_str());
    let expected: BTreeSet<&str> = steps.collect();
    let sent: BTreeSet<&str> = requests.iter().map(|request| request.step.as_str()).collect();
    if sent != expected || requests.len() != expected.len() {
        let sent: Vec<_> = requests.iter().map(|request| request.step.as_str()).collect();
        findings.unexpected("I11", format!("{} sent {sent:?} and was to send {expected:?}", run.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check::tests::run, journal::Rows};

    fn request(at: Millis, attempt: u32, promise: Promise, treated: Treated) -> Request {
        let (collection, step) = ("c".to_owned(), "order".to_owned());
        Request {
            at,
            run: "run_0".into(),
            attempt,
            collection,
            promise,
            step,
            key: None,
            treated,
            answered: Some(at),
        }
    }

    fn judged(
        requests: Vec<Request>,
        outcome: &str,
        attempt: i32,
        freezes: Vec<(Millis, Millis)>,
    ) -> Findings {
        let row = Run { outcome: Some(outcome.into()), attempt, ..run("m", "c", Some(0)) };
        let document = r#"{"steps":[{"id":"order"}]}"#.to_owned();
        let versions = vec![Version { collection: "c".into(), version: 1, document }];
        let rows = Rows { runs: vec![row], versions, ..Rows::default() };
        let mut findings = Findings::default();
        check(&Seen { rows, requests, freezes, ..Seen::default() }, &mut findings);
        findings
    }

    fn named(findings: &Findings) -> Vec<&'static str> {
        findings.violations.iter().map(|violation| violation.invariant).collect()
    }

    #[test]
    fn a_read_may_be_sent_again_by_the_next_attempt() {
        let requests =
            vec![request(0, 1, Promise::Safe, Treated::Well), request(9, 2, Promise::Safe, Treated::Well)];
        assert_eq!(named(&judged(requests, "passed", 2, vec![])), Vec::<&str>::new());
    }

    #[test]
    fn a_payment_that_is_sent_twice_is_found_out() {
        let requests =
            vec![request(0, 1, Promise::Once, Treated::Well), request(9, 2, Promise::Once, Treated::Well)];
        assert_eq!(named(&judged(requests, "passed", 2, vec![])), ["unsafe"]);
    }

    #[test]
    fn a_request_of_an_attempt_that_is_over_is_found_out_unless_its_worker_was_frozen_with_it() {
        let requests =
            || vec![request(5, 2, Promise::Safe, Treated::Well), request(9, 1, Promise::Safe, Treated::Well)];
        assert_eq!(named(&judged(requests(), "passed", 2, vec![])), ["I3"]);
        let tolerated = judged(requests(), "passed", 2, vec![(1, 8)]);
        assert_eq!((named(&tolerated), tolerated.late), (vec![], 1));
        // The answer to its request at 3 came while it was frozen: it had a look at its lease to take.
        let answered = [request(3, 1, Promise::Safe, Treated::Well)].into_iter().chain(requests()).collect();
        assert_eq!(named(&judged(answered, "inconclusive", 2, vec![(1, 8)])), ["I3"]);
    }

    #[test]
    fn an_outcome_must_be_the_targets() {
        let well = || vec![request(0, 1, Promise::Safe, Treated::Well)];
        let badly = || vec![request(0, 1, Promise::Safe, Treated::Badly)];
        assert_eq!(named(&judged(well(), "failed", 1, vec![])), ["I10"]);
        assert_eq!(named(&judged(badly(), "passed", 1, vec![])), ["I10"]);
        assert_eq!(named(&judged(badly(), "failed", 1, vec![])), Vec::<&str>::new());
        assert_eq!(named(&judged(vec![], "passed", 1, vec![])), ["I10"]);
    }
}
