//! A collection by itself: its steps, its limits, and the keys that need an inline schedule.

use std::{collections::HashMap, time::Duration};

use crate::{
    document::{Collection, Redirects, Request, Retry, Span, Step},
    problem::Problem,
    reference::Root,
};

use super::name_problem;

/// The longest run; also the longest that a part of it may take.
const LONGEST: Span = Span(Duration::from_secs(15 * 60));
const MOST_ATTEMPTS: u32 = 10;
const MOST_REDIRECTS: u16 = 20;

pub(super) fn check(collection: &Collection) -> Vec<Problem> {
    let mut problems = Vec::new();
    if collection.steps.is_empty() {
        problems.push(Problem::error("/steps", "a collection has at least one step"));
    }
    for name in collection.vars.keys() {
        problems.extend(name_problem("/vars", "a variable", name));
    }
    duration("/timeout", collection.timeout, &mut problems);
    let defaults = &collection.defaults;
    method("/defaults/method", defaults.method.as_deref(), &mut problems);
    duration("/defaults/timeout", defaults.timeout, &mut problems);
    redirects("/defaults/redirects", defaults.redirects, &mut problems);
    retry("/defaults/retry", defaults.retry.as_ref(), &mut problems);
    ids(&collection.steps, &mut problems);
    for (index, one) in collection.steps.iter().enumerate() {
        step(&format!("/steps/{index}"), one, &mut problems);
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

fn step(at: &str, step: &Step, problems: &mut Vec<Problem>) {
    request(&format!("{at}/request"), &step.request, problems);
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

fn request(at: &str, request: &Request, problems: &mut Vec<Problem>) {
    method(&format!("{at}/method"), request.method.as_deref(), problems);
    duration(&format!("{at}/timeout"), request.timeout, problems);
    redirects(&format!("{at}/redirects"), request.redirects, problems);
    if let Some(problem) = super::url_problem(&format!("{at}/url"), &request.url) {
        problems.push(problem);
    }
    let bodies = [
        ("json", request.json.is_some()),
        ("text", request.text.is_some()),
        ("form", request.form.is_some()),
    ];
    let mut given = bodies.into_iter().filter_map(|(key, given)| given.then_some(key));
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let message = format!("a request has one body, found `{first}` and `{second}`");
        problems.push(Problem::error(format!("{at}/{second}"), message).help("remove one of them"));
    }
}

/// A token (RFC 9110, sections 5.6.2 and 9.1). Methods are case-sensitive, so `get` is not GET.
fn method(at: &str, method: Option<&str>, problems: &mut Vec<Problem>) {
    let Some(method) = method else { return };
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let upper = method.to_ascii_uppercase();
    if method.is_empty() || !method.chars().all(token) {
        problems.push(
            Problem::error(at, format!("`{method}` is not a method")).help("as in `GET`, `POST`, `DELETE`"),
        );
    } else if upper != method
        && ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&&*upper)
    {
        let problem =
            Problem::warning(at, format!("methods are case-sensitive: `{method}` is not `{upper}`"));
        problems.push(problem.help(format!("write `{upper}`")));
    }
}

fn duration(at: &str, span: Option<Span>, problems: &mut Vec<Problem>) {
    let Some(span) = span else { return };
    if span.0.is_zero() || span > LONGEST {
        problems
            .push(Problem::error(at, format!("expected more than 0 and at most {LONGEST}, found {span}")));
    }
}

fn redirects(at: &str, redirects: Option<Redirects>, problems: &mut Vec<Problem>) {
    if let Some(max) = redirects.map(|redirects| redirects.max).filter(|max| *max > MOST_REDIRECTS) {
        let message = format!("at most {MOST_REDIRECTS} redirects are followed, not {max}");
        problems.push(Problem::error(format!("{at}/max"), message));
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
