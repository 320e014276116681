//! The unresolved incident: which rules it is about, who knows of it, and who is told next. When it begins and ends is
//! `machine`'s.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    IncidentLevel,
    change::{Change, Flapping, Tell},
    history::History,
};
use crate::{
    document::{After, AlertRule, AlertSeverity, AlertWhen, Recover, Slug},
    id::IncidentId,
    notification::NotificationKind,
};

/// More incidents than this of one monitor and collection within [`WINDOW`] are one that goes up and down.
pub(super) const MANY: usize = 3;
/// The time that is looked at; also how long a target that goes up and down must be up before it counts as that.
pub(super) const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// The unresolved incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ongoing {
    pub(super) id: IncidentId,
    pub(super) severity: AlertSeverity,
    /// Trackers from before there were levels knew of incidents that were down.
    #[serde(default = "down")]
    pub(super) level: IncidentLevel,
    pub(super) acknowledged: bool,
    #[serde(default)]
    snoozed_until: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(super) flapping: Option<Flapping>,
    /// When a run last counted against one of the rules; not known for incidents from before it was kept.
    #[serde(default)]
    last_bad: Option<DateTime<Utc>>,
    /// Whether the newest run did.
    #[serde(default)]
    bad: bool,
    met: Vec<Met>,
    told: Vec<Told>,
}

const fn down() -> IncidentLevel {
    IncidentLevel::Down
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
    /// How bad it knows it to be.
    #[serde(default = "down")]
    level: IncidentLevel,
    next_sequence: u32,
    last: DateTime<Utc>,
}

impl Ongoing {
    pub(super) fn new(
        id: IncidentId,
        severity: AlertSeverity,
        level: IncidentLevel,
        flapping: Option<Flapping>,
    ) -> Self {
        Self {
            id,
            severity,
            level,
            acknowledged: false,
            snoozed_until: None,
            flapping,
            last_bad: None,
            bad: false,
            met: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Takes note of whether the newest run counts against a rule of this incident.
    pub(super) fn note(&mut self, history: &History, at: DateTime<Utc>) {
        let bad = self.met.iter().any(|met| history.is_bad_now(met.when));
        if let Some(flapping) = &mut self.flapping
            && bad
            && !self.bad
            && self.last_bad.is_some()
        {
            flapping.relapses += 1;
        }
        if bad {
            self.last_bad = Some(at);
        }
        self.bad = bad;
    }

    /// Remembers what ends these rules, and tells those of their channels that do not know yet, and `may` be told.
    pub(super) fn meet(
        &mut self,
        rules: &[&AlertRule],
        may: impl Fn(&Slug) -> bool,
        at: DateTime<Utc>,
        changes: &mut Vec<Change>,
    ) {
        for rule in rules {
            let met = Met::of(rule);
            if !self.met.contains(&met) {
                self.met.push(met);
            }
            for channel in rule.channels.iter().filter(|channel| may(channel)) {
                if !self.told.iter().any(|told| told.channel == *channel) {
                    let (channel, severity, level) = (channel.clone(), rule.severity, self.level);
                    self.told.push(Told { channel, severity, level, next_sequence: 0, last: at });
                    let newest = self.told.len() - 1;
                    changes.push(self.tell(newest, NotificationKind::Opened, at));
                }
            }
        }
    }

    /// From now on somebody wants to hear nothing, until then.
    pub(super) fn snooze(&mut self, until: DateTime<Utc>) {
        self.snoozed_until = Some(until);
    }

    /// Whether somebody wants to hear nothing for now.
    pub(super) fn is_quiet(&self, at: DateTime<Utc>) -> bool {
        self.snoozed_until.is_some_and(|until| at < until)
    }

    /// Whether this is the first bad run after somebody wanted to hear nothing for a while.
    pub(super) fn wakes_up(&mut self, at: DateTime<Utc>) -> bool {
        self.bad && self.snoozed_until.take_if(|until| at >= *until).is_some()
    }

    /// A target that goes up and down must have been up for a while.
    pub(super) fn has_recovered(&self, history: &History, at: DateTime<Utc>) -> bool {
        let steady = self.flapping.is_none() || self.last_bad.is_none_or(|last| at - last >= WINDOW);
        steady && self.met.iter().all(|met| history.recovered(met.when, met.recover.successes))
    }

    /// Tells those who know it to be degraded that it is down.
    pub(super) fn worsen(&mut self, at: DateTime<Utc>, changes: &mut Vec<Change>) {
        for place in 0..self.told.len() {
            if self.told[place].level < self.level {
                changes.push(self.tell(place, NotificationKind::Worsened, at));
            }
        }
    }

    /// Tells again whom a rule has told, when it is still bad and long enough ago.
    pub(super) fn remind(
        &mut self,
        rules: &[AlertRule],
        history: &History,
        at: DateTime<Utc>,
        changes: &mut Vec<Change>,
    ) {
        for rule in rules {
            let still_bad = history.is_bad_now(rule.when) && self.met.contains(&Met::of(rule));
            let Some(remind) = rule.remind.filter(|_| still_bad) else { continue };
            for place in 0..self.told.len() {
                let since = (at - self.told[place].last).to_std().unwrap_or_default();
                let due = !since.is_zero() && since >= remind.0;
                if due && rule.channels.contains(&self.told[place].channel) {
                    changes.push(self.tell(place, NotificationKind::Reminded, at));
                }
            }
        }
    }

    /// Tells everybody again who was not told just now.
    pub(super) fn remind_all(&mut self, at: DateTime<Utc>, changes: &mut Vec<Change>) {
        for place in 0..self.told.len() {
            if self.told[place].last < at {
                changes.push(self.tell(place, NotificationKind::Reminded, at));
            }
        }
    }

    pub(super) fn tell_all(&mut self, kind: NotificationKind, at: DateTime<Utc>, changes: &mut Vec<Change>) {
        changes.extend((0..self.told.len()).map(|place| self.tell(place, kind, at)));
    }

    fn tell(&mut self, place: usize, kind: NotificationKind, at: DateTime<Utc>) -> Change {
        let (incident, level, flapping) = (self.id, self.level, self.flapping);
        let told = &mut self.told[place];
        let sequence = told.next_sequence;
        (told.next_sequence, told.last, told.level) = (sequence + 1, at, level);
        let (channel, severity) = (told.channel.clone(), told.severity);
        Change::Tell(Tell { incident, channel, kind, sequence, severity, level, flapping })
    }
}

impl Met {
    /// Rules have no ids: one is the same as long as it is met and ended by the same.
    fn of(rule: &AlertRule) -> Self {
        Self { when: rule.when, after: rule.after, recover: rule.recover }
    }
}
