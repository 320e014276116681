//! From a JSON value to a typed document, with everything that is wrong with it at once: what is wrong is noted and
//! left out, and the rest is read again.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    decode::{self, Fault, Node, What},
    places::Places,
};
use crate::problem::{self, Problem};

/// After so many mistakes a document is not read further; nobody fixes more at once.
const MAX_PROBLEMS: usize = 50;

/// What came of it.
pub(super) struct Typed<T> {
    /// The document without what is wrong; `None` when what remains is none.
    pub(super) document: Option<T>,
    /// Whether nothing but unknown keys and details was left out, so that what is said about the rest is true.
    pub(super) whole: bool,
    pub(super) problems: Vec<Problem>,
}

/// Reads `value`, without its keys `kind` and `version`, which are not the types' own.
pub(super) fn decode<T: DeserializeOwned>(value: &Value, places: &Places) -> Typed<T> {
    let mut skipped = HashSet::from(["/kind".to_owned(), "/version".to_owned()]);
    let mut typed = Typed { document: None, whole: true, problems: Vec::new() };
    // Each round leaves out one node more; consequences climb towards the root, so the rounds are bounded apart.
    for _ in 0..MAX_PROBLEMS * 8 {
        let node = Node { value, pointer: String::new(), skipped: &skipped };
        let fault = match T::deserialize(node) {
            Ok(document) => {
                typed.document = Some(document);
                return typed;
            }
            Err(fault) => fault,
        };
        let pointer = fault.pointer.clone().unwrap_or_default();
        typed.whole &= matches!(fault.what, What::UnknownKey { .. }) || is_detail(&pointer);
        if let Some(problem) = tell(&fault, &pointer, value, places, &mut skipped) {
            typed.problems.push(problem);
        }
        if pointer.is_empty() || typed.problems.len() >= MAX_PROBLEMS {
            return typed;
        }
        skipped.insert(pointer);
    }
    typed
}

/// Whether nothing else is judged by what stands there: a part of a step's request, retry or poll. An item of a list is
/// none, because those after it would be told of at a wrong place.
fn is_detail(pointer: &str) -> bool {
    let tokens: Vec<_> = pointer.split('/').collect();
    let ["", "steps", _, part, _, ..] = tokens.as_slice() else { return false };
    let is_item = tokens.last().is_some_and(|last| last.parse::<usize>().is_ok());
    match *part {
        "retry" => true,
        "request" | "poll" => !is_item,
        _ => false,
    }
}

/// The problem that a fault is, in our words; nothing for what only follows from another.
fn tell(
    fault: &Fault,
    pointer: &str,
    root: &Value,
    places: &Places,
    skipped: &mut HashSet<String>,
) -> Option<Problem> {
    let found = root.pointer(pointer).unwrap_or(&Value::Null);
    let problem = match &fault.what {
        What::Consequence => return None,
        What::MissingKey(key) if skipped.contains(&format!("{pointer}/{key}")) => return None,
        What::MissingKey(key) => Problem::error(pointer, format!("the key `{key}` is missing")),
        What::UnknownKey { key, known } => {
            let mut problem = unknown_key(pointer, key, known, root, skipped);
            places.locate_key(&mut problem);
            problem
        }
        What::UnknownWord { word, known } => unknown_word(pointer, word, known),
        What::Mismatch { expected } => mismatch(pointer, expected, found),
        What::Refused(message) => Problem::error(pointer, message),
    };
    let mut problem = problem;
    places.locate(&mut problem, root);
    Some(problem)
}

/// What other tools call our keys.
const ALIASES: [(&str, &str); 28] = [
    ("assertions", "assert"),
    ("checks", "assert"),
    ("expect", "assert"),
    ("test", "assert"),
    ("tests", "assert"),
    ("validate", "assert"),
    ("captures", "capture"),
    ("extract", "capture"),
    ("save", "capture"),
    ("body", "json"),
    ("data", "json"),
    ("data", "each"),
    ("rows", "each"),
    ("examples", "each"),
    ("graph_ql", "graphql"),
    ("form_data", "multipart"),
    ("endpoint", "url"),
    ("uri", "url"),
    ("verb", "method"),
    ("params", "query"),
    ("parameters", "query"),
    ("env", "environment"),
    ("variables", "vars"),
    ("requests", "steps"),
    ("frequency", "every"),
    ("interval", "every"),
    ("if", "when"),
    ("wait", "delay"),
];

/// The nearest known key that is not there yet; then that key is not told as missing besides.
fn unknown_key(
    pointer: &str,
    key: &str,
    known: &'static [&'static str],
    root: &Value,
    skipped: &mut HashSet<String>,
) -> Problem {
    let parent = &pointer[..pointer.rfind('/').unwrap_or(0)];
    let siblings = root.pointer(parent).and_then(Value::as_object);
    let absent = |key: &&str| !siblings.is_some_and(|map| map.contains_key(*key));
    let mut absent = known.iter().copied().filter(absent);
    let problem = Problem::error(pointer, format!("unknown key `{key}`"));
    let alias =
        ALIASES.iter().find(|(alias, meant)| *alias == key && absent.clone().any(|known| known == *meant));
    match alias.map(|(_, meant)| *meant).or_else(|| problem::nearest(key, absent.by_ref())) {
        Some(near) => {
            skipped.insert(format!("{parent}/{near}"));
            problem.help(format!("did you mean `{near}`?"))
        }
        None if known.is_empty() => problem,
        None => problem.help(format!("known here: {}", decode::list(known))),
    }
}

fn unknown_word(pointer: &str, word: &str, known: &[&str]) -> Problem {
    let problem = Problem::error(pointer, format!("`{word}` is none of {}", decode::list(known)));
    match problem::nearest(word, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// Types only, never the value: it may be a secret.
fn mismatch(pointer: &str, expected: &str, found: &Value) -> Problem {
    let is_number = found.is_number();
    if let (true, Some(whole)) = (expected.starts_with("a duration"), found.as_u64()) {
        let problem = Problem::error(pointer, format!("expected a duration with its unit, found `{whole}`"));
        return problem.help(format!("write `{whole}s` for seconds, `{whole}ms` for milliseconds"));
    }
    let (expected, help) = match expected {
        "a string" => ("a text", (is_number || found.is_boolean()).then_some("put it in quotes")),
        "a boolean" => {
            ("`true` or `false`", found.is_string().then_some("without quotes; `yes` and `on` are texts"))
        }
        "a sequence" => ("a list", None),
        "u16" if is_number => ("a whole number from 0 to 65535", None),
        "u32" if is_number => ("a whole number from 0 to 4294967295", None),
        "u16" | "u32" | "u64" | "usize" => {
            ("a whole number", found.is_string().then_some("write it without quotes"))
        }
        "a map" | "newtype variant" => ("a mapping (`key: value`)", None),
        other => (other, None),
    };
    let problem = Problem::error(pointer, format!("expected {expected}, found {}", name(found)));
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// What stands there, for people.
pub(super) fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(true) => "`true`",
        Value::Bool(false) => "`false`",
        Value::Number(number) if number.is_f64() => "a number with a point",
        Value::Number(number) if number.is_i64() && !number.is_u64() => "a negative number",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
