//! What the last runs said, as one short text: the memory of the incident machine. It judges nothing but counts.

use serde::{Deserialize, Serialize};

use crate::{
    document::{After, AlertWhen},
    outcome::Outcome,
};

/// How many runs are remembered: the most that a rule can ask about.
const LENGTH: usize = 100;

/// One letter per run, the newest last: `p`, `d` or `f`, a capital when the run fell into maintenance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct History(String);

impl History {
    /// Remembers one run; outcomes that say nothing about the target are none.
    pub(super) fn push(&mut self, outcome: Outcome, in_maintenance: bool) {
        let Some(letter) = letter(outcome) else { return };
        self.0.push(if in_maintenance { letter.to_ascii_uppercase() } else { letter });
        if self.0.len() > LENGTH {
            self.0.remove(0);
        }
    }

    /// Whether the newest run counts against a rule; in maintenance none does.
    pub(super) fn is_bad_now(&self, when: AlertWhen) -> bool {
        self.0.ends_with(|newest: char| newest.is_lowercase() && counts(newest, when))
    }

    /// Whether enough went wrong, and does so now. What went wrong in maintenance is passed over, as if those runs
    /// had not been; a success there is a success.
    pub(super) fn meets(&self, when: AlertWhen, after: After) -> bool {
        let counted = self.0.chars().rev().filter(|run| run.is_lowercase() || !counts(*run, when));
        let bad = match after.of {
            None => counted.take_while(|run| counts(*run, when)).count(),
            Some(of) => counted.take(of as usize).filter(|run| counts(*run, when)).count(),
        };
        self.is_bad_now(when) && bad >= after.failures.max(1) as usize
    }

    /// Whether the newest `successes` runs were all right, in maintenance or not.
    pub(super) fn recovered(&self, when: AlertWhen, successes: u32) -> bool {
        let good = self.0.chars().rev().take_while(|letter| !counts(*letter, when)).count();
        good >= successes.max(1) as usize
    }
}

/// Whether such an outcome counts against a rule.
pub(super) fn is_bad(outcome: Outcome, when: AlertWhen) -> bool {
    letter(outcome).is_some_and(|letter| counts(letter, when))
}

const fn letter(outcome: Outcome) -> Option<char> {
    match outcome {
        Outcome::Passed => Some('p'),
        Outcome::Degraded => Some('d'),
        Outcome::Failed => Some('f'),
        Outcome::Inconclusive | Outcome::Missed | Outcome::Skipped | Outcome::Cancelled => None,
    }
}

fn counts(letter: char, when: AlertWhen) -> bool {
    match when {
        AlertWhen::Failing => letter.eq_ignore_ascii_case(&'f'),
        AlertWhen::Degraded => !letter.eq_ignore_ascii_case(&'p'),
    }
}
