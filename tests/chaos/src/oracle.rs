//! What should be, by rules of our own: when a schedule is due, and what incidents follow from outcomes. It shares no
//! code with what it judges, and knows nothing of rows.

use serde_json::Value;

use crate::clock::Millis;

/// A monitor's document, as far as it says what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) enabled: bool,
    pub(crate) every: Millis,
    pub(crate) collections: Vec<String>,
    pub(crate) locations: Vec<String>,
    /// The document as a whole: two that differ are two edits.
    pub(crate) text: String,
}

impl Terms {
    /// Reads what matters; nothing when it does not look like one of our documents.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let words = |value: &Value| {
            value.as_array().map(|all| all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
        };
        let seconds: Millis = document["schedule"]["every"].as_str()?.strip_suffix('s')?.parse().ok()?;
        Some(Self {
            enabled: document["enabled"].as_bool().unwrap_or(true),
            every: seconds * 1_000,
            collections: words(&document["collections"])?,
            locations: words(&document["locations"]).unwrap_or_else(|| vec!["default".to_owned()]),
            text: text.to_owned(),
        })
    }
}

/// The first slot at or after an instant: `anchor + k * every`.
pub(crate) fn first_slot(anchor: Millis, every: Millis, from: Millis) -> Millis {
    let passed = (from - anchor).max(0);
    anchor + (passed + every - 1) / every * every
}

/// The slots from one instant up to, and without, another.
pub(crate) fn slots(
    anchor: Millis,
    every: Millis,
    from: Millis,
    until: Millis,
) -> impl Iterator<Item = Millis> {
    let first = first_slot(anchor, every, from);
    std::iter::successors(Some(first), move |slot| Some(slot + every)).take_while(move |slot| *slot < until)
}

/// A monitor's only alert rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) failures: usize,
    pub(crate) successes: usize,
    pub(crate) channels: Vec<String>,
}

impl Rule {
    /// Reads the rule of a monitor's document.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let rule = document["alerts"].get(0)?;
        let number =
            |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
        let channels = rule["channels"].as_array()?.iter().filter_map(|one| one.as_str().map(str::to_owned));
        Some(Self {
            failures: number(&rule["after"]["failures"]),
            successes: number(&rule["recover"]["successes"]),
            channels: channels.collect(),
        })
    }
}

/// An incident that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The run that was one failure too many.
    pub(crate) opened_by: String,
    pub(crate) resolved: bool,
}

/// Over how long incidents are counted, and how long a target must be up that went up and down.
const A_WHILE: Millis = 600_000;

/// The incidents that follow from runs in the order in which they were due: `failures` in a row open one, `successes` in
/// a row end it, and then the count begins anew. What says nothing about the target is passed over. The fourth one within
/// ten minutes goes up and down: it ends when the target has also not failed for ten minutes.
pub(crate) fn incidents<'r>(
    rule: &Rule,
    runs: impl IntoIterator<Item = (&'r str, &'r str, Millis)>,
) -> Vec<Expected> {
    let (mut incidents, mut bad, mut good) = (Vec::<Expected>::new(), 0, 0);
    let (mut opened, mut last_bad, mut flaps) = (Vec::<Millis>::new(), 0, false);
    for (run, outcome, at) in runs {
        match outcome {
            "failed" => (bad, good, last_bad) = (bad + 1, 0, at),
            "passed" | "degraded" => (bad, good) = (0, good + 1),
            _ => continue,
        }
        match incidents.last_mut().filter(|incident| !incident.resolved) {
            Some(incident) if good >= rule.successes && (!flaps || at - last_bad >= A_WHILE) => {
                incident.resolved = true;
                (bad, good) = (0, 0);
            }
            None if bad >= rule.failures => {
                incidents.push(Expected { opened_by: run.to_owned(), resolved: false });
                opened.push(at);
                flaps = opened.iter().filter(|earlier| at - *earlier < A_WHILE).count() > 3;
            }
            Some(_) | None => {}
        }
    }
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_from_the_anchor() {
        assert_eq!(first_slot(100, 50, 0), 100);
        assert_eq!(first_slot(100, 50, 100), 100);
        assert_eq!(first_slot(100, 50, 101), 150);
        assert_eq!(slots(100, 50, 101, 250).collect::<Vec<_>>(), [150, 200]);
    }

    fn after(failures: usize, successes: usize, outcomes: &str) -> Vec<(String, bool)> {
        every(10, failures, successes, outcomes)
    }

    fn every(minutes: usize, failures: usize, successes: usize, outcomes: &str) -> Vec<(String, bool)> {
        let rule = Rule { failures, successes, channels: Vec::new() };
        let numbers: Vec<_> = (1..=outcomes.len()).map(|number| number.to_string()).collect();
        let words = outcomes.chars().map(|letter| match letter {
            'p' => "passed",
            'f' => "failed",
            _ => "inconclusive",
        });
        let times = (0..).step_by(minutes * 60_000);
        let runs = numbers.iter().zip(words).zip(times).map(|((id, word), at)| (id.as_str(), word, at));
        incidents(&rule, runs).into_iter().map(|one| (one.opened_by, one.resolved)).collect()
    }

    #[test]
    fn failures_in_a_row_open_and_successes_in_a_row_resolve() {
        assert_eq!(after(1, 1, "pffpf"), [("2".to_owned(), true), ("5".to_owned(), false)]);
        assert_eq!(after(2, 2, "pfpffpfpp"), [("5".to_owned(), true)]);
    }

    #[test]
    fn what_says_nothing_neither_counts_nor_breaks_a_row() {
        assert_eq!(after(2, 1, "fif"), [("3".to_owned(), false)]);
        assert_eq!(after(1, 2, "fpip"), [("1".to_owned(), true)]);
        assert_eq!(after(1, 1, "iii"), []);
    }

    #[test]
    fn the_fourth_in_ten_minutes_lasts_until_there_were_ten_good_ones() {
        let ended = |outcomes| every(1, 1, 1, outcomes).iter().map(|one| one.1).collect::<Vec<_>>();
        assert_eq!(ended("fpfpfpfpppppppp"), [true, true, true, false]);
        assert_eq!(ended("fpfpfpfpppppppppp"), [true, true, true, true]);
        assert_eq!(ended("fpfpfpfppfpppppp"), [true, true, true, false]);
    }

    #[test]
    fn a_document_says_what_is_due() {
        let text = r#"{"collections":["a","b"],"schedule":{"every":"2s"},"enabled":false}"#;
        let terms = Terms::read(text).unwrap();
        assert_eq!((terms.every, terms.enabled, terms.collections.len()), (2_000, false, 2));
        assert_eq!(terms.locations, ["default"]);
    }
}
