//! I8 and I9 as the receiver saw them: one alert per incident that it was told of, open as long as the incident is.

use std::collections::BTreeMap;

use super::{Findings, Seen};
use crate::{
    journal::{Incident, Notification},
    pagerduty::{Alert, Key},
};

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    if seen.unreadable > 0 {
        findings.unexpected("I8", format!("the receiver could not read {} events", seen.unreadable));
    }
    let incidents: BTreeMap<&str, &Incident> =
        seen.rows.incidents.iter().map(|incident| (incident.id.as_str(), incident)).collect();
    for (key, alert) in &seen.alerts.0 {
        match incidents.get(key.1.as_str()) {
            None => findings.duplicated(
                "I8",
                format!("{} has an alert of the key {}, which is no incident", key.0, key.1),
            ),
            Some(incident) => judge(key, alert, incident, findings),
        }
    }
    for row in seen.rows.notifications.iter().filter(|row| row.kind == "opened" && row.state == "sent") {
        told(row, seen, findings);
    }
}

fn judge(key: &Key, alert: &Alert, incident: &Incident, findings: &mut Findings) {
    if alert.opened != 1 {
        findings.duplicated("I8", format!("{} opened {} alerts at {}", incident.id, alert.opened, key.0));
    }
    if alert.late_triggers > 0 {
        findings.unexpected("I9", format!("{} was triggered at {} after its resolve", incident.id, key.0));
    }
    if alert.open && incident.state == "resolved" {
        findings.lost("I9", format!("the alert of {} at {} is open for ever", incident.id, key.0));
    }
    if !alert.open && incident.state != "resolved" {
        findings.unexpected("I9", format!("the alert of {} at {} was resolved too soon", incident.id, key.0));
    }
}

fn told(row: &Notification, seen: &Seen, findings: &mut Findings) {
    // Routing keys are the channels' own slugs.
    if !seen.alerts.0.contains_key(&(row.channel.clone(), row.incident.clone())) {
        findings.lost(
            "I8",
            format!("{} was sent of {} and never arrived at {}", row.id, row.incident, row.channel),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::Rows, pagerduty::Alerts};

    fn judged(state: &str, key: &str, alert: Alert) -> Vec<&'static str> {
        let (monitor, collection, opened_by) = ("m".into(), "c".into(), "run_1".into());
        let incident = Incident { id: "inc_1".into(), monitor, collection, state: state.into(), opened_by };
        let rows = Rows { incidents: vec![incident], ..Rows::default() };
        let alerts = Alerts([(("pager".to_owned(), key.to_owned()), alert)].into());
        let mut findings = Findings::default();
        check(&Seen { rows, alerts, ..Seen::default() }, &mut findings);
        findings.violations.iter().map(|violation| violation.invariant).collect()
    }

    fn alert(opened: u32, open: bool) -> Alert {
        Alert { opened, open, ..Alert::default() }
    }

    #[test]
    fn an_alert_is_open_as_long_as_its_incident() {
        assert_eq!(judged("open", "inc_1", alert(1, true)), Vec::<&str>::new());
        assert_eq!(judged("resolved", "inc_1", alert(1, false)), Vec::<&str>::new());
        assert_eq!(judged("resolved", "inc_1", alert(1, true)), ["I9"]);
        assert_eq!(judged("open", "inc_1", alert(1, false)), ["I9"]);
    }

    #[test]
    fn a_second_alert_is_found_out_under_the_same_key_and_under_another() {
        assert_eq!(judged("resolved", "inc_1", alert(2, false)), ["I8"]);
        assert_eq!(judged("open", "fresh", alert(1, true)), ["I8"]);
    }
}
