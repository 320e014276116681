//! Which steps a step may refer to: earlier ones, and shared set-ups. Everything else is an error at save, with a suggestion.

use crate::{
    document::Use,
    problem::{Problem, nearest},
    reference::{Reference, Root, Segment},
};

use super::PlannedStep;

/// The index (from 0) of the step that a reference names, if there is such a step.
pub(super) fn target(reference: &Reference, ids: &[&str]) -> Option<usize> {
    match reference.root() {
        Root::Step(id) => ids.iter().position(|have| have == id),
        Root::StepNumber(number) => {
            usize::try_from(*number).ok()?.checked_sub(1).filter(|index| *index < ids.len())
        }
        Root::Row | Root::Vars | Root::Secrets | Root::Run | Root::Call(_) => None,
    }
}

/// What the references of a collection can name.
pub(super) struct Names<'c> {
    /// All steps' ids, in order.
    pub(super) ids: &'c [&'c str],
    /// The shared set-ups.
    pub(super) uses: &'c [Use],
}

/// The problem of one reference that stands in step `index` (from 0), if it has one; `earlier` are the compiled steps before this one.
pub(super) fn problem(
    pointer: &str,
    reference: &Reference,
    index: usize,
    names: &Names<'_>,
    earlier: &[PlannedStep],
) -> Option<Problem> {
    let ids = names.ids;
    let target = match (target(reference, ids), reference.root()) {
        (Some(target), _) => target,
        (None, Root::Step(id)) if names.uses.iter().any(|used| reference.names(used.collection.as_str())) => {
            return shared_problem(pointer, id, reference);
        }
        (None, Root::Step(id)) => return Some(unknown(pointer, id, index, names)),
        (None, Root::StepNumber(number)) => {
            let message = format!("there is no step {number}: the collection has {} steps", ids.len());
            return Some(Problem::error(pointer, message).help("steps are counted from 1"));
        }
        (None, Root::Row | Root::Vars | Root::Secrets | Root::Run | Root::Call(_)) => return None,
    };
    if target < index {
        return capture_problem(pointer, reference, &earlier[target]);
    }
    let (message, help) = if target == index {
        (
            format!("step `{}` cannot refer to its own answer", ids[index]),
            "only earlier steps have answered by then",
        )
    } else {
        (format!("step `{}` runs after `{}`", ids[target], ids[index]), "move that step before this one")
    };
    Some(Problem::error(pointer, message).help(help))
}

/// A shared set-up gives what it captured, and nothing else of its steps.
fn shared_problem(pointer: &str, id: &str, reference: &Reference) -> Option<Problem> {
    if let [Segment::Name(part), Segment::Name(_), ..] = reference.path().segments()
        && part == "captures"
    {
        return None;
    }
    let message = format!("a shared set-up gives its captures only, not `{}`", reference.path());
    Some(Problem::error(pointer, message).help(format!("as in `{id}.captures.token`")))
}

fn unknown(pointer: &str, id: &str, index: usize, names: &Names<'_>) -> Problem {
    let earlier = &names.ids[..index];
    let problem = Problem::error(pointer, format!("there is no step `{id}`"));
    let rooted = |root: &str| format!("did you mean `{root}`?");
    match id {
        "env" | "var" | "variables" | "environment" => return problem.help(rooted("vars")),
        "secret" => return problem.help(rooted("secrets")),
        _ => {}
    }
    let roots = ["vars", "secrets", "run"];
    let shared = names.uses.iter().map(|used| used.collection.as_str());
    match nearest(id, earlier.iter().copied().chain(shared).chain(roots)) {
        Some(candidate) => problem.help(rooted(candidate)),
        None if earlier.is_empty() => problem.help("the first step has no earlier answers to refer to"),
        None => problem.help(format!("steps before this one: {}", earlier.join(", "))),
    }
}

/// `login.captures.tokn` where `login` captures only `token`.
fn capture_problem(pointer: &str, reference: &Reference, step: &PlannedStep) -> Option<Problem> {
    let [Segment::Name(source), Segment::Name(name), ..] = reference.path().segments() else { return None };
    if source != "captures" || step.captures.iter().any(|capture| capture.name == *name) {
        return None;
    }
    let problem = Problem::error(pointer, format!("step `{}` captures no `{name}`", step.id));
    let names = step.captures.iter().map(|capture| capture.name.as_str());
    Some(match nearest(name, names) {
        Some(candidate) => problem.help(format!("did you mean `{candidate}`?")),
        None => problem.help(format!("add `capture: {{ {name}: body.… }}` to that step")),
    })
}
