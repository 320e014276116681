//! What was promised besides: the API's answers hold, no message is left over, processes end when they are asked to and
//! not before, and nobody wrote a secret down.

use std::collections::HashSet;

use serde_json::Value;

use super::{Findings, Seen};

pub(super) fn check(seen: &Seen, findings: &mut Findings) {
    let changes = &seen.rows.monitor_changes;
    let names: HashSet<String> = changes.iter().filter_map(|change| name(&change.document)).collect();
    for saved in seen.promised.monitors.iter().filter(|saved| !names.contains(*saved)) {
        findings.lost("API", format!("`{saved}` was saved, and is not there"));
    }
    let last = |slug: &str| changes.iter().rfind(|change| change.slug == slug);
    for slug in seen.promised.deleted.iter().filter(|slug| last(slug).is_none_or(|change| !change.gone)) {
        findings.lost("API", format!("monitor {slug} was deleted, and is there"));
    }
    let runs: HashSet<&str> = seen.rows.runs.iter().map(|run| run.id.as_str()).collect();
    findings.attempted += seen.promised.runs.len();
    for run in seen.promised.runs.iter().filter(|run| !runs.contains(run.as_str())) {
        findings.lost("API", format!("{run} was started by hand, and is not there"));
    }
    for refused in &seen.promised.refused {
        findings.unexpected("API", refused);
    }
    for (queue, messages) in seen.queues.iter().filter(|(_, messages)| *messages > 0) {
        findings.unexpected("I4", format!("{messages} messages are left in {queue}"));
    }
    for broken in &seen.broken {
        findings.unexpected("I18", broken);
    }
    for leak in &seen.leaks {
        findings.unexpected("I16", format!("the secret stands in {leak}"));
    }
}

fn name(document: &str) -> Option<String> {
    let document: Value = serde_json::from_str(document).ok()?;
    document["name"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::Promised;

    #[test]
    fn an_answer_that_does_not_hold_is_found_out() {
        let promised = Promised {
            monitors: vec!["Monitor 1, edition 2".into()],
            runs: vec!["run_1".into()],
            deleted: vec!["t-1".into()],
            ..Promised::default()
        };
        let mut findings = Findings::default();
        check(&Seen { promised, ..Seen::default() }, &mut findings);
        assert_eq!(findings.to_string(), "attempted 1 ok 0 lost 3 duplicated 0 recovered 0 unexpected 0");
    }

    #[test]
    fn messages_that_are_left_over_are_found_out() {
        let queues = vec![("skopos.dead".to_owned(), 1), ("skopos.runs.default".to_owned(), 0)];
        let mut findings = Findings::default();
        check(&Seen { queues, ..Seen::default() }, &mut findings);
        assert_eq!(findings.violations.len(), 1);
    }
}
