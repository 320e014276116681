//! I6, I7, I8 and I10: the incidents are those that follow from the outcomes, and who is to be told of them has a row.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Findings, Seen};
use crate::{
    clock::Millis,
    journal::{Incident, Notification, Run},
    oracle::{self, Rule},
};

/// A run, how it ended, and when.
type Ended<'s> = (&'s str, &'s str, Millis);

/// A monitor and a collection.
type Key<'s> = (&'s str, &'s str);

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    one_at_a_time(seen, findings);
    let rules = rules(seen);
    let runs: HashMap<&str, &Run> = seen.rows.runs.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut told: HashMap<(&str, &str), Vec<&Notification>> = HashMap::new();
    for row in &seen.rows.notifications {
        told.entry((&row.incident, &row.channel)).or_default().push(row);
    }
    for incident in &seen.rows.incidents {
        let outcome = runs.get(incident.opened_by.as_str()).and_then(|run| run.outcome.as_deref());
        if outcome != Some("failed") {
            let what = format!("{} was opened by {} ({outcome:?})", incident.id, incident.opened_by);
            findings.unexpected("I10", what);
        }
        for channel in rules.get(incident.monitor.as_str()).map_or(&[][..], |rule| &rule.channels) {
            let rows = told.remove(&(incident.id.as_str(), channel.as_str())).unwrap_or_default();
            lane(incident, channel, &rows, findings);
        }
    }
    for ((incident, channel), _) in told {
        findings.unexpected("I6", format!("{channel} is told of {incident}, which nobody asked for"));
    }
    fold(seen, &rules, findings);
}

/// The rules never change, so that the last document has them.
fn rules(seen: &Seen) -> HashMap<&str, Rule> {
    let changes = seen.rows.monitor_changes.iter();
    changes.filter_map(|change| Some((change.id.as_str(), Rule::read(&change.document)?))).collect()
}

fn one_at_a_time(seen: &Seen, findings: &mut Findings) {
    let mut open: HashMap<Key<'_>, &str> = HashMap::new();
    for incident in seen.rows.incidents.iter().filter(|incident| incident.state != "resolved") {
        let key = (incident.monitor.as_str(), incident.collection.as_str());
        if let Some(other) = open.insert(key, &incident.id) {
            findings.duplicated("I7", format!("{} and {other} are both open for {key:?}", incident.id));
        }
    }
}

/// What one channel is told about one incident.
fn lane(incident: &Incident, channel: &str, rows: &[&Notification], findings: &mut Findings) {
    let mut sequences = HashSet::new();
    for row in rows {
        if !sequences.insert(row.sequence) {
            findings.duplicated("I8", format!("{channel} is told twice of {} ({})", incident.id, row.kind));
        }
        if ["pending", "sending"].contains(&row.state.as_str()) {
            findings.lost("I4", format!("{} ({}) to {channel} is {} for ever", row.id, row.kind, row.state));
        }
        if row.state == "dead" {
            let answer = row.answer.as_deref().unwrap_or("no answer");
            findings.lost("I9", format!("{} ({}) to {channel} was given up: {answer}", row.id, row.kind));
        }
    }
    let count = |kind: &str| rows.iter().filter(|row| row.kind == kind).count();
    if count("opened") != 1 {
        findings.lost(
            "I6",
            format!("{} has {} rows that tell {channel} it opened", incident.id, count("opened")),
        );
    }
    let ended = usize::from(incident.state == "resolved");
    if count("resolved") != ended {
        let what = format!(
            "{} is {} and has {} rows that tell {channel} it ended",
            incident.id,
            incident.state,
            count("resolved")
        );
        findings.lost("I9", what);
    }
}

/// The incidents of every monitor and collection whose runs ended in the order in which they were due. Those of monitors
/// that were deleted end with them.
fn fold(seen: &Seen, rules: &HashMap<&str, Rule>, findings: &mut Findings) {
    let gone: HashSet<&str> = seen
        .rows
        .monitor_changes
        .iter()
        .filter(|change| change.gone)
        .map(|change| change.id.as_str())
        .collect();
    let mut actual: BTreeMap<Key<'_>, Vec<&Incident>> = BTreeMap::new();
    for incident in &seen.rows.incidents {
        actual.entry((&incident.monitor, &incident.collection)).or_default().push(incident);
    }
    for (key, runs) in in_order(seen) {
        let incidents = actual.remove(&key).unwrap_or_default();
        let Some(rule) = rules.get(key.0).filter(|_| !gone.contains(key.0)) else {
            if let Some(open) = incidents.iter().find(|incident| incident.state != "resolved") {
                findings.lost("I9", format!("{} is open and its monitor is gone", open.id));
            }
            continue;
        };
        let Some(runs) = runs else { continue };
        let expected = oracle::incidents(rule, runs);
        let found = incidents.iter().map(|one| (one.opened_by.as_str(), one.state == "resolved"));
        let wanted = expected.iter().map(|one| (one.opened_by.as_str(), one.resolved));
        let (found, wanted): (Vec<_>, Vec<_>) = (found.collect(), wanted.collect());
        findings.folded += wanted.len();
        if found != wanted {
            findings.unexpected(
                "I6",
                format!("{key:?} has the incidents {found:?}, its outcomes say {wanted:?}"),
            );
        }
    }
    for key in actual.into_keys() {
        findings.unexpected("I10", format!("{key:?} has incidents and no runs that say anything"));
    }
}

/// The runs of each key; nothing where some ended out of order.
fn in_order(seen: &Seen) -> BTreeMap<Key<'_>, Option<Vec<Ended<'_>>>> {
    let runs: HashMap<&str, &Run> = seen.rows.runs.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut keys: BTreeMap<Key<'_>, Option<Vec<Ended<'_>>>> = BTreeMap::new();
    let mut newest: HashMap<Key<'_>, i64> = HashMap::new();
    for change in seen.rows.run_changes.iter().filter(|change| change.state == "finished") {
        let Some(run) = runs.get(change.id.as_str()) else { continue };
        let (Some(monitor), Some(outcome)) = (&run.monitor, change.outcome.as_deref()) else { continue };
        if !["passed", "degraded", "failed"].contains(&outcome) {
            continue;
        }
        let key = (monitor.as_str(), run.collection.as_str());
        let newest = newest.entry(key).or_insert(i64::MIN);
        let ended = keys.entry(key).or_insert_with(|| Some(Vec::new()));
        if run.due < *newest {
            *ended = None;
        }
        *newest = run.due.max(*newest);
        if let Some(ended) = ended {
            ended.push((run.id.as_str(), outcome, change.at));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::tests::run,
        journal::{MonitorChange, Rows, RunChange},
    };

    const MONITOR: &str = r#"{"alerts":[{"channels":["pager"],"after":{"failures":1}}]}"#;

    fn ended(slot: i64, outcome: &str) -> (Run, RunChange) {
        let row = Run { outcome: Some(outcome.into()), ..run("m", "c", Some(slot)) };
        let (id, outcome) = (row.id.clone(), row.outcome.clone());
        let state = "finished".into();
        (
            row,
            RunChange {
                id,
                at: slot,
                state,
                attempt: 1,
                owner: None,
                outcome,
                started: None,
                start_by: 0,
                port: 0,
            },
        )
    }

    fn incident(state: &str) -> Incident {
        let (monitor, collection, opened_by) = ("m".into(), "c".into(), "run_1".into());
        Incident { id: "inc_1".into(), monitor, collection, state: state.into(), opened_by }
    }

    fn told(kind: &str, sequence: i32) -> Notification {
        let (incident, channel, state) = ("inc_1".into(), "pager".into(), "sent".into());
        Notification { id: kind.into(), incident, channel, kind: kind.into(), sequence, state, answer: None }
    }

    fn judged(
        outcomes: &[&str],
        incidents: Vec<Incident>,
        notifications: Vec<Notification>,
    ) -> Vec<&'static str> {
        let (runs, run_changes) = (1..).zip(outcomes).map(|(slot, outcome)| ended(slot, outcome)).unzip();
        let monitor = MonitorChange {
            id: "m".into(),
            slug: "m".into(),
            gone: false,
            document: MONITOR.into(),
            anchor: 0,
            next: None,
            updated: 0,
        };
        let rows = Rows {
            monitor_changes: vec![monitor],
            runs,
            run_changes,
            incidents,
            notifications,
            ..Rows::default()
        };
        let mut findings = Findings::default();
        check(&Seen { rows, ..Seen::default() }, &mut findings);
        findings.violations.iter().map(|violation| violation.invariant).collect()
    }

    #[test]
    fn an_incident_that_follows_from_its_runs_and_is_told_is_right() {
        let rows = vec![told("opened", 0), told("resolved", 1)];
        assert_eq!(judged(&["failed", "passed"], vec![incident("resolved")], rows), Vec::<&str>::new());
    }

    #[test]
    fn an_incident_that_is_missing_is_found_out() {
        assert_eq!(judged(&["failed"], vec![], vec![]), ["I6"]);
    }

    #[test]
    fn an_incident_that_nobody_is_told_of_is_found_out() {
        assert_eq!(judged(&["failed"], vec![incident("open")], vec![]), ["I6"]);
    }

    #[test]
    fn an_end_that_nobody_is_told_of_is_found_out() {
        assert_eq!(
            judged(&["failed", "passed"], vec![incident("resolved")], vec![told("opened", 0)]),
            ["I9"]
        );
    }

    #[test]
    fn a_run_that_was_lost_opens_nothing() {
        let found = judged(&["inconclusive"], vec![incident("open")], vec![told("opened", 0)]);
        assert_eq!(found, ["I10", "I10"]);
    }
}
