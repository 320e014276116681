//! Where each node of a document stands in its text.

use std::collections::HashMap;

use crate::problem::Problem;

/// A place in a text: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Where one node stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Of its key, when it is the value of one.
    pub(super) key: Option<Mark>,
    /// Of the value itself; `None` when nothing is written there.
    pub(super) value: Option<Mark>,
    /// The first character of the text, when it stands in the source just as it is, on one line: only then does an
    /// offset into it give a column.
    pub(super) text: Option<Mark>,
}

/// The places of a document's nodes by JSON pointer. Empty when the document did not come from text.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(HashMap<String, Place>);

impl Places {
    pub(super) fn insert(&mut self, pointer: String, place: Place) {
        self.0.insert(pointer, place);
    }

    /// Gives a problem its line and column, unless it has them.
    pub(super) fn locate(&self, problem: &mut Problem, value: &serde_json::Value) {
        if problem.line.is_some() {
            return;
        }
        let Some((place, exact)) = self.nearest(&problem.pointer) else { return };
        if problem.of_key && exact {
            return self.locate_key(problem);
        }
        let mark = match (problem.offset, place.text) {
            (Some(offset), Some(start)) if exact => advance(start, offset, value.pointer(&problem.pointer)),
            _ => place.value.or(place.key),
        };
        problem.line = mark.map(|mark| mark.line);
        problem.column = mark.map(|mark| mark.column);
    }

    /// The same for a problem with the key at its pointer, as opposed to the value.
    pub(super) fn locate_key(&self, problem: &mut Problem) {
        let mark = self.nearest(&problem.pointer).and_then(|(place, _)| place.key.or(place.value));
        problem.line = mark.map(|mark| mark.line);
        problem.column = mark.map(|mark| mark.column);
    }

    /// The line of a key, for "first given in line …".
    pub(super) fn line_of(&self, pointer: &str) -> Option<u32> {
        let place = self.0.get(pointer)?;
        place.key.or(place.value).map(|mark| mark.line)
    }

    /// The node's own place, or that of the nearest node around it: what is missing has no place of its own.
    fn nearest(&self, pointer: &str) -> Option<(&Place, bool)> {
        let mut around = pointer;
        loop {
            if let Some(place) = self.0.get(around) {
                return Some((place, around.len() == pointer.len()));
            }
            around = &around[..around.rfind('/')?];
        }
    }
}

/// `offset` bytes after `start`, counted in the characters of the text there.
fn advance(start: Mark, offset: usize, text: Option<&serde_json::Value>) -> Option<Mark> {
    let before = text?.as_str()?.get(..offset)?;
    let characters = u32::try_from(before.chars().count()).ok()?;
    Some(Mark { column: start.column.saturating_add(characters), ..start })
}
