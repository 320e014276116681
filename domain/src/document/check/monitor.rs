//! A monitor by itself: its schedule, its alert rules, its windows. An inline monitor's keys stand at the same
//! pointers in its collection, so it is checked by the same function.

use std::time::Duration;

use crate::{
    document::{AlertRule, Monitor},
    problem::Problem,
    schedule::{Schedule, Window},
};

const LARGEST_COUNT: u32 = 100;

pub(super) fn check(monitor: &Monitor) -> Vec<Problem> {
    let mut problems = Vec::new();
    if monitor.collections.is_empty() {
        problems.push(Problem::error("/collections", "a monitor runs at least one collection"));
    }
    if monitor.locations.is_empty() {
        problems.push(
            Problem::error("/locations", "a monitor runs in at least one location").help("`[default]`"),
        );
    }
    for (key, slugs) in [("collections", &monitor.collections), ("locations", &monitor.locations)] {
        for (index, slug) in slugs.iter().enumerate().filter(|(index, slug)| slugs[..*index].contains(slug)) {
            problems.push(Problem::error(format!("/{key}/{index}"), format!("`{slug}` is listed twice")));
        }
    }
    if let Err(found) = Schedule::compile(&monitor.schedule) {
        problems.extend(found.into_iter().map(|problem| problem.under("/schedule")));
    }
    if monitor.max_lateness.is_some_and(|lateness| lateness.0.is_zero()) {
        problems.push(
            Problem::error("/max_lateness", "a run needs some time to start in").help("for example `30s`"),
        );
    }
    for (index, rule) in monitor.alerts.iter().enumerate() {
        alert(&format!("/alerts/{index}"), rule, &mut problems);
    }
    for (index, window) in monitor.maintenance.iter().enumerate() {
        if let Err(found) = Window::compile(window) {
            let at = format!("/maintenance/{index}");
            problems.extend(found.into_iter().map(|problem| problem.under(&at)));
        }
    }
    problems
}

fn alert(at: &str, rule: &AlertRule, problems: &mut Vec<Problem>) {
    let mut wrong =
        |key: &str, message: String| problems.push(Problem::error(format!("{at}/{key}"), message));
    if rule.channels.is_empty() {
        wrong("channels", "an alert rule tells at least one channel".to_owned());
    }
    let failures = rule.after.failures;
    for (key, count) in [("after/failures", failures), ("recover/successes", rule.recover.successes)] {
        if !(1..=LARGEST_COUNT).contains(&count) {
            wrong(key, format!("this is a number from 1 to {LARGEST_COUNT}, not {count}"));
        }
    }
    match rule.after.of {
        Some(of) if of > LARGEST_COUNT => {
            wrong("after/of", format!("this is at most {LARGEST_COUNT}, not {of}"))
        }
        Some(of) if of < failures => {
            wrong("after/of", format!("{failures} failures cannot be among the last {of} runs"))
        }
        _ => {}
    }
    if let Some(remind) = rule.remind.filter(|remind| remind.0 < Duration::from_secs(1)) {
        wrong("remind", format!("a reminder comes after 1s at the earliest, not {remind}"));
    }
}
