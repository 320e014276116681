//! A collection by itself: its steps, its limits, and the keys that need an inline schedule.

use std::{collections::HashMap, time::Duration};

use crate::{
    document::{Collection, Defaults, Retry, Span, Step},
    problem::Problem,
    reference::Root,
};

use super::{name_problem, request, rows};

/// The longest run; also the longest that a part of it may take.
const LONGEST: Span = Span(Duration::from_secs(15 * 60));
const MOST_ATTEMPTS: u32 = 10;

pub(super) fn check(collection: &Collection) -> Vec<Problem> {
    let mut problems = Vec::new();
    if collection.steps.is_empty() {
        problems.push(Problem::error("/steps", "a collection has at least one step"));
    }
    problems.extend(rows::check(collection));
    for name in collection.vars.keys() {
        problems.extend(name_problem("/vars", "a variable", name));
    }
    duration("/timeout", collection.timeout, &mut problems);
    request::defaults("/defaults", &collection.defaults, &mut problems);
    retry("/defaults/retry", collection.defaults.retry.as_ref(), &mut problems);
    ids(&collection.steps, &mut problems);
    for (index, one) in collection.steps.iter().enumerate() {
        step(&format!("/steps/{index}"), one, &collection.defaults, &mut problems);
    }
    if collection.schedule.is_none() {
        unscheduled(collection, &mut problems);
    }
    problems
}

fn ids(steps: &[Step], problems: &mut Vec<Problem>) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let (id, at) = (step.id.as_str(), format!("/steps/{index}/id"));
        if !is_step_id(id) {
            let message = format!(
                "`{id}` is not a step id: lower-case letters, digits, `_` and `-`, starting with a letter"
            );
            problems.push(Problem::error(at, message));
        } else if Root::is_reserved(id) {
            let problem = Problem::error(
                at,
                format!("a step cannot be called `{id}`: references read it as something else"),
            );
            problems.push(problem.help("choose another id"));
        } else if let Some(earlier) = first.insert(id, index) {
            first.insert(id, earlier);
            let problem = Problem::error(at, format!("the step id `{id}` is used twice"));
            problems.push(problem.help(format!("step {} has it already (/steps/{earlier}/id)", earlier + 1)));
        }
    }
}

pub(in crate::document) fn is_step_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

fn step(at: &str, step: &Step, defaults: &Defaults, problems: &mut Vec<Problem>) {
    request::check(&format!("{at}/request"), &step.request, defaults, problems);
    retry(&format!("{at}/retry"), step.retry.as_ref(), problems);
    if let Some(delay) = step.delay.filter(|delay| *delay > LONGEST) {
        problems.push(Problem::error(
            format!("{at}/delay"),
            format!("a delay is at most {LONGEST}, not {delay}"),
        ));
    }
    if let Some(poll) = &step.poll {
        duration(&format!("{at}/poll/every"), poll.every, problems);
        duration(&format!("{at}/poll/timeout"), poll.timeout, problems);
        if poll.until.is_empty() {
            problems.push(Problem::error(format!("{at}/poll/until"), "polling needs something to wait for"));
        }
    }
    for name in step.capture.keys() {
        problems.extend(name_problem(&format!("{at}/capture"), "a capture", name));
    }
}

pub(super) fn duration(at: &str, span: Option<Span>, problems: &mut Vec<Problem>) {
    let Some(span) = span else { return };
    if span.0.is_zero() || span > LONGEST {
        problems
            .push(Problem::error(at, format!("expected more than 0 and at most {LONGEST}, found {span}")));
    }
}

fn retry(at: &str, retry: Option<&Retry>, problems: &mut Vec<Problem>) {
    let Some(retry) = retry else { return };
    if retry.attempts > MOST_ATTEMPTS {
        let message = format!("a request is repeated at most {MOST_ATTEMPTS} times, not {}", retry.attempts);
        problems.push(Problem::error(format!("{at}/attempts"), message));
    }
    for (key, wait) in [("initial", retry.initial), ("max", retry.max)] {
        if let Some(wait) = wait.filter(|wait| *wait > LONGEST) {
            problems.push(Problem::error(
                format!("{at}/{key}"),
                format!("a wait is at most {LONGEST}, not {wait}"),
            ));
        }
    }
}

/// Keys that say how a monitor behaves, in a collection that has none.
fn unscheduled(collection: &Collection, problems: &mut Vec<Problem>) {
    let given = [
        ("locations", collection.locations.is_some()),
        ("overlap", collection.overlap.is_some()),
        ("catch_up", collection.catch_up.is_some()),
        ("max_lateness", collection.max_lateness.is_some()),
        ("alerts", !collection.alerts.is_empty()),
        ("maintenance", !collection.maintenance.is_empty()),
    ];
    for (key, _) in given.into_iter().filter(|(_, given)| *given) {
        let problem =
            Problem::error(format!("/{key}"), format!("`{key}` means nothing without a `schedule`"));
        problems.push(problem.help("add `schedule: { every: 1m }`, or write a document of `kind: monitor`"));
    }
}
