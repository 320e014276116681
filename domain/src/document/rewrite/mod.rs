//! Changes to the steps of a collection that keep its references right: another name, another order, fewer steps.
//!
//! Documents are values here, as editors hold them: a draft that has mistakes elsewhere can be changed too, and what is
//! not concerned stays as it was written, to the letter.

#[cfg(test)]
mod tests;
mod texts;

use std::collections::HashSet;

use serde_json::Value;

use self::texts::{Found, each_reference};
use super::{Document, Kind, check::is_step_id, read_value};
use crate::{
    plan::Plan,
    problem::{Problem, nearest},
    reference::Root,
};

type Rewritten = Result<Value, Vec<Problem>>;

/// The collection with a step called `to` that was called `from`, and with every reference to it.
///
/// # Errors
/// Why it cannot be called so; pointers are `/from` and `/to`.
pub fn rename_step(document: &Value, from: &str, to: &str) -> Rewritten {
    let ids = ids(document)?;
    let Some(index) = ids.iter().position(|id| id == from) else {
        return refused(no_step("/from", from, &ids));
    };
    if from == to {
        return Ok(document.clone());
    }
    if !is_step_id(to) {
        let message = format!(
            "`{to}` is not a step id: lower-case letters, digits, `_` and `-`, starting with a letter"
        );
        return refused(Problem::error("/to", message));
    }
    if Root::is_reserved(to) {
        let problem = Problem::error("/to", format!("a step cannot be called `{to}`"));
        return refused(problem.help("references read it as something else; choose another id"));
    }
    if ids.iter().any(|id| id == to) {
        return refused(Problem::error("/to", format!("there is another step `{to}`")));
    }
    let mut uses = document["uses"].as_array().into_iter().flatten();
    if uses.any(|used| used["collection"].as_str() == Some(to)) {
        return refused(Problem::error("/to", format!("the collection uses a shared set-up `{to}`")));
    }
    let mut renamed = document.clone();
    renamed["steps"][index]["id"] = to.into();
    each_reference(&mut renamed, &mut |found| match found.root {
        Root::Step(id) if id == from => Some(to.to_owned()),
        _ => None,
    });
    sound(document, renamed)
}

/// The collection with exactly these steps, in this order. Numbers of steps in references follow them.
///
/// # Errors
/// What of `order` is no step (`/order/…`), and every reference that would name a step that runs later or is gone, at
/// its place in the document as it was.
pub fn arrange_steps(document: &Value, order: &[String]) -> Rewritten {
    let ids = ids(document)?;
    let moves = Moves::new(&ids, order)?;
    let mut problems = Vec::new();
    let mut arranged = document.clone();
    each_reference(&mut arranged, &mut |found| {
        let target = target(found.root, &ids)?;
        if let Some(problem) = moves.problem(&found, target) {
            problems.push(problem);
        }
        let number = moves.new[target]? + 1;
        let is_number = matches!(found.root, Root::StepNumber(_));
        let prefix = if found.written.starts_with("step") { "step" } else { "" };
        is_number.then(|| format!("{prefix}{number}"))
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let steps = arranged["steps"].as_array().cloned().unwrap_or_default();
    arranged["steps"] = moves.old.iter().map(|index| steps[*index].clone()).collect();
    sound(document, arranged)
}

/// Which step goes where; indexes from 0.
struct Moves<'i> {
    ids: &'i [String],
    /// The old index of each step that stays, in the new order.
    old: Vec<usize>,
    /// The new index of each old step, if it stays.
    new: Vec<Option<usize>>,
}

impl<'i> Moves<'i> {
    fn new(ids: &'i [String], order: &[String]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut moves = Self { ids, old: Vec::new(), new: vec![None; ids.len()] };
        for (at, id) in order.iter().enumerate() {
            let pointer = format!("/order/{at}");
            match ids.iter().position(|known| known == id) {
                None => problems.push(no_step(&pointer, id, ids)),
                Some(index) if moves.new[index].is_some() => {
                    problems.push(Problem::error(pointer, format!("`{id}` is named twice")));
                }
                Some(index) => {
                    moves.new[index] = Some(moves.old.len());
                    moves.old.push(index);
                }
            }
        }
        if order.is_empty() {
            problems.push(Problem::error("/order", "a collection has at least one step"));
        }
        if problems.is_empty() { Ok(moves) } else { Err(problems) }
    }

    /// What is wrong with a reference once the steps are moved, if it was right before.
    fn problem(&self, found: &Found<'_>, target: usize) -> Option<Problem> {
        let named = &self.ids[target];
        let reference = found.reference;
        let Some(step) = found.step else {
            let message =
                format!("the defaults refer to `{named}` (`@{{{{{reference}}}}}`), which would be gone");
            return self.new[target].is_none().then(|| Problem::error(found.pointer, message));
        };
        // A step that goes takes its references along; one that was wrong before is no worse.
        let here = self.new[step].filter(|_| target < step)?;
        let (what, help) = match self.new[target] {
            Some(there) if there < here => return None,
            Some(_) => ("would run after it", format!("keep `{named}` before `{}`", self.ids[step])),
            None => ("would be gone", "change the reference first, or remove that step too".to_owned()),
        };
        let message =
            format!("step `{}` refers to `{named}` (`@{{{{{reference}}}}}`), which {what}", self.ids[step]);
        Some(Problem::error(found.pointer, message).help(help))
    }
}

/// The index of the step that a root names.
fn target(root: &Root, ids: &[String]) -> Option<usize> {
    match root {
        Root::Step(id) => ids.iter().position(|known| known == id),
        Root::StepNumber(number) => {
            usize::try_from(*number).ok()?.checked_sub(1).filter(|index| *index < ids.len())
        }
        _ => None,
    }
}

/// The ids of the steps, which must tell them apart.
fn ids(document: &Value) -> Result<Vec<String>, Vec<Problem>> {
    let Some(steps) = document["steps"].as_array() else {
        return Err(vec![Problem::error("/document/steps", "the document has no list of steps")]);
    };
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    for (index, step) in steps.iter().enumerate() {
        let pointer = format!("/document/steps/{index}/id");
        match step["id"].as_str() {
            None => return Err(vec![Problem::error(pointer, "the step has no id")]),
            Some(id) if !seen.insert(id) => {
                return Err(vec![Problem::error(pointer, format!("the step id `{id}` is used twice"))]);
            }
            Some(id) => ids.push(id.to_owned()),
        }
    }
    Ok(ids)
}

fn no_step(pointer: &str, id: &str, ids: &[String]) -> Problem {
    let problem = Problem::error(pointer, format!("there is no step `{id}`"));
    match nearest(id, ids.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("steps are {}", ids.join(", "))),
    }
}

/// Last of all: what compiled before compiles still.
fn sound(before: &Value, after: Value) -> Rewritten {
    match (problems(before), problems(&after)) {
        (before, after) if before.is_empty() && !after.is_empty() => {
            Err(after.into_iter().map(|problem| problem.under("/document")).collect())
        }
        _ => Ok(after),
    }
}

fn problems(document: &Value) -> Vec<Problem> {
    match read_value(Kind::Collection, document).document {
        Some(Document::Collection(collection)) => Plan::compile(&collection).err().unwrap_or_default(),
        _ => vec![Problem::error("", "it cannot be read")],
    }
}

fn refused(problem: Problem) -> Rewritten {
    Err(vec![problem])
}
