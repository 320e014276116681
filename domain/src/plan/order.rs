//! Which steps a step may refer to: earlier ones. Everything else is an error at save, with a suggestion.

use crate::{
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

/// The problem of one reference that stands in step `index` (from 0), if it has one. `ids` are all steps' ids, in
/// order; `earlier` are the compiled steps before this one.
pub(super) fn problem(
    pointer: &str,
    reference: &Reference,
    index: usize,
    ids: &[&str],
    earlier: &[PlannedStep],
) -> Option<Problem> {
    let target = match (target(reference, ids), reference.root()) {
        (Some(target), _) => target,
        (None, Root::Step(id)) => return Some(unknown(pointer, id, index, ids)),
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

fn unknown(pointer: &str, id: &str, index: usize, ids: &[&str]) -> Problem {
    let earlier = &ids[..index];
    let problem = Problem::error(pointer, format!("there is no step `{id}`"));
    let rooted = |root: &str| format!("did you mean `{root}`?");
    match id {
        "env" | "var" | "variables" | "environment" => return problem.help(rooted("vars")),
        "secret" => return problem.help(rooted("secrets")),
        _ => {}
    }
    let roots = ["vars", "secrets", "run"];
    match nearest(id, earlier.iter().copied().chain(roots)) {
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
