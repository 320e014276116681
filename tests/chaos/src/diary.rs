//! What the harness did, and when: printed as it happens, and kept for the report.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use crate::clock::{self, Millis};

/// A process does nothing more, and does not know.
pub(crate) const FREEZE: &str = "SIGSTOP";
/// It goes on.
pub(crate) const THAW: &str = "SIGCONT";

/// Something that the harness did to the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it began.
    pub(crate) at: Millis,
    /// What kind of thing, for counting.
    pub(crate) kind: &'static str,
    /// To whom, for people.
    pub(crate) what: String,
}

/// Shared by everything that does something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<Entry>>>);

impl Diary {
    /// Notes something that is counted.
    pub(crate) fn note(&self, kind: &'static str, what: &str) {
        let at = clock::now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Entry { at, kind, what: what.to_owned() });
        say(&format!("{kind} {what}"));
    }

    /// From when to when somebody was frozen.
    pub(crate) fn freezes(&self) -> Vec<(Millis, Millis)> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = entries.iter().enumerate().filter(|(_, entry)| entry.kind == THAW);
        let freezes = ends.filter_map(|(number, end)| {
            let begun = |entry: &&Entry| entry.kind == FREEZE && entry.what == end.what;
            entries[..number].iter().rfind(begun).map(|begin| (begin.at, end.at))
        });
        freezes.collect()
    }

    /// How often each kind happened.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            *counts.entry(entry.kind).or_default() += 1;
        }
        counts
    }
}

/// A line for whoever watches.
pub(crate) fn say(line: &str) {
    // Nobody listens any more: that is no reason to stop.
    let _ = writeln!(io::stderr(), "{} {line}", clock::show(clock::now()));
}
