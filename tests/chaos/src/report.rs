//! What is printed in the end: what was done, what came of it, what is wrong with it, and the numbers.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display},
};

use crate::{
    check::{Findings, Seen},
    clock::Millis,
    target::Request,
};

/// Violations are named up to this many of each invariant; the numbers count all.
const NAMED: usize = 20;

/// Everything that is said.
#[derive(Debug)]
pub(crate) struct Report<'r> {
    pub(crate) seed: u64,
    pub(crate) seen: &'r Seen,
    pub(crate) findings: &'r Findings,
    /// What the harness did, and how often.
    pub(crate) deeds: BTreeMap<&'static str, usize>,
    /// How often the receiver misbehaved.
    pub(crate) receiver_faults: usize,
    /// Spans without chaos.
    pub(crate) quiet: Vec<(Millis, Millis)>,
    /// How long it took until everything had come to its end.
    pub(crate) drained_s: u64,
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, requests) = (&self.seen.rows, &self.seen.requests);
        writeln!(f, "\nseed {}", self.seed)?;
        writeln!(f, "done: {}", listed(&self.deeds))?;
        let outcomes = rows.runs.iter().map(|run| run.outcome.as_deref().unwrap_or("none"));
        writeln!(f, "runs: {} ({}), gaps: {}", rows.runs.len(), listed(&counted(outcomes)), rows.gaps.len())?;
        let inconclusive = rows.runs.iter().filter(|run| run.outcome.as_deref() == Some("inconclusive"));
        let causes = inconclusive.map(|run| run.reason.as_deref().unwrap_or("no reason"));
        writeln!(f, "inconclusive because of: {}", listed(&counted(causes)))?;
        let again = rows.runs.iter().filter(|run| run.attempt > 1).count();
        let lost = rows.runs.iter().filter(|run| run.losses > 0).count();
        let late = self.findings.late;
        writeln!(
            f,
            "more than one attempt: {again}, lost a worker: {lost}, requests let out before a freeze: {late}"
        )?;
        let by_policy = counted(requests.iter().map(|request| promise(request)));
        writeln!(
            f,
            "requests: {} ({}), clean-ups left: {}",
            requests.len(),
            listed(&by_policy),
            self.left()
        )?;
        self.alerts(f)?;
        self.lag(f)?;
        writeln!(
            f,
            "edits without an answer: {}, drained within {} s",
            self.seen.promised.unanswered, self.drained_s
        )?;
        self.violations(f)?;
        write!(f, "{}", self.findings)
    }
}

impl Report<'_> {
    fn alerts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, alerts) = (&self.seen.rows, &self.seen.alerts.0);
        let open = rows.incidents.iter().filter(|incident| incident.state != "resolved").count();
        let told: std::collections::HashSet<_> =
            alerts.iter().filter(|(_, one)| one.open).map(|(key, _)| &key.1).collect();
        let opened: u32 = alerts.values().map(|alert| alert.opened).sum();
        let states = counted(rows.notifications.iter().map(|row| row.state.as_str()));
        writeln!(
            f,
            "incidents: {} ({open} open), alerts opened at the receiver: {opened} (of {} incidents open), held against outcomes: {}",
            rows.incidents.len(),
            told.len(),
            self.findings.folded
        )?;
        writeln!(
            f,
            "notifications: {}, the receiver misbehaved {} times",
            listed(&states),
            self.receiver_faults
        )
    }

    /// From the slot to the first byte at the target, when nothing is broken.
    fn lag(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first: HashMap<&str, Millis> = HashMap::new();
        for request in &self.seen.requests {
            let at = first.entry(&request.run).or_insert(request.at);
            *at = request.at.min(*at);
        }
        let quiet = |slot: &Millis| self.quiet.iter().any(|(from, to)| (*from..*to).contains(slot));
        let runs = self.seen.rows.runs.iter();
        let slots = runs.filter_map(|run| {
            let (slot, at) = (run.slot.filter(quiet)?, *first.get(run.id.as_str())?);
            Some((at - slot, run.id.as_str()))
        });
        let mut lags: Vec<(Millis, &str)> = slots.collect();
        lags.sort_unstable();
        let at = |percent: usize| lags.get((lags.len() * percent / 100).min(lags.len().saturating_sub(1)));
        match (at(50), at(99), lags.last()) {
            (Some((p50, _)), Some((p99, _)), Some((most, run))) => {
                let count = lags.len();
                writeln!(
                    f,
                    "schedule lag when quiet: p50 {p50} ms, p99 {p99} ms, of {count} runs; most {most} ms ({run})"
                )
            }
            _ => writeln!(f, "schedule lag when quiet: no runs"),
        }
    }

    /// Runs that paid and, as far as the target knows, never cleaned up.
    fn left(&self) -> usize {
        let mut open: HashMap<&str, bool> = HashMap::new();
        for request in self.seen.requests.iter().filter(|request| cleans(self.seen, request)) {
            match request.step.as_str() {
                "payment" => {
                    open.entry(&request.run).or_insert(true);
                }
                "cancel" => {
                    open.insert(&request.run, false);
                }
                _ => {}
            }
        }
        open.into_values().filter(|open| *open).count()
    }

    fn violations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named: HashMap<&str, usize> = HashMap::new();
        for violation in &self.findings.violations {
            let number = named.entry(violation.invariant).or_default();
            *number += 1;
            if *number <= NAMED {
                writeln!(f, "violation {} ({:?}): {}", violation.invariant, violation.class, violation.what)?;
            }
        }
        for (invariant, number) in named.into_iter().filter(|(_, number)| *number > NAMED) {
            writeln!(f, "violation {invariant}: and {} more", number - NAMED)?;
        }
        Ok(())
    }
}

/// Whether a request's collection has a clean-up at all.
fn cleans(seen: &Seen, request: &Request) -> bool {
    let texts = seen.rows.versions.iter().map(|version| &version.document);
    let paths = ["clean", "undo"].map(|promise| format!("/{}/{promise}/", request.collection));
    texts.into_iter().any(|text| paths.iter().any(|path| text.contains(path)))
}

fn promise(request: &Request) -> &'static str {
    match request.promise {
        crate::target::Promise::Safe => "safe",
        crate::target::Promise::Keyed => "keyed",
        crate::target::Promise::Once => "once",
        crate::target::Promise::Clean => "clean-up",
        crate::target::Promise::Undo => "clean-up once",
    }
}

fn counted<'w>(words: impl Iterator<Item = &'w str>) -> BTreeMap<&'w str, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

fn listed(counts: &BTreeMap<&str, usize>) -> String {
    let all: Vec<_> = counts.iter().map(|(word, count)| format!("{word} {count}")).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
