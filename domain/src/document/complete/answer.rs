//! The parts of an answer: those that every answer has, and those of an example.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Completion, CompletionKind, SAMPLE, completion, name_of, spelled};
use crate::{assertion::JsonType, problem::pointer_token, reference::Segment};

/// Paths of one value that are told.
const MOST_PATHS: usize = 200;
/// How deep they go.
const DEEPEST: usize = 8;

const ALWAYS: [(&str, JsonType); 10] = [
    ("status", JsonType::Integer),
    ("latency", JsonType::Number),
    ("url", JsonType::String),
    ("timing.dns", JsonType::Number),
    ("timing.connect", JsonType::Number),
    ("timing.tls", JsonType::Number),
    ("timing.first_byte", JsonType::Number),
    ("timing.download", JsonType::Number),
    ("request.url", JsonType::String),
    ("request.method", JsonType::String),
];
/// What assertions and captures see, and references do not.
const ONLY_SOURCES: [(&str, JsonType); 9] = [
    ("size", JsonType::Integer),
    ("redirects", JsonType::Integer),
    ("ip", JsonType::String),
    ("http.version", JsonType::String),
    ("tls.expires_in", JsonType::Integer),
    ("tls.version", JsonType::String),
    ("tls.issuer", JsonType::String),
    ("tls.subject", JsonType::String),
    ("tls.valid", JsonType::Boolean),
];
/// What an example can have more of.
const PARTS: [&str; 4] = ["headers", "cookies", "body", "request"];

/// What later steps can name of this one.
pub(super) fn references(step: &Value, answers: &BTreeMap<String, Value>) -> Vec<Completion> {
    let Some(id) = step["id"].as_str() else { return Vec::new() };
    let example = answers.get(id);
    let mut all = parts(Some(id), CompletionKind::Answer, example);
    for name in step["capture"].as_object().into_iter().flat_map(|captures| captures.keys()) {
        let value = example.and_then(|example| example["captures"].get(name));
        let segments = [name_of(id), name_of("captures"), name_of(name)];
        match value {
            Some(value) => paths(&mut all, CompletionKind::Capture, &segments, value),
            None => all.push(completion(CompletionKind::Capture, spelled(&segments), None)),
        }
    }
    all
}

/// What this step's assertions and captures can look at.
pub(super) fn sources(step: &Value, answers: &BTreeMap<String, Value>) -> Vec<Completion> {
    let example = step["id"].as_str().and_then(|id| answers.get(id));
    let mut all = parts(None, CompletionKind::Source, example);
    let always =
        ONLY_SOURCES.map(|(text, value_type)| completion(CompletionKind::Source, text, Some(value_type)));
    all.extend(always.map(|source| with_sample(source, example)));
    all
}

fn parts(id: Option<&str>, kind: CompletionKind, example: Option<&Value>) -> Vec<Completion> {
    let root: Vec<_> = id.map(name_of).into_iter().collect();
    let mut all = Vec::new();
    for (text, value_type) in ALWAYS {
        let part = with_sample(completion(kind, text, Some(value_type)), example);
        let text = id.map_or_else(|| text.to_owned(), |id| format!("{id}.{text}"));
        all.push(Completion { text, ..part });
    }
    for part in PARTS {
        let segments = [root.as_slice(), &[name_of(part)]].concat();
        match example.and_then(|example| example.get(part)) {
            Some(Value::Object(members)) if part != "body" => {
                let known = |name: &str| part == "request" && (name == "url" || name == "method");
                for (name, value) in members.iter().filter(|(name, _)| !known(name)) {
                    paths(&mut all, kind, &[segments.as_slice(), &[name_of(name)]].concat(), value);
                }
            }
            Some(value) if part == "body" => paths(&mut all, kind, &segments, value),
            _ if part == "body" => all.push(completion(kind, spelled(&segments), None)),
            _ => {}
        }
    }
    all
}

/// The example's value of a fixed part.
fn with_sample(part: Completion, example: Option<&Value>) -> Completion {
    let pointer: String = part.text.split('.').map(|name| format!("/{}", pointer_token(name))).collect();
    let value = example.and_then(|example| example.pointer(&pointer));
    Completion { sample: value.and_then(sample), ..part }
}

/// A value and everything in it, outermost first; of a list its first item.
pub(super) fn paths(all: &mut Vec<Completion>, kind: CompletionKind, at: &[Segment], value: &Value) {
    let most = all.len() + MOST_PATHS;
    let mut waiting = std::collections::VecDeque::from([(at.to_vec(), value)]);
    while let Some((at, value)) = waiting.pop_front().filter(|_| all.len() < most) {
        let mut deeper = |segment, value| {
            let mut inside = at.clone();
            inside.push(segment);
            if inside.len() <= DEEPEST {
                waiting.push_back((inside, value));
            }
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| deeper(name_of(name), value)),
            Value::Array(items) => items.iter().take(1).for_each(|item| deeper(Segment::Index(0), item)),
            _ => {}
        }
        let found = completion(kind, spelled(&at), Some(JsonType::of(value)));
        all.push(Completion { sample: sample(value), ..found });
    }
}

fn sample(value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => match text.char_indices().nth(SAMPLE) {
            Some((end, _)) => Some(format!("{}…", &text[..end]).into()),
            None => Some(value.clone()),
        },
        other => Some(other.clone()),
    }
}
