//! The incident machine of one monitor and collection.
//!
//! | state              | what happens                                  | next         | changes                              |
//! |--------------------|-----------------------------------------------|--------------|--------------------------------------|
//! | quiet              | a bad run, no rule met                        | quiet        |                                      |
//! | quiet              | a bad run, rules met that want no confirmation | open        | `Open`, `Tell(opened)` their channels |
//! | quiet              | a bad run, rules met that all want one        | suspicious   | `Confirm`                            |
//! | suspicious         | the confirmation is as bad                    | open         | `Open`, `Tell(opened)` the channels of the rules that it confirms |
//! | suspicious         | the confirmation is not, or the next run meets no rule | quiet |                                    |
//! | suspicious         | the next run meets rules, or the confirmation cannot be had | open | `Open`, `Tell(opened)`          |
//! | open, acknowledged | a bad run, another rule met                   | same         | `Raise` if it is worse, `Tell(opened)` those not told yet |
//! | open, acknowledged | a failed run, where it was degraded           | same         | `Raise`, `Tell(worsened)` who knew it as degraded |
//! | open               | a bad run, `remind` after the last tell       | open         | `Tell(reminded)`                     |
//! | open, acknowledged | a bad run, the first after a snooze           | same         | `Tell(reminded)` all told            |
//! | open               | [`Tracker::acknowledge`]                      | acknowledged | `Acknowledge`, `Tell(acknowledged)` all told |
//! | open, acknowledged | [`Tracker::snooze`]                           | same         | `Snooze`                             |
//! | open, acknowledged | every rule that was met has recovered         | quiet        | `Resolve`, `Tell(resolved)` all told |
//! | open, acknowledged | [`Tracker::resolve`]                          | quiet        | `Resolve`, `Tell(resolved)` all told |
//! | quiet, open, acknowledged | a bad run whose cause a channel knows by another incident | as above | as above, but `Tell(opened)` to that channel |
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
//! * A confirmation is one more look at one failure, so a bad one adds nothing to the count of a rule; a good one is a
//!   success, and the count begins anew. It is no part of the order of runs. That it cannot be had clears nobody.
//! * The fourth incident within ten minutes is **flapping**: whoever is told hears of that once, and it does not end before
//!   the target has been up for ten minutes. Meanwhile only whoever has yet to hear of it is told, or that it is worse; the end says how often it went down. As it is one
//!   incident, whoever was paged has one page, which is resolved.
//! * A shared set-up that fails is one cause for all that use it. Each has an incident of its own, which comes and goes as
//!   a row; a channel that knows of the cause by one of them does not begin to be told by another. Rules are met all the
//!   same, so the next bad run tells what still holds: when the set-up works again and this collection still fails, or
//!   when the incident by which the channel knew has ended and the cause has not.
//! * While a monitor is muted, or an incident snoozed, nothing begins to be told; incidents come and go as rows. What a
//!   channel was told before, it is told the end of. What still holds afterwards is told then.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    IncidentLevel, IncidentState,
    change::{Change, Flapping, Fresh, Observation},
    history::{History, is_bad},
    ongoing::{MANY, Ongoing, WINDOW},
};
use crate::{
    document::{AlertRule, AlertWhen, Slug},
    id::{IncidentId, RunId},
    notification::NotificationKind,
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
    /// A failure that is looked at once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspicion: Option<Suspicion>,
    #[serde(default)]
    ongoing: Option<Ongoing>,
    /// When the last incidents opened, as far as it matters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    opened: Vec<DateTime<Utc>>,
}

/// A failure that is looked at once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Suspicion {
    /// The run that failed.
    of: RunId,
    /// The run that looks again.
    confirmation: RunId,
}

impl Tracker {
    /// Takes one finished run into account. `rules` are those of now.
    pub fn observe(
        &mut self,
        rules: &[AlertRule],
        observation: Observation<'_>,
        fresh: Fresh,
    ) -> Vec<Change> {
        if !observation.outcome.is_evidence() {
            return Vec::new();
        }
        if observation.confirms {
            return self.confirm(rules, observation, fresh);
        }
        if self.newest.is_some_and(|newest| observation.due_at < newest) {
            return Vec::new();
        }
        self.newest = Some(observation.due_at);
        self.history.push(observation.outcome, observation.in_maintenance);
        let met = self.met(rules);
        // A second bad run is as good as a confirmation.
        let sure = self.suspicion.take().is_some();
        if self.ongoing.is_some() || sure {
            return self.proceed(rules, &met, &observation, fresh.incident);
        }
        let wants = |rule: &&&AlertRule| rule.confirm.unwrap_or(observation.repeatable);
        let at_once: Vec<&AlertRule> = met.iter().filter(|rule| !wants(rule)).copied().collect();
        let mut changes = Vec::new();
        if at_once.is_empty() && !met.is_empty() {
            let (run, of) = (fresh.run, observation.run);
            self.suspicion = Some(Suspicion { of, confirmation: run });
            changes.push(Change::Confirm { run, of });
        }
        changes.extend(self.proceed(rules, &at_once, &observation, fresh.incident));
        changes
    }

    /// The run that failed, if this is the confirmation of it that is waited for.
    #[must_use]
    pub fn suspected(&self, confirmation: RunId) -> Option<RunId> {
        self.suspicion.as_ref().filter(|one| one.confirmation == confirmation).map(|one| one.of)
    }

    /// The confirmation that was asked for ended without saying anything about the target, or never began. The failure that
    /// it was to confirm stands then. Nothing when it is not waited for any more.
    pub fn unconfirmed(
        &mut self,
        rules: &[AlertRule],
        observation: Observation<'_>,
        fresh: Fresh,
    ) -> Vec<Change> {
        let Some(of) = self.suspected(observation.run) else { return Vec::new() };
        self.suspicion = None;
        let met = self.met(rules);
        let failure = Observation { run: of, confirms: false, ..observation };
        self.proceed(rules, &met, &failure, fresh.incident)
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

    /// Tells nothing of the incident before `until`, but that it is over. Nothing when there is none.
    pub fn snooze(&mut self, until: DateTime<Utc>) -> Vec<Change> {
        let Some(ongoing) = &mut self.ongoing else { return Vec::new() };
        ongoing.snooze(until);
        vec![Change::Snooze { incident: ongoing.id, until }]
    }

    /// Ends the incident: by hand, or because its monitor goes away. Nothing when there is none.
    pub fn resolve(&mut self, at: DateTime<Utc>) -> Vec<Change> {
        self.suspicion = None;
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

    /// The second look at a failure: as bad for some of the rules that were met, or for none.
    fn confirm(&mut self, rules: &[AlertRule], observation: Observation<'_>, fresh: Fresh) -> Vec<Change> {
        let awaited = |suspicion: &mut Suspicion| suspicion.confirmation == observation.run;
        if self.suspicion.take_if(awaited).is_none() {
            return Vec::new();
        }
        let mut met = self.met(rules);
        met.retain(|rule| is_bad(observation.outcome, rule.when));
        if met.is_empty() {
            self.history.push(observation.outcome, observation.in_maintenance);
        }
        self.proceed(rules, &met, &observation, fresh.incident)
    }

    /// The rules that hold now. The worst come first: such a one tells a channel which several of them name.
    fn met<'r>(&self, rules: &'r [AlertRule]) -> Vec<&'r AlertRule> {
        let mut met: Vec<_> = rules.iter().filter(|rule| self.history.meets(rule.when, rule.after)).collect();
        met.sort_by_key(|rule| std::cmp::Reverse(rule.severity));
        met
    }

    /// Opens, goes on or ends, with these rules as the ones that were met just now.
    fn proceed(
        &mut self,
        rules: &[AlertRule],
        met: &[&AlertRule],
        observation: &Observation<'_>,
        incident: IncidentId,
    ) -> Vec<Change> {
        let (at, mut changes) = (observation.at, Vec::new());
        let quiet = observation.muted || self.ongoing.as_ref().is_some_and(|one| one.is_quiet(at));
        self.open_or_raise(met, observation, incident, &mut changes);
        let Some(ongoing) = &mut self.ongoing else { return changes };
        let untold = |channel: &Slug| !quiet && !observation.known_to.contains(channel);
        ongoing.meet(met, untold, at, &mut changes);
        ongoing.note(&self.history, at);
        if ongoing.has_recovered(&self.history, at) {
            return self.resolve(at);
        }
        if quiet {
            return changes;
        }
        ongoing.worsen(at, &mut changes);
        if ongoing.wakes_up(at) {
            ongoing.remind_all(at, &mut changes);
        } else if !ongoing.acknowledged && ongoing.flapping.is_none() {
            ongoing.remind(rules, &self.history, at, &mut changes);
        }
        changes
    }

    fn open_or_raise(
        &mut self,
        met: &[&AlertRule],
        observation: &Observation<'_>,
        incident: IncidentId,
        changes: &mut Vec<Change>,
    ) {
        let Some(severity) = met.first().map(|rule| rule.severity) else { return };
        let level = self.level(met, observation);
        let Some(ongoing) = &mut self.ongoing else {
            let (run, at) = (observation.run, observation.at);
            let flapping = self.count(at);
            self.ongoing = Some(Ongoing::new(incident, severity, level, flapping));
            changes.push(Change::Open { incident, severity, level, run, at });
            return;
        };
        let (severity, level) = (severity.max(ongoing.severity), level.max(ongoing.level));
        if (severity, level) != (ongoing.severity, ongoing.level) {
            (ongoing.severity, ongoing.level) = (severity, level);
            changes.push(Change::Raise { incident: ongoing.id, severity, level });
        }
    }

    /// Down, if as many runs failed as one of these rules asks for, and the second look has not found better.
    fn level(&self, met: &[&AlertRule], observation: &Observation<'_>) -> IncidentLevel {
        let better = observation.confirms && !is_bad(observation.outcome, AlertWhen::Failing);
        let failing = |rule: &&AlertRule| self.history.meets(AlertWhen::Failing, rule.after);
        if !better && met.iter().any(failing) { IncidentLevel::Down } else { IncidentLevel::Degraded }
    }

    /// Counts one more incident, and says whether they have become many.
    fn count(&mut self, at: DateTime<Utc>) -> Option<Flapping> {
        self.opened.retain(|opened| at - *opened < WINDOW);
        self.opened.push(at);
        let since = *self.opened.first()?;
        let incidents = self.opened.len();
        (incidents > MANY).then(|| Flapping {
            since,
            incidents: u32::try_from(incidents).unwrap_or(u32::MAX),
            relapses: 0,
        })
    }
}
