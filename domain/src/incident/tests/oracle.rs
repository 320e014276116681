//! The machine against an oracle that keeps the whole story and looks everything up in it, by definition: no state,
//! no folding. Rules stand still here; the tests beside this file edit them.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Event {
    Run { outcome: Outcome, in_maintenance: bool, late: bool, minutes: i64 },
    Acknowledge,
    Resolve,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let outcome = prop_oneof![
        5 => Just(Failed), 3 => Just(Passed), 2 => Just(Degraded),
        1 => prop::sample::select(vec![Inconclusive, Missed, Skipped, Cancelled]),
    ];
    let run = (outcome, prop::bool::weighted(0.15), prop::bool::weighted(0.1), 1i64..4).prop_map(
        |(outcome, in_maintenance, late, minutes)| Event::Run { outcome, in_maintenance, late, minutes },
    );
    let event = prop_oneof![30 => run, 1 => Just(Event::Acknowledge), 1 => Just(Event::Resolve)];
    prop::collection::vec(event, 1..60)
}

fn rules() -> impl Strategy<Value = Vec<AlertRule>> {
    let channels = prop::sample::subsequence(vec!["a", "b", "c"], 1..3);
    let after = (1u32..4, prop::option::of(3u32..6)).prop_map(|(failures, of)| After { failures, of });
    let severity =
        prop::sample::select(vec![AlertSeverity::Warning, AlertSeverity::Error, AlertSeverity::Critical]);
    let remind = prop::option::of(prop::sample::select(vec!["2m", "5m"]));
    let rule = (channels, after, severity, any::<bool>(), 1u32..4, remind).prop_map(
        |(channels, after, severity, degraded, successes, remind)| AlertRule {
            after,
            severity,
            when: if degraded { AlertWhen::Degraded } else { AlertWhen::Failing },
            recover: Recover { successes },
            remind: remind.map(|text| text.parse().unwrap()),
            ..rule(&channels)
        },
    );
    prop::collection::vec(rule, 0..4)
}

/// One run that counts: since the last resolve, nothing late, nothing without evidence.
#[derive(Debug, Clone, Copy)]
struct Seen {
    outcome: Outcome,
    in_maintenance: bool,
    at: DateTime<Utc>,
}

/// What has happened since the last resolve.
struct Story<'r> {
    rules: &'r [AlertRule],
    seen: Vec<Seen>,
    acknowledged: bool,
    /// Everything that was told, by channel: when.
    told: Vec<(Slug, DateTime<Utc>)>,
}

fn bad(rule: &AlertRule, seen: &Seen) -> bool {
    seen.outcome == Failed || (rule.when == AlertWhen::Degraded && seen.outcome == Degraded)
}

impl Story<'_> {
    /// The rule's condition held at run `n`.
    fn held(&self, rule: &AlertRule, n: usize) -> bool {
        let counted: Vec<&Seen> =
            self.seen[..=n].iter().filter(|seen| !(seen.in_maintenance && bad(rule, seen))).collect();
        let length = rule.after.of.unwrap_or(rule.after.failures) as usize;
        let last = &counted[counted.len().saturating_sub(length)..];
        let failures = last.iter().filter(|seen| bad(rule, seen)).count();
        bad(rule, &self.seen[n]) && !self.seen[n].in_maintenance && failures >= rule.after.failures as usize
    }

    /// The rules whose condition has held by run `n`.
    fn met(&self, n: usize) -> Vec<&AlertRule> {
        self.rules.iter().filter(|rule| (0..=n).any(|k| self.held(rule, k))).collect()
    }

    fn over(&self, n: usize) -> bool {
        let met = self.met(n);
        let recovered = |rule: &&AlertRule| {
            let successes = rule.recover.successes as usize;
            n + 1 >= successes && self.seen[n + 1 - successes..=n].iter().all(|seen| !bad(rule, seen))
        };
        !met.is_empty() && met.iter().all(recovered)
    }

    fn knows(&self, channel: &Slug) -> bool {
        self.told.iter().any(|(told, _)| told == channel)
    }

    fn tell(&mut self, kind: NotificationKind, channel: &Slug, at: DateTime<Utc>) -> String {
        let sequence = self.told.iter().filter(|(told, _)| told == channel).count();
        self.told.push((channel.clone(), at));
        format!("{kind} {channel} {sequence}")
    }

    fn tell_all(&mut self, kind: NotificationKind, at: DateTime<Utc>) -> Vec<String> {
        let channels: std::collections::BTreeSet<Slug> =
            self.told.iter().map(|(told, _)| told.clone()).collect();
        channels.iter().map(|channel| self.tell(kind, channel, at)).collect()
    }

    /// What the newest run must have brought about; in no order, except that the incident's own change is first.
    fn newest_run(&mut self) -> Vec<String> {
        let n = self.seen.len() - 1;
        let newest = self.seen[n];
        let (met, at) = (self.met(n), newest.at);
        let severity = |met: &[&AlertRule]| met.iter().map(|rule| rule.severity).max();
        let (before, now) = (n.checked_sub(1).and_then(|n| severity(&self.met(n))), severity(&met));
        let mut said = Vec::new();
        match (before, now) {
            (None, Some(now)) => said.push(format!("open {now:?}").to_lowercase()),
            (Some(before), Some(now)) if before < now => said.push(format!("raise {now:?}").to_lowercase()),
            _ => {}
        }
        if self.over(n) {
            said.extend(self.resolve(at));
            return said;
        }
        let met: Vec<AlertRule> = met.into_iter().cloned().collect();
        for channel in met.iter().flat_map(|rule| &rule.channels) {
            if !self.knows(channel) {
                said.push(self.tell(NotificationKind::Opened, channel, at));
            }
        }
        if self.acknowledged || newest.in_maintenance {
            return said;
        }
        for rule in met.iter().filter(|rule| bad(rule, &newest)) {
            let Some(remind) = rule.remind else { continue };
            for channel in &rule.channels {
                let last = self.told.iter().rev().find(|(told, _)| told == channel).unwrap().1;
                if at - last >= TimeDelta::from_std(remind.0).unwrap() {
                    said.push(self.tell(NotificationKind::Reminded, channel, at));
                }
            }
        }
        said
    }
}

impl Story<'_> {
    fn acknowledge(&mut self, at: DateTime<Utc>) -> Vec<String> {
        if self.told.is_empty() || self.acknowledged {
            return Vec::new();
        }
        self.acknowledged = true;
        let mut said = vec!["acknowledge".to_owned()];
        said.extend(self.tell_all(NotificationKind::Acknowledged, at));
        said
    }

    fn resolve(&mut self, at: DateTime<Utc>) -> Vec<String> {
        let resolve = (!self.told.is_empty()).then(|| "resolve".to_owned());
        resolve.into_iter().chain(self.tell_all(NotificationKind::Resolved, at)).collect()
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_machine_says_what_the_story_says(rules in rules(), events in events()) {
        let mut watch = watch(rules.clone());
        let fresh = || Story { rules: &rules, seen: Vec::new(), acknowledged: false, told: Vec::new() };
        let (mut story, mut newest) = (fresh(), None);
        for event in events {
            let now = watch.now();
            let (found, expected) = match event {
                Event::Run { outcome, in_maintenance, late, minutes } => {
                    watch.minute += minutes;
                    let at = watch.now();
                    let due_at = if late { start() - TimeDelta::minutes(1) } else { at };
                    let observation = Observation { due_at, in_maintenance, ..watch.observation(outcome) };
                    let counts = outcome.is_evidence() && newest.is_none_or(|newest| due_at >= newest);
                    let expected = if counts {
                        newest = Some(due_at);
                        story.seen.push(Seen { outcome, in_maintenance, at });
                        story.newest_run()
                    } else {
                        Vec::new()
                    };
                    (watch.observe(observation), expected)
                }
                Event::Acknowledge => (watch.tracker.acknowledge(now), story.acknowledge(now)),
                Event::Resolve => (watch.tracker.resolve(now), story.resolve(now)),
            };
            prop_assert_eq!(sorted(lines(&found)), sorted(expected.clone()));
            if expected.iter().any(|line| line == "resolve") {
                story = fresh();
            }
            prop_assert_eq!(watch.tracker.incident().is_some(), !story.told.is_empty());
        }
    }
}
