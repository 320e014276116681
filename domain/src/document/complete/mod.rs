//! What can be written at a place of a collection: for editors, which offer it. Names of secrets are told, their
//! values never are. Whether what is written holds is `check`'s.

mod answer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Collection, Environment};
use crate::{
    assertion::JsonType,
    reference::{Filter, Function, Path, Segment},
};

crate::outcome::words! {
    /// What a completion stands for.
    CompletionKind {
        /// A variable of the collection or its environment.
        Variable = "variable",
        /// A secret of the environment.
        Secret = "secret",
        /// A value of the row of `each`.
        Row = "row",
        /// A fact about the run.
        Run = "run",
        /// A fresh value.
        Function = "function",
        /// A part of an earlier step's answer.
        Answer = "answer",
        /// A value that an earlier step or a shared set-up captures.
        Capture = "capture",
        /// A part of this step's own answer, for assertions and captures.
        Source = "source",
        /// What can follow a `|`.
        Filter = "filter",
    }
}

/// One thing that can be written.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Completion {
    /// Between the braces, behind the `|`, or as a source.
    pub text: String,
    /// What it stands for.
    pub kind: CompletionKind,
    /// The JSON type of its value, as far as that is known.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub value_type: Option<JsonType>,
    /// A value that it had; texts are cut, lists and objects left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Value>,
}

/// What is known besides the document.
#[derive(Debug)]
pub struct Surroundings<'s> {
    /// Whose variables and secrets it sees.
    pub environments: &'s [Environment],
    /// The collections that it uses, as far as they are known.
    pub set_ups: &'s [Collection],
    /// Examples of answers by step, as objects like `{ status, headers, cookies, body, captures }`.
    pub answers: &'s BTreeMap<String, Value>,
}

/// Characters of a sample that are kept.
const SAMPLE: usize = 80;

/// Everything that can be written at a JSON pointer into a collection. At an assertion or a capture that is what is
/// looked at; elsewhere, inside `@{{…}}`, what can be referred to.
#[must_use]
pub fn completions(document: &Value, pointer: &str, around: &Surroundings<'_>) -> Vec<Completion> {
    let tokens: Vec<_> = pointer.split('/').skip(1).collect();
    let step = match tokens.as_slice() {
        ["steps", index, ..] => index.parse::<usize>().ok(),
        _ => None,
    };
    let steps = document["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let looks_at_the_answer = matches!(
        tokens.as_slice(),
        ["steps", _, "assert"]
            | ["steps", _, "assert", _]
            | ["steps", _, "capture", ..]
            | ["steps", _, "poll", "until"]
            | ["steps", _, "poll", "until", _]
    );
    if let (true, Some(step)) = (looks_at_the_answer, step.and_then(|index| steps.get(index))) {
        return answer::sources(step, around.answers);
    }
    let mut all = Vec::new();
    for earlier in steps.iter().take(step.unwrap_or(0)) {
        all.extend(answer::references(earlier, around.answers));
    }
    all.extend(shared(document, around.set_ups));
    all.extend(variables(document, around.environments));
    all.extend(secrets(around.environments));
    all.extend(row(document));
    all.extend(
        RUN.map(|(name, value_type)| {
            completion(CompletionKind::Run, format!("run.{name}"), Some(value_type))
        }),
    );
    let function =
        |(usage, value_type): (&str, _)| completion(CompletionKind::Function, usage, Some(value_type));
    all.extend(Function::usages().map(function));
    all.extend(Filter::usages().map(|usage| completion(CompletionKind::Filter, usage, None)));
    all
}

const RUN: [(&str, JsonType); 4] = [
    ("id", JsonType::String),
    ("started_at", JsonType::String),
    ("attempt", JsonType::Integer),
    ("location", JsonType::String),
];

/// The environment's values are the ones that runs see.
fn variables(document: &Value, environments: &[Environment]) -> Vec<Completion> {
    let mut known = BTreeMap::new();
    known.extend(document["vars"].as_object().into_iter().flatten());
    known.extend(environments.iter().flat_map(|environment| &environment.vars));
    let mut all = Vec::new();
    for (name, value) in known {
        answer::paths(&mut all, CompletionKind::Variable, &[name_of("vars"), name_of(name)], value);
    }
    all
}

/// The columns of all rows, each with its value in the first row that has it; nothing without `each`.
fn row(document: &Value) -> Vec<Completion> {
    let rows = document["each"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let mut columns = Map::new();
    for (name, value) in rows.flatten() {
        if !columns.contains_key(name) {
            columns.insert(name.clone(), value.clone());
        }
    }
    let mut all = Vec::new();
    if !columns.is_empty() {
        answer::paths(&mut all, CompletionKind::Row, &[name_of("row")], &Value::Object(columns));
    }
    all
}

/// What the set-ups capture that the document names under `uses`. What they captured last is secret.
fn shared(document: &Value, set_ups: &[Collection]) -> Vec<Completion> {
    let named = |set_up: &&Collection| {
        let uses = document["uses"].as_array().into_iter().flatten();
        uses.into_iter().any(|used| used["collection"].as_str() == Some(set_up.id.as_str()))
    };
    let captures = set_ups.iter().filter(named).flat_map(|set_up| {
        set_up.captured_names().into_iter().map(|name| {
            let text = spelled(&[name_of(set_up.id.as_str()), name_of("captures"), name_of(&name)]);
            completion(CompletionKind::Capture, text, None)
        })
    });
    captures.collect()
}

fn secrets(environments: &[Environment]) -> impl Iterator<Item = Completion> {
    let names = environments.iter().flat_map(|environment| environment.secrets.keys());
    let names: std::collections::BTreeSet<_> = names.collect();
    names.into_iter().map(|name| {
        let text = spelled(&[name_of("secrets"), name_of(name)]);
        completion(CompletionKind::Secret, text, Some(JsonType::String))
    })
}

fn completion(kind: CompletionKind, text: impl Into<String>, value_type: Option<JsonType>) -> Completion {
    Completion { text: text.into(), kind, value_type, sample: None }
}

fn name_of(name: &str) -> Segment {
    Segment::Name(name.to_owned())
}

fn spelled(segments: &[Segment]) -> String {
    Path::from(segments.to_vec()).to_string()
}
