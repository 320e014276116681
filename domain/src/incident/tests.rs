use chrono::TimeDelta;

use super::*;
use crate::{
    document::{After, AlertRule, AlertWhen, Recover},
    notification::NotificationKind,
    outcome::Outcome::{self, *},
};

mod confirming;
mod oracle;
mod quiet;
mod shared;

/// A monitor whose runs come once a minute, and everything that its machine has said.
struct Watch {
    tracker: Tracker,
    rules: Vec<AlertRule>,
    minute: i64,
    in_maintenance: bool,
    muted: bool,
    repeatable: bool,
}

fn start() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn rule(channels: &[&str]) -> AlertRule {
    AlertRule {
        channels: channels.iter().map(|channel| channel.parse().unwrap()).collect(),
        severity: AlertSeverity::Error,
        when: AlertWhen::Failing,
        after: After::default(),
        confirm: None,
        recover: Recover::default(),
        remind: None,
    }
}

fn after(failures: u32, rule: AlertRule) -> AlertRule {
    AlertRule { after: After { failures, of: None }, ..rule }
}

fn watch(rules: impl Into<Vec<AlertRule>>) -> Watch {
    Watch {
        tracker: Tracker::default(),
        rules: rules.into(),
        minute: 0,
        in_maintenance: false,
        muted: false,
        repeatable: false,
    }
}

/// `open error`, `opened a 0`: one change as a line.
fn line(change: &Change) -> String {
    match change {
        Change::Confirm { .. } => "confirm".into(),
        Change::Open { severity, level, .. } => at_level("open", *severity, *level),
        Change::Raise { severity, level, .. } => at_level("raise", *severity, *level),
        Change::Snooze { .. } => "snooze".into(),
        Change::Acknowledge { .. } => "acknowledge".into(),
        Change::Resolve { .. } => "resolve".into(),
        Change::Tell(tell) => format!("{} {} {}", tell.kind, tell.channel, tell.sequence),
    }
}

/// The level is said when it is not the usual one.
fn at_level(what: &str, severity: AlertSeverity, level: IncidentLevel) -> String {
    let degraded = if level == IncidentLevel::Degraded { " degraded" } else { "" };
    format!("{what} {severity:?}{degraded}").to_lowercase()
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(line).collect()
}

impl Watch {
    fn now(&self) -> DateTime<Utc> {
        start() + TimeDelta::minutes(self.minute)
    }

    fn observation(&self, outcome: Outcome) -> Observation<'static> {
        let at = self.now();
        let run = RunId::new(at, [1; 10]);
        let Self { in_maintenance, muted, repeatable, .. } = *self;
        let (due_at, known_to, confirms) = (at, &[][..], false);
        Observation { run, outcome, at, due_at, in_maintenance, muted, known_to, repeatable, confirms }
    }

    /// Also proves that the machine goes on from its JSON.
    fn observe(&mut self, observation: Observation<'_>) -> Vec<Change> {
        let text = serde_json::to_string(&self.tracker).unwrap();
        self.tracker = serde_json::from_str(&text).unwrap();
        self.tracker.observe(&self.rules, observation, self.fresh())
    }

    fn fresh(&self) -> Fresh {
        Fresh { incident: IncidentId::new(self.now(), [2; 10]), run: RunId::new(self.now(), [3; 10]) }
    }

    fn sees(&mut self, outcomes: impl IntoIterator<Item = Outcome>) -> Vec<String> {
        let mut seen = Vec::new();
        for outcome in outcomes {
            self.minute += 1;
            let observation = self.observation(outcome);
            seen.extend(lines(&self.observe(observation)));
        }
        seen
    }

    fn sees_in_maintenance(&mut self, outcomes: impl IntoIterator<Item = Outcome>) -> Vec<String> {
        self.in_maintenance = true;
        let seen = self.sees(outcomes);
        self.in_maintenance = false;
        seen
    }
}

#[test]
fn a_met_rule_opens_and_tells_its_channels() {
    let mut watch = watch([after(2, rule(&["a", "b"]))]);
    assert!(watch.sees([Failed, Passed, Failed, Degraded, Failed]).is_empty(), "never two in a row");
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0", "opened b 0"]);
    assert!(watch.sees([Failed, Failed]).is_empty(), "told once");
}

#[test]
fn opening_names_the_run_and_the_instant() {
    let mut watch = watch([rule(&["a"])]);
    let observation = watch.observation(Failed);
    let changes = watch.observe(observation);
    let incident = IncidentId::new(observation.at, [2; 10]);
    let (severity, run, at) = (AlertSeverity::Error, observation.run, observation.at);
    let level = IncidentLevel::Down;
    assert_eq!(changes[0], Change::Open { incident, severity, level, run, at });
    assert_eq!(watch.tracker.incident(), Some((incident, IncidentState::Open)));
}

#[test]
fn some_failures_among_the_last_few_open() {
    let mut watch = watch([AlertRule { after: After { failures: 3, of: Some(5) }, ..rule(&["a"]) }]);
    assert!(watch.sees([Failed, Passed, Failed, Passed, Passed, Failed]).is_empty(), "two among five");
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"]);
}

#[test]
fn spent_evidence_does_not_reopen() {
    let mut watch = watch([AlertRule { after: After { failures: 3, of: Some(5) }, ..rule(&["a"]) }]);
    watch.sees([Failed, Failed, Failed, Passed]);
    assert!(watch.sees([Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"]);
}

#[test]
fn a_rule_met_later_tells_its_own_channels_and_raises() {
    let critical = AlertRule { severity: AlertSeverity::Critical, ..after(3, rule(&["a", "b"])) };
    let mut watch = watch([rule(&["a"]), critical]);
    assert_eq!(watch.sees([Failed, Failed]), ["open error", "opened a 0"]);
    assert_eq!(watch.sees([Failed]), ["raise critical", "opened b 0"], "`a` knows");
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1", "resolved b 1"]);
}

#[test]
fn rules_met_at_once_open_one_incident_as_bad_as_the_worst() {
    let warning = AlertRule { severity: AlertSeverity::Warning, ..rule(&["a", "b"]) };
    let critical = AlertRule { severity: AlertSeverity::Critical, ..rule(&["b"]) };
    let mut watch = watch([warning, critical]);
    let observation = watch.observation(Failed);
    let changes = watch.observe(observation);
    assert_eq!(lines(&changes), ["open critical", "opened b 0", "opened a 0"]);
    let told = changes.iter().filter_map(|change| match change {
        Change::Tell(tell) => Some(tell.severity),
        _ => None,
    });
    let severities: Vec<_> = told.collect();
    assert_eq!(severities, [AlertSeverity::Critical, AlertSeverity::Warning]);
}

#[test]
fn degraded_runs_count_for_rules_that_ask() {
    let mut failing = watch([rule(&["a"])]);
    assert!(failing.sees([Degraded, Degraded]).is_empty());
    let mut degraded = watch([AlertRule { when: AlertWhen::Degraded, ..after(2, rule(&["a"])) }]);
    assert_eq!(degraded.sees([Degraded, Failed]), ["open error degraded", "opened a 0"]);
}

#[test]
fn recovery_takes_as_many_successes_as_the_rule_says() {
    let mut watch = watch([AlertRule { recover: Recover { successes: 3 }, ..rule(&["a"]) }]);
    watch.sees([Failed]);
    assert!(watch.sees([Passed, Passed, Failed, Passed, Degraded]).is_empty());
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"]);
    assert_eq!(watch.tracker.incident(), None);
}

#[test]
fn an_incident_lasts_until_every_met_rule_has_recovered() {
    let failing = rule(&["a"]);
    let degraded = AlertRule { when: AlertWhen::Degraded, ..after(3, rule(&["b"])) };
    let mut watch = watch([failing, degraded]);
    assert_eq!(watch.sees([Failed, Failed]), ["open error", "opened a 0"]);
    assert_eq!(watch.sees([Degraded]), ["opened b 0"], "the second rule is met as the first one ends");
    assert!(watch.sees([Degraded]).is_empty());
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1", "resolved b 1"]);
}

#[test]
fn a_rule_that_was_not_met_has_no_say_in_the_end() {
    let strict = AlertRule { recover: Recover { successes: 9 }, ..after(5, rule(&["b"])) };
    let mut watch = watch([rule(&["a"]), strict]);
    watch.sees([Failed]);
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"]);
}

#[test]
fn reminders_come_with_bad_runs_after_the_interval() {
    let mut watch = watch([AlertRule {
        remind: Some("3m".parse().unwrap()),
        recover: Recover { successes: 2 },
        ..after(2, rule(&["a"]))
    }]);
    watch.sees([Failed, Failed]);
    assert!(watch.sees([Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["reminded a 1"]);
    assert!(watch.sees([Failed, Failed, Passed]).is_empty(), "a good run tells nothing");
    assert_eq!(watch.sees([Failed]), ["reminded a 2"], "one bad run after a good one is still bad");
    assert!(watch.sees_in_maintenance([Failed, Failed, Failed, Failed]).is_empty());
}

#[test]
fn only_a_rule_that_was_met_reminds() {
    let patient = AlertRule { remind: Some("1m".parse().unwrap()), ..after(4, rule(&["a"])) };
    let mut watch = watch([rule(&["a"]), patient]);
    watch.sees([Failed]);
    assert!(watch.sees([Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["reminded a 1"]);
}

#[test]
fn an_acknowledged_incident_is_not_reminded_but_escalates_and_resolves() {
    let reminding = AlertRule { remind: Some("1m".parse().unwrap()), ..rule(&["a"]) };
    let mut watch = watch([reminding, after(4, rule(&["b"]))]);
    watch.sees([Failed]);
    let now = watch.now();
    assert_eq!(lines(&watch.tracker.acknowledge(now)), ["acknowledge", "acknowledged a 1"]);
    assert_eq!(watch.tracker.incident().unwrap().1, IncidentState::Acknowledged);
    assert!(watch.tracker.acknowledge(now).is_empty(), "once");
    assert!(watch.sees([Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["opened b 0"]);
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 2", "resolved b 1"]);
}

#[test]
fn resolving_by_hand_tells_and_begins_anew() {
    let mut watch = watch([after(2, rule(&["a"]))]);
    watch.sees([Failed, Failed]);
    let now = watch.now();
    assert_eq!(lines(&watch.tracker.resolve(now)), ["resolve", "resolved a 1"]);
    assert!(watch.tracker.resolve(now).is_empty() && watch.tracker.acknowledge(now).is_empty());
    assert!(watch.sees([Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"]);
}

#[test]
fn what_is_no_evidence_neither_opens_nor_closes_nor_breaks_a_streak() {
    let mut watch = watch([AlertRule { recover: Recover { successes: 2 }, ..after(2, rule(&["a"])) }]);
    let nothing = [Inconclusive, Missed, Skipped, Cancelled];
    watch.sees([Failed]);
    assert!(watch.sees(nothing).is_empty());
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"]);
    watch.sees([Passed]);
    assert!(watch.sees(nothing).is_empty());
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"]);
}

#[test]
fn maintenance_opens_nothing_and_its_failures_do_not_count() {
    let mut watch = watch([after(2, rule(&["a"]))]);
    watch.sees([Failed]);
    assert!(watch.sees_in_maintenance([Failed, Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"], "the second outside");
}

#[test]
fn a_success_in_maintenance_resolves_and_a_failure_there_is_no_recovery() {
    let mut watch = watch([AlertRule { recover: Recover { successes: 2 }, ..rule(&["a"]) }]);
    watch.sees([Failed]);
    assert!(watch.sees_in_maintenance([Passed, Failed, Passed]).is_empty());
    assert_eq!(watch.sees_in_maintenance([Passed]), ["resolve", "resolved a 1"]);
}

#[test]
fn a_run_that_was_due_earlier_changes_nothing() {
    let mut watch = watch([rule(&["a"])]);
    watch.sees([Passed, Passed]);
    let earlier = |watch: &Watch, outcome| Observation {
        due_at: watch.now() - TimeDelta::seconds(1),
        ..watch.observation(outcome)
    };
    let late = earlier(&watch, Failed);
    assert!(watch.observe(late).is_empty(), "does not open");
    watch.sees([Failed]);
    let late = earlier(&watch, Passed);
    assert!(watch.observe(late).is_empty(), "does not resolve");
    let elsewhere = watch.observation(Passed);
    assert_eq!(lines(&watch.observe(elsewhere)), ["resolve", "resolved a 1"], "of the same slot does");
}

#[test]
fn editing_rules_never_loses_a_resolve() {
    let mut watch = watch([AlertRule { recover: Recover { successes: 2 }, ..rule(&["a", "b"]) }]);
    watch.sees([Failed]);
    watch.rules = vec![after(3, rule(&["c"]))];
    assert!(watch.sees([Passed]).is_empty(), "it ends as it was begun");
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1", "resolved b 1"]);
    watch.sees([Failed, Failed, Failed]);
    watch.rules.clear();
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved c 1"]);
}

#[test]
fn a_channel_added_to_a_rule_hears_of_the_incident() {
    let mut watch = watch([rule(&["a"])]);
    watch.sees([Failed]);
    watch.rules = vec![rule(&["a", "b"])];
    assert_eq!(watch.sees([Failed]), ["opened b 0"]);
}

#[test]
fn the_tracker_stays_small() {
    let mut watch = watch([after(100, rule(&["a"]))]);
    watch.sees(std::iter::repeat_n(Failed, 1_000));
    assert!(serde_json::to_string(&watch.tracker).unwrap().len() < 800);
    assert!(watch.tracker.incident().is_some(), "and still remembers a hundred runs");
}

#[test]
fn an_empty_row_is_a_fresh_tracker() {
    assert_eq!(serde_json::from_str::<Tracker>("{}").unwrap(), Tracker::default());
}

#[test]
fn telling_says_what_kind() {
    let mut watch = watch([rule(&["a"])]);
    let observation = watch.observation(Failed);
    let changes = watch.observe(observation);
    let Change::Tell(tell) = &changes[1] else { panic!("{changes:?}") };
    assert_eq!((tell.kind, tell.incident), (NotificationKind::Opened, watch.tracker.incident().unwrap().0));
}
