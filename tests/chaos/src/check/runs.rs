//! I2, I3, I4 and I13 as the rows have them: every run goes from queued to one outcome by claims and hand-backs alone,
//! only who claimed it says how it went, and nobody starts too late.

use std::collections::HashMap;

use super::{Findings, Seen};
use crate::{
    clock::{Millis, show},
    journal::{Run, RunChange},
};

/// More workers than this are not lost over one run (I15).
const FATAL: i32 = 2;
/// Indexes and trigger that hold I1, I2 and I7.
const GUARDS: usize = 3;

/// A run that nobody has started is called again after 10 s, and a turn of a scheduler takes a while.
const SECOND_CALL: Millis = 12_000;
/// A scheduler that writes twice, this long apart, has had all its turns in between.
const AT_WORK: Millis = 3_000;

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    if seen.rows.guards != GUARDS {
        findings.unexpected("I2", "the schema has lost an index or a trigger that holds an invariant");
    }
    let rows: HashMap<&str, &Run> = seen.rows.runs.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut stands: HashMap<&str, Stand<'_>> = HashMap::new();
    let unknown = std::iter::repeat(&None);
    for (change, writer) in seen.rows.run_changes.iter().zip(seen.writers.iter().chain(unknown)) {
        let stand = stands.entry(&change.id).or_insert(Stand { last: None, claimed_by: None });
        if let Some(wrong) = stand.take(change, writer.as_deref()) {
            findings.unexpected(wrong.0, format!("{}: {}", change.id, wrong.1));
        }
        let slot = rows.get(change.id.as_str()).and_then(|run| run.slot);
        if let Some(slot) = slot.filter(|slot| change.at < *slot) {
            findings.unexpected("I1", format!("{} is of {} and was there before", change.id, show(slot)));
        }
        let late = change.started.filter(|at| change.state == "running" && *at >= change.start_by);
        if let Some(at) = late {
            let (at, by) = (show(at), show(change.start_by));
            findings.unexpected("I13", format!("{} started at {at} and not before {by}", change.id));
        }
    }
    let schedulers = at_work(seen);
    for run in &seen.rows.runs {
        judge(run, stands.get(run.id.as_str()).and_then(|stand| stand.last), &schedulers, findings);
    }
}

/// When each scheduler wrote something.
fn at_work(seen: &Seen) -> HashMap<&str, Vec<Millis>> {
    let mut at_work: HashMap<&str, Vec<Millis>> = HashMap::new();
    for (change, writer) in seen.rows.run_changes.iter().zip(&seen.writers) {
        if let Some(name) = writer.as_deref().filter(|name| name.starts_with("scheduler")) {
            at_work.entry(name).or_default().push(change.at);
        }
    }
    at_work
}

/// Whether somebody was there who should have called a run again before it was too late: while the broker comes back
/// slowly, schedulers that are started cannot stay.
fn was_there(schedulers: &HashMap<&str, Vec<Millis>>, from: Millis, to: Millis) -> bool {
    schedulers.values().any(|writes| {
        let within = || writes.iter().filter(|at| (from..to).contains(*at));
        within().min().zip(within().max()).is_some_and(|(first, last)| last - first >= AT_WORK)
    })
}

fn judge(
    run: &Run,
    last: Option<&RunChange>,
    schedulers: &HashMap<&str, Vec<Millis>>,
    findings: &mut Findings,
) {
    if run.state != "finished" || run.outcome.is_none() {
        findings.lost("I4", format!("{} of {} is {} for ever", run.id, run.collection_slug, run.state));
        return;
    }
    if last.is_some_and(|last| last.outcome != run.outcome || last.attempt != run.attempt) {
        findings.unexpected("I2", format!("{} has changed behind the journal's back", run.id));
    }
    if run.losses > FATAL {
        findings.unexpected("I15", format!("{} took {} workers along", run.id, run.losses));
    }
    let began = run.attempt > 0;
    // A slot of a quarantined version is over at once, and says why.
    let refused = run.reason.as_deref() == Some("poison");
    let never_begins = refused || ["missed", "skipped"].contains(&run.outcome.as_deref().unwrap_or_default());
    if began && run.outcome.as_deref() == Some("skipped") || !began && !never_begins && !cancelled(run) {
        findings.unexpected("I2", format!("{} is {:?} after {} attempts", run.id, run.outcome, run.attempt));
    }
    // Its message was published once, 30 s or more before: if that got lost, somebody should have published another.
    let missed_at = last.filter(|_| run.outcome.as_deref() == Some("missed") && !began).map(|last| last.at);
    if let Some(at) = missed_at
        && run.wakes < 2
        && was_there(schedulers, run.due + SECOND_CALL, at)
    {
        findings.unexpected("I4", format!("{} was called {} times until it was missed", run.id, run.wakes));
    }
    findings.recovered += usize::from(run.attempt > 1 && run.outcome.as_deref() != Some("missed"));
}

fn cancelled(run: &Run) -> bool {
    run.outcome.as_deref() == Some("cancelled")
}

/// What the journal has said about a run so far.
struct Stand<'c> {
    last: Option<&'c RunChange>,
    claimed_by: Option<&'c str>,
}

impl<'c> Stand<'c> {
    /// What is wrong with the next change, if something is.
    fn take(&mut self, next: &'c RunChange, writer: Option<&'c str>) -> Option<(&'static str, String)> {
        let wrong = match self.last {
            None => wrong_beginning(next),
            Some(last) => self.wrong_step(last, next, writer),
        };
        if next.state == "running" {
            self.claimed_by = writer;
        }
        self.last = Some(next);
        wrong
    }

    fn wrong_step(
        &self,
        last: &RunChange,
        next: &RunChange,
        writer: Option<&str>,
    ) -> Option<(&'static str, String)> {
        let step = format!("{} to {}", last.state, next.state);
        match (last.state.as_str(), next.state.as_str()) {
            ("queued", "running") if next.attempt == last.attempt + 1 => None,
            ("running", "queued") if next.attempt == last.attempt => None,
            ("queued", "finished") => None,
            ("running", "finished") => {
                let said =
                    ["passed", "degraded", "failed"].contains(&next.outcome.as_deref().unwrap_or_default());
                let both = self.claimed_by.zip(writer).filter(|(one, other)| said && one != other);
                both.map(|(one, other)| ("I3", format!("{one} had claimed it and {other} said how it went")))
            }
            ("running", "running") => Some(("I3", format!("claimed while attempt {} had it", last.attempt))),
            ("finished", _) => Some(("I2", format!("it was over, and went on from {step}"))),
            _ => Some(("I3", format!("{step}, attempt {} to {}", last.attempt, next.attempt))),
        }
    }
}

fn wrong_beginning(first: &RunChange) -> Option<(&'static str, String)> {
    let right = first.attempt == 0 && ["queued", "finished"].contains(&first.state.as_str());
    (!right).then(|| ("I3", format!("it began as {} in attempt {}", first.state, first.attempt)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check::tests::run, journal::Rows};

    fn change(state: &str, attempt: i32, outcome: Option<&str>) -> RunChange {
        RunChange {
            id: "run_0".into(),
            at: 0,
            state: state.into(),
            attempt,
            owner: None,
            outcome: outcome.map(str::to_owned),
            started: (state == "running").then_some(1),
            start_by: 30_000,
            port: 0,
        }
    }

    fn judged(changes: Vec<RunChange>, writers: &[&str]) -> Vec<&'static str> {
        let rows =
            Rows { run_changes: changes, runs: vec![run("m", "c", Some(0))], guards: 3, ..Rows::default() };
        let writers = writers.iter().map(|name| Some((*name).to_owned())).collect();
        let mut findings = Findings::default();
        check(&Seen { rows, writers, ..Seen::default() }, &mut findings);
        findings.violations.iter().map(|violation| violation.invariant).collect()
    }

    fn passed() -> RunChange {
        change("finished", 1, Some("passed"))
    }

    #[test]
    fn a_run_that_is_claimed_and_finished_is_right() {
        let changes = vec![change("queued", 0, None), change("running", 1, None), passed()];
        assert_eq!(judged(changes, &["scheduler-1", "worker-1", "worker-1"]), Vec::<&str>::new());
    }

    #[test]
    fn a_result_of_somebody_else_is_found_out() {
        let changes = vec![change("queued", 0, None), change("running", 1, None), passed()];
        assert_eq!(judged(changes, &["scheduler-1", "worker-1", "worker-2"]), ["I3"]);
    }

    #[test]
    fn a_claim_of_a_running_run_is_found_out() {
        let finished = RunChange { attempt: 1, ..passed() };
        let changes =
            vec![change("queued", 0, None), change("running", 0, None), change("running", 1, None), finished];
        assert!(judged(changes, &[]).contains(&"I3"));
    }

    #[test]
    fn an_outcome_that_changes_is_found_out() {
        let changes = vec![change("queued", 0, None), change("running", 1, None), passed(), passed()];
        assert_eq!(judged(changes, &[]), ["I2"]);
    }

    #[test]
    fn a_run_that_is_there_before_its_slot_is_found_out() {
        let early = RunChange { at: -1, ..change("queued", 0, None) };
        assert_eq!(judged(vec![early, change("running", 1, None), passed()], &[]), ["I1"]);
    }

    #[test]
    fn a_missed_run_that_nobody_called_again_is_found_out() {
        let missed = RunChange { at: 30_000, ..change("finished", 0, Some("missed")) };
        let other = |at| RunChange { id: format!("run_{at}"), at, ..change("queued", 0, None) };
        let row = |wakes| Run { outcome: Some("missed".into()), attempt: 0, wakes, ..run("m", "c", Some(0)) };
        let judged = |wakes, writes: [Millis; 2]| {
            let [one, two] = writes.map(other);
            let changes = vec![change("queued", 0, None), one, two, missed.clone()];
            let rows = Rows { run_changes: changes, runs: vec![row(wakes)], guards: 3, ..Rows::default() };
            let writers = ["scheduler-1", "scheduler-2", "scheduler-2", "scheduler-1"];
            let writers = writers.map(|name| Some(name.to_owned())).to_vec();
            let mut findings = Findings::default();
            check(&Seen { rows, writers, ..Seen::default() }, &mut findings);
            findings.violations.len()
        };
        assert_eq!((judged(1, [13_000, 29_000]), judged(3, [13_000, 29_000])), (1, 0));
        assert_eq!(judged(1, [1_000, 11_000]), 0, "nobody was there when it was time to call it again");
    }

    #[test]
    fn a_start_that_comes_too_late_is_found_out() {
        let late = RunChange { started: Some(30_000), ..change("running", 1, None) };
        assert_eq!(judged(vec![change("queued", 0, None), late, passed()], &[]), ["I13"]);
    }
}
