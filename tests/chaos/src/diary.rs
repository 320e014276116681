//! What the harness did, and when: printed as it happens, and kept for the report.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use crate::clock::{self, Millis};

/// Something that the harness did to the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it began.
    pub(crate) at: Millis,
    /// What kind of thing, for counting.
    pub(crate) kind: &'static str,
}

/// Shared by everything that does something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<Entry>>>);

impl Diary {
    /// Notes something that is counted.
    pub(crate) fn note(&self, kind: &'static str, what: &str) {
        let at = clock::now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Entry { at, kind });
        say(&format!("{kind} {what}"));
    }

    /// When something of a kind happened.
    pub(crate) fn instants(&self, kind: &str) -> Vec<Millis> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.at).collect()
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
