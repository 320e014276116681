//! Who is not told: of targets that go up and down, while a monitor is muted or an incident snoozed; and who hears that it
//! got worse.

use super::*;

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn flapping_of(changes: &[Change]) -> Option<Flapping> {
    changes.iter().find_map(|change| match change {
        Change::Tell(tell) => tell.flapping,
        _ => None,
    })
}

/// The machine with three incidents behind it, in six minutes.
fn going_up_and_down() -> Watch {
    let mut watch = watch([AlertRule { remind: Some("2m".parse().unwrap()), ..rule(&["a"]) }]);
    for _ in 0..3 {
        assert_eq!(watch.sees([Failed, Passed]), ["open error", "opened a 0", "resolve", "resolved a 1"]);
    }
    watch
}

#[test]
fn the_fourth_incident_in_ten_minutes_is_told_once_and_stays() {
    let mut watch = going_up_and_down();
    watch.minute += 1;
    let observation = watch.observation(Failed);
    let changes = watch.observe(observation);
    assert_eq!(lines(&changes), ["open error", "opened a 0"]);
    let since = start() + minutes(1);
    assert_eq!(flapping_of(&changes), Some(Flapping { since, incidents: 4, relapses: 0 }));
    assert!(watch.sees([Passed, Failed, Failed, Failed, Passed, Failed]).is_empty(), "quiet, reminders too");
    assert!(watch.sees([Passed; 9]).is_empty(), "up for nine minutes");
    watch.minute += 1;
    let observation = watch.observation(Passed);
    let changes = watch.observe(observation);
    assert_eq!(lines(&changes), ["resolve", "resolved a 1"]);
    assert_eq!(flapping_of(&changes), Some(Flapping { since, incidents: 4, relapses: 2 }));
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"], "the next one is one by itself");
}

#[test]
fn incidents_that_come_slowly_are_told_one_by_one() {
    let mut watch = watch([rule(&["a"])]);
    for _ in 0..6 {
        watch.minute += 2;
        assert_eq!(watch.sees([Failed, Passed]), ["open error", "opened a 0", "resolve", "resolved a 1"]);
    }
}

#[test]
fn one_that_goes_up_and_down_can_be_ended_by_hand() {
    let mut watch = going_up_and_down();
    watch.sees([Failed]);
    let now = watch.now();
    assert_eq!(lines(&watch.tracker.resolve(now)), ["resolve", "resolved a 1"]);
}

#[test]
fn while_a_monitor_is_muted_incidents_come_and_go_untold() {
    let mut watch = watch([rule(&["a"])]);
    watch.muted = true;
    assert_eq!(watch.sees([Failed, Passed, Failed]), ["open error", "resolve", "open error"]);
    watch.muted = false;
    assert_eq!(watch.sees([Failed]), ["opened a 0"], "what still holds is told");
    watch.muted = true;
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"], "who was told hears the end");
}

#[test]
fn a_snoozed_incident_is_told_again_when_it_still_lasts() {
    let reminding = AlertRule { remind: Some("1m".parse().unwrap()), ..rule(&["a"]) };
    let mut watch = watch([reminding, after(3, rule(&["b"]))]);
    watch.sees([Failed]);
    let until = watch.now() + minutes(4);
    assert_eq!(lines(&watch.tracker.snooze(until)), ["snooze"]);
    assert!(watch.sees([Failed, Failed, Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["opened b 0", "reminded a 1"]);
    assert_eq!(watch.sees([Failed]), ["reminded a 2"], "as ever");
}

#[test]
fn a_snooze_wakes_those_who_had_acknowledged_and_none_when_it_is_over() {
    let mut watch = watch([rule(&["a"])]);
    watch.sees([Failed]);
    let now = watch.now();
    watch.tracker.acknowledge(now);
    watch.tracker.snooze(now + minutes(2));
    assert_eq!(watch.sees([Failed, Failed]), ["reminded a 2"]);
    watch.tracker.snooze(now + minutes(5));
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 3"]);
    assert!(watch.tracker.snooze(now).is_empty(), "there is none");
}

#[test]
fn who_knows_it_degraded_hears_that_it_is_down() {
    let degraded = AlertRule { when: AlertWhen::Degraded, ..rule(&["a"]) };
    let mut watch = watch([degraded]);
    assert_eq!(watch.sees([Degraded]), ["open error degraded", "opened a 0"]);
    assert_eq!(watch.sees([Failed]), ["raise error", "worsened a 1"]);
    assert!(watch.sees([Degraded, Failed]).is_empty(), "once");
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 2"]);
}

#[test]
fn it_is_down_after_as_many_failures_as_the_rule_says() {
    let degraded = AlertRule { when: AlertWhen::Degraded, ..after(2, rule(&["a"])) };
    let mut watch = watch([degraded]);
    watch.sees([Degraded, Degraded]);
    assert!(watch.sees([Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["raise error", "worsened a 1"]);
}
