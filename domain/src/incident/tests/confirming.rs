//! A failure is looked at once more before anybody is told.

use super::*;

fn confirmed(rule: AlertRule) -> AlertRule {
    AlertRule { confirm: Some(true), ..rule }
}

impl Watch {
    /// The second look that was asked for at this minute ends.
    fn confirmation(&mut self, outcome: Outcome) -> Vec<String> {
        let run = self.fresh().run;
        let observation = Observation { run, confirms: true, ..self.observation(outcome) };
        lines(&self.observe(observation))
    }
}

#[test]
fn a_failure_is_confirmed_before_it_opens() {
    let mut watch = watch([confirmed(after(2, rule(&["a"])))]);
    assert!(watch.sees([Failed]).is_empty(), "no rule is met");
    assert_eq!(watch.sees([Failed]), ["confirm"]);
    assert_eq!(watch.tracker.incident(), None);
    assert_eq!(watch.confirmation(Failed), ["open error", "opened a 0"]);
    assert!(watch.confirmation(Failed).is_empty(), "once");
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"]);
}

#[test]
fn the_confirmation_is_of_the_run_that_failed() {
    let mut watch = watch([confirmed(rule(&["a"]))]);
    let observation = watch.observation(Failed);
    let of = observation.run;
    assert_eq!(watch.observe(observation), [Change::Confirm { run: watch.fresh().run, of }]);
}

#[test]
fn a_failure_that_was_none_counts_no_more() {
    let mut watch = watch([confirmed(after(2, rule(&["a"])))]);
    watch.sees([Failed, Failed]);
    assert!(watch.confirmation(Passed).is_empty());
    assert!(watch.sees([Failed]).is_empty(), "the count began anew");
    assert_eq!(watch.sees([Failed]), ["confirm"]);
}

#[test]
fn a_confirmation_that_fails_adds_nothing_to_the_count() {
    let mut watch = watch([confirmed(rule(&["a"])), after(3, rule(&["b"]))]);
    watch.sees([Failed]);
    assert_eq!(watch.confirmation(Failed), ["open error", "opened a 0"]);
    assert!(watch.sees([Failed]).is_empty());
    assert_eq!(watch.sees([Failed]), ["opened b 0"], "the third run of the schedule");
}

#[test]
fn another_bad_run_confirms_as_well() {
    let mut watch = watch([confirmed(rule(&["a"]))]);
    assert_eq!(watch.sees([Failed, Failed]), ["confirm", "open error", "opened a 0"]);
    assert!(watch.confirmation(Passed).is_empty(), "it is not waited for any more");
}

#[test]
fn a_good_run_ends_the_suspicion() {
    let mut watch = watch([confirmed(rule(&["a"]))]);
    watch.sees([Failed]);
    let late = Observation { run: watch.fresh().run, confirms: true, ..watch.observation(Failed) };
    assert!(watch.sees([Passed]).is_empty());
    assert!(watch.observe(late).is_empty());
}

#[test]
fn a_confirmation_that_cannot_be_had_clears_nobody() {
    let mut watch = watch([confirmed(rule(&["a"]))]);
    let failed = watch.observation(Failed);
    watch.observe(failed);
    let missed = Observation { run: watch.fresh().run, confirms: true, ..watch.observation(Missed) };
    let fresh = watch.fresh();
    let of = watch.tracker.suspected(missed.run).unwrap();
    let changes = watch.tracker.unconfirmed(&watch.rules, missed, fresh);
    assert_eq!((of, lines(&changes)), (failed.run, vec!["open error".to_owned(), "opened a 0".to_owned()]));
    assert!(matches!(changes[0], Change::Open { run, .. } if run == failed.run));
    assert!(watch.tracker.unconfirmed(&watch.rules, missed, fresh).is_empty());
}

#[test]
fn only_the_rules_that_the_confirmation_confirms_tell() {
    let degraded = AlertRule { when: AlertWhen::Degraded, ..rule(&["b"]) };
    let mut watch = watch([confirmed(rule(&["a"])), confirmed(degraded)]);
    assert_eq!(watch.sees([Failed]), ["confirm"]);
    assert_eq!(watch.confirmation(Degraded), ["open error degraded", "opened b 0"]);
}

#[test]
fn a_rule_that_wants_no_confirmation_opens_at_once_and_the_others_follow() {
    let mut watch = watch([confirmed(rule(&["a"])), AlertRule { confirm: Some(false), ..rule(&["b"]) }]);
    watch.repeatable = true;
    assert_eq!(watch.sees([Failed]), ["open error", "opened b 0"]);
    assert_eq!(watch.sees([Failed]), ["opened a 0"]);
}

#[test]
fn without_a_word_repeatable_flows_are_confirmed_and_others_are_not() {
    let mut watch = watch([rule(&["a"])]);
    watch.repeatable = true;
    assert_eq!(watch.sees([Failed]), ["confirm"]);
    let mut paying = super::watch([rule(&["a"])]);
    assert_eq!(paying.sees([Failed]), ["open error", "opened a 0"]);
}
