//! I1 and I12: every slot that was due is one run, or lies in one gap; nothing else is there; and no monitor goes back.
//!
//! The journal has every state of every monitor in order. Between two of them either the next slot moved, and what lies
//! between the two has been settled; or a person changed the document, and what had come by then is owed all the same.

use std::collections::{BTreeMap, HashMap};

use super::{Findings, Seen};
use crate::{
    clock::{Millis, show},
    journal::{Gap, MonitorChange},
    oracle::{Terms, first_slot, slots},
};

/// One collection of one monitor at one location.
type Lane = (String, String, String);

/// What should have come of each lane.
#[derive(Debug, Default)]
struct Due(BTreeMap<Lane, BTreeMap<Millis, usize>>);

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    let mut by_monitor: BTreeMap<&str, Vec<&MonitorChange>> = BTreeMap::new();
    for change in &seen.rows.monitor_changes {
        by_monitor.entry(&change.id).or_default().push(change);
    }
    let mut due = Due::default();
    for changes in by_monitor.values() {
        walk(changes, seen, &mut due, findings);
    }
    findings.attempted += due.0.values().map(BTreeMap::len).sum::<usize>();
    for run in &seen.rows.runs {
        let Some(monitor) = &run.monitor else { continue };
        let Some(slot) = run.slot else {
            // Whoever presses the button here presses that of a collection.
            findings.duplicated("I1", format!("{} is a run of {monitor} that nobody asked for", run.id));
            continue;
        };
        let lane = (monitor.clone(), run.collection.clone(), run.location.clone());
        match due.0.get_mut(&lane).and_then(|slots| slots.get_mut(&slot)) {
            Some(covered) => *covered += 1,
            None => findings.unexpected("I1", format!("{} is of {}, which is no slot", run.id, show(slot))),
        }
    }
    for gap in &seen.rows.gaps {
        cover(gap, &mut due, findings);
    }
    compare(&due, &names(&seen.rows.monitor_changes), findings);
}

fn compare(due: &Due, names: &HashMap<&str, &str>, findings: &mut Findings) {
    for ((monitor, collection, location), slots) in &due.0 {
        let name = names.get(monitor.as_str()).unwrap_or(&"?");
        let place =
            |slot| format!("{name} ({monitor}), collection {collection} at {location}, slot {}", show(slot));
        for (slot, covered) in slots {
            match covered {
                0 => findings.lost("I1", place(*slot)),
                1 => {}
                _ => findings.duplicated("I1", format!("{covered} times: {}", place(*slot))),
            }
        }
    }
}

fn names(changes: &[MonitorChange]) -> HashMap<&str, &str> {
    changes.iter().map(|change| (change.id.as_str(), change.slug.as_str())).collect()
}

/// Where a monitor stands.
struct Stand<'c> {
    terms: Terms,
    change: &'c MonitorChange,
}

fn walk(changes: &[&MonitorChange], seen: &Seen, due: &mut Due, findings: &mut Findings) {
    let mut stand: Option<Stand<'_>> = None;
    for change in changes {
        let Some(terms) = Terms::read(&change.document) else {
            findings.unexpected("I1", format!("the document of {} cannot be read", change.slug));
            return;
        };
        if let Some(before) = &stand
            && !change.gone
        {
            if before.terms.text == terms.text {
                advanced(before, change, seen, due, findings);
            } else {
                edited(before, change, &terms, seen, due, findings);
            }
        } else if !change.gone {
            created(change, &terms, findings);
        }
        stand = (!change.gone).then_some(Stand { terms, change });
    }
    let left = stand.and_then(|stand| stand.change.next.map(|next| (stand.change, next)));
    if let Some((change, next)) = left.filter(|(_, next)| *next < seen.end) {
        findings.lost("I1", format!("{} was due at {} and nobody came", change.slug, show(next)));
    }
}

fn created(change: &MonitorChange, terms: &Terms, findings: &mut Findings) {
    let first = terms.enabled.then_some(change.updated);
    if change.anchor != change.updated || change.next != first {
        findings.unexpected("I12", format!("{} does not begin when it was made", change.slug));
    }
}

/// A scheduler has settled what lies between the two.
fn advanced(before: &Stand<'_>, after: &MonitorChange, seen: &Seen, due: &mut Due, findings: &mut Findings) {
    let (Some(from), Some(to)) = (before.change.next, after.next) else {
        let what = format!("{} is not due any more, and nobody has changed it", after.slug);
        return findings.unexpected("I12", what);
    };
    let (anchor, every) = (after.anchor, before.terms.every);
    if to < from || anchor != before.change.anchor || first_slot(anchor, every, to) != to {
        let (from, to) = (show(from), show(to));
        findings.unexpected("I12", format!("the next slot of {} moved from {from} to {to}", after.slug));
    }
    due.owe(before, seen, slots(anchor, every, from, to));
}

/// A person has changed it.
fn edited(
    before: &Stand<'_>,
    after: &MonitorChange,
    terms: &Terms,
    seen: &Seen,
    due: &mut Due,
    findings: &mut Findings,
) {
    let same = before.terms.every == terms.every;
    let goes_on = same && before.terms.enabled && terms.enabled;
    let anchor = if same { before.change.anchor } else { after.updated };
    let next = match (terms.enabled, goes_on) {
        (false, _) => None,
        (true, true) => before.change.next,
        (true, false) => Some(first_slot(anchor, terms.every, after.updated)),
    };
    if after.anchor != anchor || after.next != next {
        let (expected, found) = (next.map(show), after.next.map(show));
        let what = format!("after an edit {} is due at {found:?} instead of {expected:?}", after.slug);
        findings.unexpected("I12", what);
    }
    // What had come by then is due, whatever the monitor is from now on.
    if let Some(from) = before.change.next.filter(|_| !goes_on) {
        due.owe(before, seen, slots(before.change.anchor, before.terms.every, from, after.updated));
    }
}

impl Due {
    fn owe(&mut self, stand: &Stand<'_>, seen: &Seen, slots: impl Iterator<Item = Millis>) {
        let slots: Vec<_> = slots.collect();
        for collection in &stand.terms.collections {
            let id = seen.rows.collections.get(collection).cloned().unwrap_or_default();
            for location in &stand.terms.locations {
                let lane = (stand.change.id.clone(), id.clone(), location.clone());
                self.0.entry(lane).or_default().extend(slots.iter().map(|slot| (*slot, 0)));
            }
        }
    }
}

fn cover(gap: &Gap, due: &mut Due, findings: &mut Findings) {
    let lane = (gap.monitor.clone(), gap.collection.clone(), gap.location.clone());
    let mut covered = 0;
    for (_, times) in due.0.entry(lane).or_default().range_mut(gap.first..=gap.last) {
        *times += 1;
        covered += 1;
    }
    if covered != gap.slots {
        let range = format!("{} to {}", show(gap.first), show(gap.last));
        let what =
            format!("the gap of {} from {range} says {} slots and holds {covered}", gap.monitor, gap.slots);
        findings.unexpected("I1", what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check::tests::run,
        journal::{Rows, Run},
    };

    const EVERY_SECOND: &str = r#"{"collections":["c"],"schedule":{"every":"1s"}}"#;
    const SWITCHED_OFF: &str = r#"{"collections":["c"],"schedule":{"every":"1s"},"enabled":false}"#;

    fn change(document: &str, updated: Millis, next: Option<Millis>) -> MonitorChange {
        MonitorChange {
            id: "m".into(),
            slug: "monitor".into(),
            gone: false,
            document: document.into(),
            anchor: 0,
            next,
            updated,
        }
    }

    /// One monitor from 0 to 3 s, with runs for these slots.
    fn judged(slots: &[Millis], gaps: Vec<Gap>, last: MonitorChange) -> Findings {
        let moves = [Some(0), Some(1_000), Some(2_000)].map(|next| change(EVERY_SECOND, 0, next));
        let rows = Rows {
            monitor_changes: moves.into_iter().chain([last]).collect(),
            runs: slots.iter().map(|slot| run("m", "c-id", Some(*slot))).collect(),
            gaps,
            collections: [("c".to_owned(), "c-id".to_owned())].into(),
            ..Rows::default()
        };
        let mut findings = Findings::default();
        check(&Seen { rows, end: 2_500, ..Seen::default() }, &mut findings);
        findings
    }

    fn moved() -> MonitorChange {
        change(EVERY_SECOND, 0, Some(3_000))
    }

    fn gap(first: Millis, last: Millis, slots: i64) -> Gap {
        Gap { monitor: "m".into(), collection: "c-id".into(), location: "default".into(), first, last, slots }
    }

    #[test]
    fn a_run_for_every_slot_is_right() {
        let findings = judged(&[0, 1_000, 2_000], vec![], moved());
        assert_eq!((findings.attempted, findings.violations), (3, vec![]));
    }

    #[test]
    fn a_gap_stands_for_its_slots_and_says_how_many() {
        assert_eq!(judged(&[2_000], vec![gap(0, 1_000, 2)], moved()).violations, []);
        assert_eq!(
            judged(&[2_000], vec![gap(0, 1_000, 3)], moved()).to_string(),
            "attempted 3 ok 3 lost 0 duplicated 0 recovered 0 unexpected 1"
        );
    }

    #[test]
    fn a_slot_without_a_run_is_lost() {
        assert_eq!(
            judged(&[0, 2_000], vec![], moved()).to_string(),
            "attempted 3 ok 2 lost 1 duplicated 0 recovered 0 unexpected 0"
        );
    }

    #[test]
    fn a_slot_with_two_runs_or_a_run_and_a_gap_is_there_twice() {
        let twice = "attempted 3 ok 2 lost 0 duplicated 1 recovered 0 unexpected 0";
        assert_eq!(judged(&[0, 1_000, 1_000, 2_000], vec![], moved()).to_string(), twice);
        assert_eq!(judged(&[0, 1_000, 2_000], vec![gap(1_000, 1_000, 1)], moved()).to_string(), twice);
    }

    #[test]
    fn a_run_that_nobody_asked_for_is_found_out() {
        let mut findings = Findings::default();
        let extra = Run { monitor: Some("m".into()), ..run("m", "c-id", None) };
        let rows = Rows { runs: vec![extra], ..Rows::default() };
        check(&Seen { rows, ..Seen::default() }, &mut findings);
        assert_eq!(findings.to_string(), "attempted 0 ok 0 lost 0 duplicated 1 recovered 0 unexpected 0");
    }

    #[test]
    fn a_run_that_was_not_due_is_unexpected() {
        let findings = judged(&[0, 500, 1_000, 2_000], vec![], moved());
        assert_eq!(findings.to_string(), "attempted 3 ok 3 lost 0 duplicated 0 recovered 0 unexpected 1");
    }

    #[test]
    fn what_had_come_before_a_monitor_was_switched_off_is_due() {
        let off = change(SWITCHED_OFF, 2_300, None);
        assert_eq!(
            judged(&[0, 1_000], vec![], off.clone()).to_string(),
            "attempted 3 ok 2 lost 1 duplicated 0 recovered 0 unexpected 0"
        );
        assert_eq!(judged(&[0, 1_000, 2_000], vec![], off).violations, []);
    }

    #[test]
    fn a_monitor_that_goes_back_is_unexpected() {
        let back = change(EVERY_SECOND, 0, Some(1_000));
        assert!(
            judged(&[0, 1_000], vec![], back).violations.iter().any(|violation| violation.invariant == "I12")
        );
    }
}
