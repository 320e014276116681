//! Holds what was seen against what was promised: one module per kind of thing, each with the invariants of its own.
//! Nothing here asks anybody; it is given everything.

mod alerts;
mod cleaning;
mod findings;
mod incidents;
mod promises;
mod requests;
mod runs;
mod slots;

pub(crate) use self::findings::Findings;
use crate::{clock::Millis, edits::Promised, journal::Rows, pagerduty::Alerts, target::Request};

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) rows: Rows,
    /// Who wrote each change of a run, as far as that is known.
    pub(crate) writers: Vec<Option<String>>,
    pub(crate) requests: Vec<Request>,
    pub(crate) alerts: Alerts,
    pub(crate) promised: Promised,
    /// What each queue holds in the end.
    pub(crate) queues: Vec<(String, u64)>,
    /// From when to when workers were frozen.
    pub(crate) freezes: Vec<(Millis, Millis)>,
    /// What ended by itself, or would not end.
    pub(crate) broken: Vec<String>,
    /// Events that the receiver could not read.
    pub(crate) unreadable: usize,
    /// Files of the fleet and its servers in which the secret stands in clear.
    pub(crate) leaks: Vec<String>,
    /// When monitors were switched off.
    pub(crate) end: Millis,
}

/// Everything that is wrong with it.
pub(crate) fn check(seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    slots::check(seen, &mut findings);
    runs::check(seen, &mut findings);
    requests::check(seen, &mut findings);
    cleaning::check(seen, &mut findings);
    incidents::check(seen, &mut findings);
    alerts::check(seen, &mut findings);
    promises::check(seen, &mut findings);
    findings
}

#[cfg(test)]
pub(super) mod tests {
    use crate::{clock::Millis, journal::Run};

    /// A scheduled run that passed, or one by hand.
    pub(super) fn run(monitor: &str, collection: &str, slot: Option<Millis>) -> Run {
        Run {
            id: format!("run_{}", slot.unwrap_or_default()),
            monitor: slot.map(|_| monitor.to_owned()),
            collection: collection.to_owned(),
            collection_slug: "c".to_owned(),
            version: 1,
            location: "default".to_owned(),
            due: slot.unwrap_or_default(),
            slot,
            state: "finished".to_owned(),
            outcome: Some("passed".to_owned()),
            reason: None,
            message: None,
            attempt: 1,
            losses: 0,
            wakes: 1,
        }
    }
}
