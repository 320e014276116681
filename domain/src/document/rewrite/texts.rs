//! Every reference of a collection's value, to be looked at and to get another root. Only the root's own characters
//! change.

use serde_json::{Map, Value};

use crate::{
    problem::pointer_token,
    reference::{Reference, Root, Template},
};

/// One reference, and where it is.
pub(super) struct Found<'f> {
    /// Of its text, under `/document`.
    pub(super) pointer: &'f str,
    /// The step it stands in, from 0; none for the defaults.
    pub(super) step: Option<usize>,
    pub(super) reference: &'f Reference,
    pub(super) root: &'f Root,
    /// The root as it is written.
    pub(super) written: &'f str,
}

/// What a root is to be called instead.
pub(super) type Rename<'r> = &'r mut dyn FnMut(Found<'_>) -> Option<String>;

/// Options of a source whose text is a query, not a template.
const QUERIES: [&str; 3] = ["path", "pattern", "property"];

pub(super) fn each_reference(document: &mut Value, rename: Rename<'_>) {
    if let Some(defaults) = document.get_mut("defaults") {
        Walk { step: None, rename }.value("/document/defaults", defaults);
    }
    let steps = document.get_mut("steps").and_then(Value::as_array_mut);
    for (index, step) in steps.into_iter().flatten().enumerate() {
        let mut walk = Walk { step: Some(index), rename: &mut *rename };
        let at = format!("/document/steps/{index}");
        if let Some(request) = step.get_mut("request") {
            walk.value(&format!("{at}/request"), request);
        }
        for (part, pointer) in [("/assert", "assert"), ("/poll/until", "poll/until"), ("/when", "when")] {
            if let Some(Value::Array(checks)) = step.pointer_mut(part) {
                for (check, value) in checks.iter_mut().enumerate() {
                    walk.check(&format!("{at}/{pointer}/{check}"), value);
                }
            }
        }
    }
}

struct Walk<'r> {
    step: Option<usize>,
    rename: Rename<'r>,
}

impl Walk<'_> {
    /// One assertion or condition: its key is a source, and so are the options of some.
    fn check(&mut self, pointer: &str, check: &mut Value) {
        let Value::Object(members) = check else { return };
        for (source, value) in members {
            let pointer = format!("{pointer}/{}", pointer_token(source));
            match value {
                _ if QUERIES.contains(&source.as_str()) => {}
                Value::Object(comparisons) => {
                    for (name, operand) in comparisons {
                        let is_query = QUERIES.contains(&name.as_str());
                        if !is_query {
                            self.value(&format!("{pointer}/{}", pointer_token(name)), operand);
                        }
                    }
                }
                operand => self.value(&pointer, operand),
            }
        }
    }

    /// Anything in which every text and every key is a template.
    fn value(&mut self, pointer: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(edited) = self.edited(pointer, text) {
                    *text = edited;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(&format!("{pointer}/{index}"), item);
                }
            }
            Value::Object(map) => {
                let entries = std::mem::take(map).into_iter();
                *map = entries.map(|(key, value)| self.entry(pointer, key, value)).collect::<Map<_, _>>();
            }
            _ => {}
        }
    }

    fn entry(&mut self, pointer: &str, key: String, mut value: Value) -> (String, Value) {
        let pointer = format!("{pointer}/{}", pointer_token(&key));
        self.value(&pointer, &mut value);
        (self.edited(&pointer, &key).unwrap_or(key), value)
    }

    /// The text with other roots; nothing where none changes, or where the text is no template.
    fn edited(&mut self, pointer: &str, text: &str) -> Option<String> {
        let template = Template::parse(text).ok()?;
        let mut edits = Vec::new();
        for reference in template.references() {
            let start = root_start(text, reference);
            let length = text[start..].find(|c: char| !is_of_root(c)).unwrap_or(text.len() - start);
            let written = &text[start..start + length];
            let root = reference.root();
            let found = Found { pointer, step: self.step, reference, root, written };
            edits.extend((self.rename)(found).map(|root| (start..start + length, root)));
        }
        let mut edited = (!edits.is_empty()).then(|| text.to_owned())?;
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        edits.into_iter().for_each(|(range, root)| edited.replace_range(range, &root));
        Some(edited)
    }
}

/// Where the root begins: behind the braces, which the argument of a filter has not.
fn root_start(text: &str, reference: &Reference) -> usize {
    let start = reference.span().start;
    let Some(inside) = text[start..].strip_prefix("@{{") else { return start };
    text.len() - inside.trim_start().len()
}

fn is_of_root(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}
