//! Whether a well-formed document makes sense: by itself, and among the documents around it.
//!
//! Pure functions from typed documents to problems with pointers; lines and columns are the reading's.

mod channel;
mod collection;
mod known;
mod monitor;
mod names;
mod request;
mod rows;
mod surroundings;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::HashSet;

pub(super) use collection::is_step_id;
pub use known::{CollectionNames, EnvironmentNames, Known};
pub use uses::captures_used;

use super::{Document, Kind, Reading, Slug};
use crate::{
    plan::Plan,
    problem::{Problem, pointer_token},
};

/// Everything that is wrong with a document whose form is right.
#[must_use]
pub fn check(document: &Document, known: &Known) -> Vec<Problem> {
    match document {
        Document::Collection(document) => {
            let mut problems = collection::check(document);
            problems.extend(uses::check(document));
            problems.extend(Plan::compile(document).err().into_iter().flatten());
            problems.extend(document.inline_monitor().iter().flat_map(monitor::check));
            problems.extend(names::collection(document, known));
            problems.extend(uses::still_serves(document, known));
            problems
        }
        Document::Monitor(document) => [monitor::check(document), names::monitor(document, known)].concat(),
        Document::Environment(document) => surroundings::environment(document),
        Document::Channel(document) => [channel::check(document), names::channel(document, known)].concat(),
    }
}

/// Checks documents that were read together: each may use the names of the others, besides `known`, and no two may
/// have the same. Problems go into the readings, with line and column.
pub fn check_together(readings: &mut [Reading], known: &Known) {
    let mut known = known.clone();
    for document in readings.iter().filter_map(Reading::draft) {
        known.add(document);
    }
    let mut taken = HashSet::new();
    for reading in readings {
        let problems = reading.draft().map(|document| {
            let mut problems = check(document, &known);
            let again = claims(document).into_iter().find(|claim| !taken.insert(claim.clone()));
            problems.extend(again.map(|(kind, id)| {
                Problem::error("/id", format!("there is another {kind} `{id}` among these documents"))
            }));
            problems
        });
        reading.add(problems.unwrap_or_default());
    }
}

/// The keys that a document takes: its own, and that of its inline monitor.
fn claims(document: &Document) -> Vec<(Kind, Slug)> {
    let own = (document.kind(), document.id().clone());
    match document {
        Document::Collection(collection) if collection.schedule.is_some() => {
            vec![(Kind::Monitor, own.1.clone()), own]
        }
        _ => vec![own],
    }
}

/// Names that references can write without quotes: `[A-Za-z_][A-Za-z0-9_-]*`.
fn name_problem(parent: &str, what: &str, name: &str) -> Option<Problem> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let at = format!("{parent}/{}", pointer_token(name));
    let message = format!(
        "{what} cannot be called `{name}`: letters, digits, `_` and `-`, starting with a letter or `_`"
    );
    (!fits).then(|| Problem::error(at, message))
}

/// An absolute URL, or a text that starts with a reference, which then has to be one.
fn url_problem(at: &str, url: &str) -> Option<Problem> {
    let absolute = ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    });
    if absolute || url.starts_with("@{{") {
        return None;
    }
    let problem = Problem::error(at, format!("`{url}` is not an absolute URL"));
    Some(problem.help("start it with `https://`, or with a reference as in `@{{vars.base_url}}/path`"))
}
