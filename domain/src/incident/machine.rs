//! The incident machine of one monitor and collection.
//!
//! | state              | what happens                                  | next         | changes                              |
//! |--------------------|-----------------------------------------------|--------------|--------------------------------------|
//! | quiet              | a bad run, no rule met                        | quiet        |                                      |
//! | quiet              | a bad run, rules met                          | open         | `Open`, `Tell(opened)` their channels |
//! | open, acknowledged | a bad run, another rule met                   | same         | `Raise` if it is worse, `Tell(opened)` those not told yet |
//! | open               | a bad run, `remind` after the last tell       | open         | `Tell(reminded)`                     |
//! | open               | [`Tracker::acknowledge`]                      | acknowledged | `Acknowledge`, `Tell(acknowledged)` all told |
//! | open, acknowledged | every rule that was met has recovered         | quiet        | `Resolve`, `Tell(resolved)` all told |
//! | open, acknowledged | [`Tracker::resolve`]                          | quiet        | `Resolve`, `Tell(resolved)` all told |
//! | any                | a bad run in maintenance                      | same         |                                      |
//! | any                | no evidence, or older than the newest seen    | same         |                                      |
//!
//! What was decided where the language leaves room:
//! * An incident ends when **all** rules that were met during it have recovered. If one were enough, an incident
//!   opened by `when: failing` would resolve on a degraded run while a `when: degraded` rule still holds, and flap.
//! * What was met and who was told is kept here, not looked up in the rules: editing or removing a rule or a channel
//!   never loses a resolve. New tells and reminders follow the rules as they are now.
//! * Evidence is spent: after a resolve the count begins anew, so `{ failures: 3, of: 5 }` does not reopen on old ones.
//! * In maintenance a failure neither counts nor tells, but it is no recovery; a success is one, and resolves.
//! * Runs of one monitor may finish out of order (`overlap: allow`). One that was due before the newest seen comes too
//!   late to say how the target is; it is dropped. Runs of one slot in several locations are of the same age.
//! * An acknowledged incident is not reminded: somebody knows. Rules met later still tell their channels.
//! * `confirm` is not here: it becomes a run of its own before the observation that opens, in a later issue.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{IncidentState, history::History};
use crate::{
    document::{After, AlertRule, AlertSeverity, AlertWhen, Recover, Slug},
    id::{IncidentId, RunId},
    notification::NotificationKind,
    outcome::Outcome,
};

/// Where one monitor and collection stand: all that the machine remembers, kept as one JSON text. The history is
/// bounded; the rest by the rules and channels that there were while the incident lasted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracker {
    #[serde(default)]
    history: History,
    /// `due_at` of the newest run seen.
    #[serde(default)]
    newest: Option<DateTime<Utc>>,
    #[serde(default)]
    ongoing: Option<Ongoing>,
}

/// The unresolved incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ongoing {
    id: IncidentId,
    severity: AlertSeverity,
    acknowledged: bool,
    met: Vec<Met>,
    told: Vec<Told>,
}

/// A rule that was met, as far as its end depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Met {
    when: AlertWhen,
    after: After,
    recover: Recover,
}

/// A channel that knows of the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    channel: Slug,
    severity: AlertSeverity,
    next_sequence: u32,
    last: DateTime<Utc>,
}

/// What one finished run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// When it finished.
    pub at: DateTime<Utc>,
    /// When it was due: the order of runs.
    pub due_at: DateTime<Utc>,
    /// Whether it fell into a maintenance window.
    pub in_maintenance: bool,
}

/// What must be written, in this order and in the transaction that keeps the tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An incident begins.
    Open {
        /// Its id, fresh.
        incident: IncidentId,
        /// The worst of the rules that were met.
        severity: AlertSeverity,
        /// The run that was one too many.
        run: RunId,
        /// When that run finished.
        at: DateTime<Utc>,
    },
    /// A worse rule was met.
    Raise {
        /// Which.
        incident: IncidentId,
        /// The new severity.
        severity: AlertSeverity,
    },
    /// Somebody knows.
    Acknowledge {
        /// Which.
        incident: IncidentId,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It is over.
    Resolve {
        /// Which.
        incident: IncidentId,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// One notification.
    Tell(Tell),
}

/// One incident event for one channel: the facts of a notification row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tell {
    /// Of which incident.
    pub incident: IncidentId,
    /// Whom.
    pub channel: Slug,
    /// What.
    pub kind: NotificationKind,
    /// Its place in what this channel is told about this incident, from 0.
    pub sequence: u32,
    /// Of the rule that told the channel first.
    pub severity: AlertSeverity,
}

impl Tracker {
    /// Takes one finished run into account. `rules` are those of now; `new_incident_id` is asked when one opens.
    pub fn observe(
        &mut self,
        rules: &[AlertRule],
        observation: Observation,
        new_incident_id: impl FnOnce() -> IncidentId,
    ) -> Vec<Change> {
        let late = self.newest.is_some_and(|newest| observation.due_at < newest);
        if late || !observation.outcome.is_evidence() {
            return Vec::new();
        }
        self.newest = Some(observation.due_at);
        self.history.push(observation.outcome, observation.in_maintenance);

        let mut changes = Vec::new();
        let mut met: Vec<&AlertRule> =
            rules.iter().filter(|rule| self.history.meets(rule.when, rule.after)).collect();
        // The worst first: it is the one that tells a channel which several of them name.
        met.sort_by_key(|rule| std::cmp::Reverse(rule.severity));
        if let Some(worst) = met.first() {
            self.open_or_raise(worst.severity, &observation, new_incident_id, &mut changes);
        }
        let Some(ongoing) = &mut self.ongoing else { return changes };
        for rule in met {
            ongoing.meet(rule, observation.at, &mut changes);
        }
        if ongoing.has_recovered(&self.history) {
            return self.resolve(observation.at);
        }
        ongoing.remind(rules, &self.history, observation.at, &mut changes);
        changes
    }

    /// Somebody knows of the incident. Nothing when there is none, or when somebody has known before.
    pub fn acknowledge(&mut self, at: DateTime<Utc>) -> Vec<Change> {
        let Some(ongoing) = self.ongoing.as_mut().filter(|ongoing| !ongoing.acknowledged) else {
            return Vec::new();
        };
        ongoing.acknowledged = true;
        let mut changes = vec![Change::Acknowledge { incident: ongoing.id, at }];
        ongoing.tell_all(NotificationKind::Acknowledged, at, &mut changes);
        changes
    }

    /// Ends the incident: by hand, or because its monitor goes away. Nothing when there is none.
    pub fn resolve(&mut self, at: DateTime<Utc>) -> Vec<Change> {
        let Some(mut ongoing) = self.ongoing.take() else { return Vec::new() };
        self.history = History::default();
        let mut changes = vec![Change::Resolve { incident: ongoing.id, at }];
        ongoing.tell_all(NotificationKind::Resolved, at, &mut changes);
        changes
    }

    /// The unresolved incident, if there is one, and whether somebody knows of it.
    #[must_use]
    pub fn incident(&self) -> Option<(IncidentId, IncidentState)> {
        self.ongoing.as_ref().map(|ongoing| {
            let state = if ongoing.acknowledged { IncidentState::Acknowledged } else { IncidentState::Open };
            (ongoing.id, state)
        })
    }

    fn open_or_raise(
        &mut self,
        severity: AlertSeverity,
        observation: &Observation,
        new_incident_id: impl FnOnce() -> IncidentId,
        changes: &mut Vec<Change>,
    ) {
        match &mut self.ongoing {
            None => {
                let id = new_incident_id();
                let (met, told) = (Vec::new(), Vec::new());
                self.ongoing = Some(Ongoing { id, severity, acknowledged: false, met, told });
                let (run, at) = (observation.run, observation.at);
                changes.push(Change::Open { incident: id, severity, run, at });
            }
            Some(ongoing) if ongoing.severity < severity => {
                ongoing.severity = severity;
                changes.push(Change::Raise { incident: ongoing.id, severity });
            }
            Some(_) => {}
        }
    }
}

impl Ongoing {
    /// Remembers what ends the rule, and tells those of its channels that do not know yet.
    fn meet(&mut self, rule: &AlertRule, at: DateTime<Utc>, changes: &mut Vec<Change>) {
        let met = Met::of(rule);
        if !self.met.contains(&met) {
            self.met.push(met);
        }
        for channel in &rule.channels {
            if !self.told.iter().any(|told| told.channel == *channel) {
                let (channel, severity) = (channel.clone(), rule.severity);
                let mut told = Told { channel, severity, next_sequence: 0, last: at };
                changes.push(told.tell(self.id, NotificationKind::Opened, at));
                self.told.push(told);
            }
        }
    }

    fn has_recovered(&self, history: &History) -> bool {
        self.met.iter().all(|met| history.recovered(met.when, met.recover.successes))
    }

    /// Tells again whom a rule has told, when it is still bad and long enough ago.
    fn remind(
        &mut self,
        rules: &[AlertRule],
        history: &History,
        at: DateTime<Utc>,
        changes: &mut Vec<Change>,
    ) {
        if self.acknowledged {
            return;
        }
        let met = &self.met;
        let still_bad =
            rules.iter().filter(|rule| history.is_bad_now(rule.when) && met.contains(&Met::of(rule)));
        for (rule, remind) in still_bad.filter_map(|rule| Some((rule, rule.remind?.0))) {
            for told in self.told.iter_mut().filter(|told| rule.channels.contains(&told.channel)) {
                let since = (at - told.last).to_std().unwrap_or_default();
                if !since.is_zero() && since >= remind {
                    changes.push(told.tell(self.id, NotificationKind::Reminded, at));
                }
            }
        }
    }

    fn tell_all(&mut self, kind: NotificationKind, at: DateTime<Utc>, changes: &mut Vec<Change>) {
        let id = self.id;
        changes.extend(self.told.iter_mut().map(|told| told.tell(id, kind, at)));
    }
}

impl Met {
    /// Rules have no ids: one is the same as long as it is met and ended by the same.
    fn of(rule: &AlertRule) -> Self {
        Self { when: rule.when, after: rule.after, recover: rule.recover }
    }
}

impl Told {
    fn tell(&mut self, incident: IncidentId, kind: NotificationKind, at: DateTime<Utc>) -> Change {
        let sequence = self.next_sequence;
        (self.next_sequence, self.last) = (sequence + 1, at);
        let (channel, severity) = (self.channel.clone(), self.severity);
        Change::Tell(Tell { incident, channel, kind, sequence, severity })
    }
}
