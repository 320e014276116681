//! Shared set-ups: those that a collection names, what it refers to of them, and what others refer to of it.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    document::{Collection, Slug, Span, Use},
    problem::{Problem, nearest},
    reference::{Reference, Root, Segment},
};

use super::{Known, collection::is_step_id, names::each_reference};

const SHORTEST: Span = Span(Duration::from_secs(10));
const LONGEST: Span = Span(Duration::from_secs(24 * 60 * 60));

/// What a collection says by itself.
pub(super) fn check(collection: &Collection) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, used) in collection.uses.iter().enumerate() {
        let (at, slug) = (format!("/uses/{index}"), &used.collection);
        let wrong = |key: &str, message: String| Problem::error(format!("{at}/{key}"), message);
        if *slug == collection.id {
            problems.push(wrong("collection", "a collection cannot use itself".to_owned()));
        } else if collection.uses[..index].iter().any(|earlier| earlier.collection == *slug) {
            problems.push(wrong("collection", format!("`{slug}` is listed twice")));
        } else if let Some(step) = collection.steps.iter().position(|step| step.id == slug.as_str()) {
            let message = format!("`{slug}` is also the id of step {}: references name both alike", step + 1);
            problems.push(wrong("collection", message).help("choose another id for the step"));
        } else if !is_step_id(slug.as_str()) || Root::is_reserved(slug.as_str()) {
            let message = format!("references cannot name `{slug}`: they read it as something else");
            let help = "only a collection whose id could be a step's can be used: give it another id";
            problems.push(wrong("collection", message).help(help));
        }
        if let Some(ttl) = used.ttl.filter(|ttl| !(SHORTEST..=LONGEST).contains(ttl)) {
            let message = format!("what is shared is kept from {SHORTEST} to {LONGEST}, not {ttl}");
            problems.push(wrong("ttl", message));
        }
    }
    problems
}

/// Whether what it uses is there, and can be used.
pub(super) fn names(collection: &Collection, known: &Known) -> Vec<Problem> {
    let problem = |(index, used): (usize, &Use)| {
        let (at, slug) = (format!("/uses/{index}/collection"), &used.collection);
        if *slug == collection.id {
            return None;
        }
        match known.collections.get(slug) {
            None => known.missing(at, "collection", slug, known.collections.keys()),
            Some(names) => names.unfit.map(|key| unfit(at, slug, key)),
        }
    };
    collection.uses.iter().enumerate().filter_map(problem).collect()
}

fn unfit(at: String, slug: &Slug, key: &str) -> Problem {
    let message = format!("`{slug}` has `{key}` itself, so it cannot be a shared set-up");
    Problem::error(at, message).help("set-ups go one level deep, and their steps run once")
}

/// A reference to what the set-up does not capture.
pub(super) fn capture_problem(
    pointer: &str,
    id: &str,
    reference: &Reference,
    known: &Known,
) -> Option<Problem> {
    let name = captured(reference)?;
    let (_, names) = known.collections.iter().find(|(slug, _)| slug.as_str() == id)?;
    if names.captures.contains(name) {
        return None;
    }
    let problem = Problem::error(pointer, format!("no step of `{id}` captures `{name}`"));
    Some(match nearest(name, names.captures.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if names.captures.is_empty() => {
            problem.help(format!("add `capture: {{ {name}: body.… }}` to a step of it"))
        }
        None => problem
            .help(format!("it captures {}", names.captures.iter().cloned().collect::<Vec<_>>().join(", "))),
    })
}

/// Whether a collection that others use still makes what they refer to.
pub(super) fn still_serves(collection: &Collection, known: &Known) -> Vec<Problem> {
    let Some(users) = known.users.get(&collection.id).filter(|users| !users.is_empty()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if let Some(key) = collection.unfit_for_use() {
        let (user, _) = &users[0];
        let message = format!("`{user}` uses this collection, which therefore cannot have `{key}`");
        problems.push(Problem::error(format!("/{key}"), message).help("set-ups go one level deep"));
    }
    let captures = collection.captured_names();
    let mut missed = BTreeSet::new();
    for (user, wanted) in users {
        for name in wanted.difference(&captures).filter(|name| missed.insert((*name).clone())) {
            let message = format!("`{user}` refers to the capture `{name}`, which no step makes any more");
            problems.push(
                Problem::error("/steps", message)
                    .help("keep it beside the new one until nobody refers to it"),
            );
        }
    }
    problems
}

/// The captures of a set-up that a collection refers to.
#[must_use]
pub fn captures_used(collection: &Collection, set_up: &Slug) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_reference(collection, &mut |_, reference| {
        if reference.names(set_up.as_str()) {
            names.extend(captured(reference).map(str::to_owned));
        }
    });
    names
}

/// `token` of `session-login.captures.token`.
fn captured(reference: &Reference) -> Option<&str> {
    match reference.path().segments() {
        [Segment::Name(part), Segment::Name(name), ..] if part == "captures" => Some(name),
        _ => None,
    }
}
