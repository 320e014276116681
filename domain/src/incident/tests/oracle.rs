//! The machine against an oracle that keeps the whole story and looks everything up in it, by definition: no folding, no
//! counters. Rules stand still here; the tests beside this file edit them.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Event {
    Run { outcome: Outcome, in_maintenance: bool, muted: bool, late: bool, minutes: i64, known: usize },
    Confirmation(Outcome),
    Acknowledge,
    Snooze(i64),
    Resolve,
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        5 => Just(Failed), 3 => Just(Passed), 2 => Just(Degraded),
        1 => prop::sample::select(vec![Inconclusive, Missed, Skipped, Cancelled]),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let run = (
        outcome(),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.1),
        1i64..5,
        prop_oneof![8 => Just(0_usize), 2 => 1usize..4],
    )
        .prop_map(|(outcome, in_maintenance, muted, late, minutes, known)| Event::Run {
            outcome,
            in_maintenance,
            muted,
            late,
            minutes,
            known,
        });
    let event = prop_oneof![
        30 => run,
        8 => outcome().prop_map(Event::Confirmation),
        1 => Just(Event::Acknowledge),
        1 => (1i64..8).prop_map(Event::Snooze),
        1 => Just(Event::Resolve),
    ];
    prop::collection::vec(event, 1..80)
}

fn rules() -> impl Strategy<Value = Vec<AlertRule>> {
    let channels = prop::sample::subsequence(vec!["a", "b", "c"], 1..3);
    let after = (1u32..4, prop::option::of(3u32..6)).prop_map(|(failures, of)| After { failures, of });
    let severity =
        prop::sample::select(vec![AlertSeverity::Warning, AlertSeverity::Error, AlertSeverity::Critical]);
    let remind = prop::option::of(prop::sample::select(vec!["2m", "5m"]));
    let confirm = prop::option::of(any::<bool>());
    let rule = (channels, after, severity, any::<bool>(), 1u32..4, remind, confirm).prop_map(
        |(channels, after, severity, degraded, successes, remind, confirm)| AlertRule {
            after,
            severity,
            when: if degraded { AlertWhen::Degraded } else { AlertWhen::Failing },
            recover: Recover { successes },
            remind: remind.map(|text| text.parse().unwrap()),
            confirm,
            ..rule(&channels)
        },
    );
    prop::collection::vec(rule, 0..4)
}

/// One run that counts, with what it brought about.
#[derive(Debug, Clone)]
struct Seen {
    outcome: Outcome,
    in_maintenance: bool,
    at: DateTime<Utc>,
    /// The rules that it made part of the incident.
    made: Vec<AlertRule>,
    /// How bad that made the incident.
    level: Option<IncidentLevel>,
}

/// One thing that was told: to whom, when, at which level.
type Told = (Slug, DateTime<Utc>, IncidentLevel);

/// What has happened since the last resolve.
struct Story<'r> {
    rules: &'r [AlertRule],
    repeatable: bool,
    seen: Vec<Seen>,
    /// A second look is waited for.
    asked: bool,
    acknowledged: bool,
    snoozed_until: Option<DateTime<Utc>>,
    told: Vec<Told>,
    open: bool,
    /// When all incidents opened, those of earlier stories too.
    opened: Vec<DateTime<Utc>>,
}

fn bad(when: AlertWhen, seen: &Seen) -> bool {
    seen.outcome == Failed || (when == AlertWhen::Degraded && seen.outcome == Degraded)
}

impl Story<'_> {
    fn last(&self) -> &Seen {
        self.seen.last().unwrap()
    }

    /// So many as `after` asks for were bad by the newest run, and it was.
    fn holds(&self, when: AlertWhen, after: After) -> bool {
        let Some(newest) = self.seen.last() else { return false };
        let counted: Vec<&Seen> =
            self.seen.iter().filter(|seen| !(seen.in_maintenance && bad(when, seen))).collect();
        let length = after.of.unwrap_or(after.failures) as usize;
        let last = &counted[counted.len().saturating_sub(length)..];
        let failures = last.iter().filter(|seen| bad(when, seen)).count();
        bad(when, newest) && !newest.in_maintenance && failures >= after.failures as usize
    }

    fn held(&self) -> Vec<AlertRule> {
        self.rules.iter().filter(|rule| self.holds(rule.when, rule.after)).cloned().collect()
    }

    /// The rules that the incident is about.
    fn met(&self) -> Vec<AlertRule> {
        self.seen.iter().flat_map(|seen| seen.made.clone()).collect()
    }

    fn severity(&self) -> Option<AlertSeverity> {
        self.met().iter().map(|rule| rule.severity).max()
    }

    fn level(&self) -> Option<IncidentLevel> {
        self.seen.iter().filter_map(|seen| seen.level).max()
    }

    /// More than three within ten minutes, when this one opened.
    fn flaps(&self) -> bool {
        let Some(opened) = self.opened.last().filter(|_| self.open) else { return false };
        self.opened.iter().filter(|at| *opened - **at < TimeDelta::minutes(10)).count() > 3
    }

    /// When a run last counted against it, since it is open.
    fn last_bad(&self) -> DateTime<Utc> {
        let met = self.met();
        let opened = *self.opened.last().unwrap();
        let counts = |seen: &&Seen| {
            seen.at >= opened && !seen.in_maintenance && met.iter().any(|rule| bad(rule.when, seen))
        };
        self.seen.iter().rev().find(counts).map_or(opened, |seen| seen.at.max(opened))
    }

    fn over(&self, at: DateTime<Utc>) -> bool {
        let recovered = |rule: &AlertRule| {
            let successes = rule.recover.successes as usize;
            let newest = self.seen.iter().rev().take(successes);
            newest.clone().count() == successes && newest.clone().all(|seen| !bad(rule.when, seen))
        };
        self.open
            && self.met().iter().all(recovered)
            && (!self.flaps() || at - self.last_bad() >= TimeDelta::minutes(10))
    }

    fn knows(&self, channel: &Slug) -> Option<&Told> {
        self.told.iter().rev().find(|told| told.0 == *channel)
    }

    fn channels(&self) -> std::collections::BTreeSet<Slug> {
        self.told.iter().map(|told| told.0.clone()).collect()
    }

    fn tell(&mut self, kind: NotificationKind, channel: &Slug, at: DateTime<Utc>) -> String {
        let sequence = self.told.iter().filter(|told| told.0 == *channel).count();
        self.told.push((channel.clone(), at, self.level().unwrap()));
        format!("{kind} {channel} {sequence}")
    }

    fn tell_all(&mut self, kind: NotificationKind, at: DateTime<Utc>) -> Vec<String> {
        self.channels().iter().map(|channel| self.tell(kind, channel, at)).collect()
    }

    /// What a run of the schedule must have brought about.
    fn run(&mut self, seen: Seen, muted: bool, known: &[Slug]) -> Vec<String> {
        let at = seen.at;
        self.seen.push(seen);
        let (held, asked) = (self.held(), std::mem::take(&mut self.asked));
        if self.open || asked {
            return self.go_on(held, muted, at, true, known);
        }
        let at_once: Vec<AlertRule> =
            held.iter().filter(|rule| !rule.confirm.unwrap_or(self.repeatable)).cloned().collect();
        if at_once.is_empty() && !held.is_empty() {
            self.asked = true;
            return vec!["confirm".to_owned()];
        }
        self.go_on(at_once, muted, at, true, known)
    }

    /// What the second look must have brought about.
    fn confirmation(&mut self, seen: Seen) -> Vec<String> {
        if !std::mem::take(&mut self.asked) {
            return Vec::new();
        }
        let (at, failed) = (seen.at, seen.outcome == Failed);
        let held: Vec<AlertRule> = self.held().into_iter().filter(|rule| bad(rule.when, &seen)).collect();
        if held.is_empty() {
            self.seen.push(seen);
        }
        self.go_on(held, false, at, failed, &[])
    }

    /// In no order, except that the incident's own change is first.
    fn go_on(
        &mut self,
        made: Vec<AlertRule>,
        muted: bool,
        at: DateTime<Utc>,
        failed: bool,
        known: &[Slug],
    ) -> Vec<String> {
        let before = (self.severity(), self.level());
        if !made.is_empty() {
            let down = failed && made.iter().any(|rule| self.holds(AlertWhen::Failing, rule.after));
            let level = if down { IncidentLevel::Down } else { IncidentLevel::Degraded };
            let newest = self.seen.last_mut().unwrap();
            newest.made.extend(made);
            newest.level = newest.level.max(Some(level));
        }
        let Some((severity, level)) = self.severity().zip(self.level()) else { return Vec::new() };
        let mut said = Vec::new();
        if !self.open {
            self.open = true;
            self.opened.push(at);
            said.push(at_level("open", severity, level));
        } else if before != (Some(severity), Some(level)) {
            said.push(at_level("raise", severity, level));
        }
        if self.over(at) {
            said.extend(self.resolve(at));
        } else if !muted && self.snoozed_until.is_none_or(|until| at >= until) {
            said.extend(self.say(at, known));
        }
        said
    }

    /// Nothing keeps it from being told, but to those who know the cause by another incident.
    fn say(&mut self, at: DateTime<Utc>, known: &[Slug]) -> Vec<String> {
        let newest = self.last().clone();
        let counts = |when| bad(when, &newest) && !newest.in_maintenance;
        let mut said = Vec::new();
        for channel in newest.made.iter().flat_map(|rule| &rule.channels) {
            if self.knows(channel).is_none() && !known.contains(channel) {
                said.push(self.tell(NotificationKind::Opened, channel, at));
            }
        }
        for channel in self.channels() {
            if self.knows(&channel).unwrap().2 < self.level().unwrap() {
                said.push(self.tell(NotificationKind::Worsened, &channel, at));
            }
        }
        if self.snoozed_until.is_some() && self.met().iter().any(|rule| counts(rule.when)) {
            self.snoozed_until = None;
            for channel in self.channels() {
                if self.knows(&channel).unwrap().1 < at {
                    said.push(self.tell(NotificationKind::Reminded, &channel, at));
                }
            }
            return said;
        }
        if self.acknowledged || self.flaps() {
            return said;
        }
        let same = |one: &AlertRule, other: &AlertRule| {
            (one.when, one.after, one.recover) == (other.when, other.after, other.recover)
        };
        let met = self.met();
        for rule in
            self.rules.iter().filter(|rule| counts(rule.when) && met.iter().any(|met| same(met, rule)))
        {
            let Some(remind) = rule.remind else { continue };
            for channel in &rule.channels {
                let Some(last) = self.knows(channel).map(|told| told.1) else { continue };
                if at - last >= TimeDelta::from_std(remind.0).unwrap() {
                    said.push(self.tell(NotificationKind::Reminded, channel, at));
                }
            }
        }
        said
    }

    fn acknowledge(&mut self, at: DateTime<Utc>) -> Vec<String> {
        if !self.open || self.acknowledged {
            return Vec::new();
        }
        self.acknowledged = true;
        let mut said = vec!["acknowledge".to_owned()];
        said.extend(self.tell_all(NotificationKind::Acknowledged, at));
        said
    }

    fn snooze(&mut self, until: DateTime<Utc>) -> Vec<String> {
        if !self.open {
            return Vec::new();
        }
        self.snoozed_until = Some(until);
        vec!["snooze".to_owned()]
    }

    fn resolve(&mut self, at: DateTime<Utc>) -> Vec<String> {
        self.asked = false;
        let resolve = self.open.then(|| "resolve".to_owned());
        resolve.into_iter().chain(self.tell_all(NotificationKind::Resolved, at)).collect()
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_machine_says_what_the_story_says(rules in rules(), repeatable: bool, events in events()) {
        let mut watch = Watch { repeatable, ..watch(rules.clone()) };
        let fresh = |opened| Story {
            rules: &rules,
            repeatable,
            seen: Vec::new(),
            asked: false,
            acknowledged: false,
            snoozed_until: None,
            told: Vec::new(),
            open: false,
            opened,
        };
        let (mut story, mut newest, mut asked_at) = (fresh(Vec::new()), None, 0);
        for event in events {
            let now = watch.now();
            let (found, expected) = match event {
                Event::Run { outcome, in_maintenance, muted, late, minutes, known } => {
                    watch.minute += minutes;
                    let at = watch.now();
                    let due_at = if late { start() - TimeDelta::minutes(1) } else { at };
                    let known: Vec<Slug> = ["a", "b", "c"][..known].iter().map(|id| id.parse().unwrap()).collect();
                    let seen = watch.observation(outcome);
                    let observation =
                        Observation { due_at, in_maintenance, muted, known_to: &known, ..seen };
                    let counts = outcome.is_evidence() && newest.is_none_or(|newest| due_at >= newest);
                    let expected = if counts {
                        newest = Some(due_at);
                        let (made, level) = (Vec::new(), None);
                        story.run(Seen { outcome, in_maintenance, at, made, level }, muted, &known)
                    } else {
                        Vec::new()
                    };
                    let found = watch.observe(observation);
                    if found.iter().any(|change| matches!(change, Change::Confirm { .. })) {
                        asked_at = watch.minute;
                    }
                    (found, expected)
                }
                Event::Confirmation(outcome) => {
                    let run = RunId::new(start() + TimeDelta::minutes(asked_at), [3; 10]);
                    let observation = Observation { run, confirms: true, ..watch.observation(outcome) };
                    let seen =
                        Seen { outcome, in_maintenance: false, at: now, made: Vec::new(), level: None };
                    let expected = if outcome.is_evidence() { story.confirmation(seen) } else { Vec::new() };
                    (watch.observe(observation), expected)
                }
                Event::Acknowledge => (watch.tracker.acknowledge(now), story.acknowledge(now)),
                Event::Snooze(minutes) => {
                    let until = now + TimeDelta::minutes(minutes);
                    (watch.tracker.snooze(until), story.snooze(until))
                }
                Event::Resolve => (watch.tracker.resolve(now), story.resolve(now)),
            };
            prop_assert_eq!(sorted(lines(&found)), sorted(expected.clone()));
            // Resolving by hand without an incident ends a suspicion and leaves the history.
            if expected.iter().any(|line| line == "resolve") {
                story = fresh(story.opened);
            }
            prop_assert_eq!(watch.tracker.incident().is_some(), story.open);
        }
    }
}
