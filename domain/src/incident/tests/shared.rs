//! One cause of many incidents.

use super::*;

impl Watch {
    /// A run that fails for a cause of which these channels know by another incident.
    fn fails_for_what_is_known_to(&mut self, channels: &[&str]) -> Vec<String> {
        self.minute += 1;
        let known: Vec<Slug> = channels.iter().map(|channel| channel.parse().unwrap()).collect();
        let observation = Observation { known_to: &known, ..self.observation(Failed) };
        lines(&self.observe(observation))
    }
}

#[test]
fn a_channel_that_knows_of_the_cause_is_not_told_again_and_others_are() {
    let mut watch = watch([rule(&["a", "b"])]);
    assert_eq!(watch.fails_for_what_is_known_to(&["a"]), ["open error", "opened b 0"]);
    assert!(watch.fails_for_what_is_known_to(&["a"]).is_empty());
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved b 1"]);
}

#[test]
fn what_fails_for_a_reason_of_its_own_afterwards_is_told() {
    let mut watch = watch([rule(&["a"])]);
    assert_eq!(watch.fails_for_what_is_known_to(&["a"]), ["open error"]);
    assert_eq!(watch.sees([Failed]), ["opened a 0"]);
}

#[test]
fn when_the_incident_by_which_a_channel_knew_has_ended_the_next_bad_run_tells() {
    let mut watch = watch([rule(&["a"])]);
    watch.fails_for_what_is_known_to(&["a"]);
    assert_eq!(watch.fails_for_what_is_known_to(&[]), ["opened a 0"]);
    assert_eq!(watch.sees([Passed]), ["resolve", "resolved a 1"]);
}

#[test]
fn an_incident_that_nobody_was_told_of_ends_without_a_word() {
    let mut watch = watch([AlertRule { remind: Some("1m".parse().unwrap()), ..rule(&["a"]) }]);
    watch.fails_for_what_is_known_to(&["a"]);
    assert!(watch.fails_for_what_is_known_to(&["a"]).is_empty(), "no reminders either");
    assert_eq!(watch.sees([Passed]), ["resolve"]);
}

#[test]
fn who_was_told_by_this_very_incident_goes_on_being_told() {
    let mut watch = watch([AlertRule { remind: Some("2m".parse().unwrap()), ..rule(&["a"]) }]);
    assert_eq!(watch.sees([Failed]), ["open error", "opened a 0"]);
    watch.fails_for_what_is_known_to(&["a"]);
    assert_eq!(watch.fails_for_what_is_known_to(&["a"]), ["reminded a 1"]);
}

#[test]
fn a_cause_is_one_text() {
    for text in ["session-login@production", "session-login"] {
        assert_eq!(text.parse::<SharedCause>().unwrap().to_string(), text);
    }
    assert!("session login@x".parse::<SharedCause>().is_err());
}
