//! What is wrong with a document, where, and what to do. Problems are collected, never thrown one at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// It is accepted, and somebody should look.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// RFC 6901 JSON pointer into the document; empty for the document itself.
    pub pointer: String,
    /// Line, counted from 1, when the document came from text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Bytes into the text at `pointer`, where the problem is inside a text; becomes part of `column`.
    #[serde(skip)]
    pub offset: Option<usize>,
    /// Whether it is about the key at `pointer`, not its value; decides `line` and `column`.
    #[serde(skip)]
    pub of_key: bool,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What was probably meant, or what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether the document is refused.
    pub severity: Severity,
}

impl Problem {
    /// An error at a pointer.
    pub fn error(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let (pointer, message) = (pointer.into(), message.into());
        Self {
            pointer,
            line: None,
            column: None,
            offset: None,
            of_key: false,
            message,
            help: None,
            severity: Severity::Error,
        }
    }

    /// A warning at a pointer.
    pub fn warning(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(pointer, message) }
    }

    /// The same problem with a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem seen from further up: `prefix` points to what its pointer was relative to.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        Self { pointer: format!("{prefix}{}", self.pointer), ..self }
    }

    /// The same problem, that many bytes into the text at its pointer.
    #[must_use]
    pub fn offset(mut self, bytes: usize) -> Self {
        self.offset = Some(bytes);
        self
    }

    /// The same problem with the key at its pointer, as opposed to the value.
    #[must_use]
    pub fn of_key(mut self) -> Self {
        self.of_key = true;
        self
    }

    /// Whether the document is refused for it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Escapes one token of a JSON pointer (RFC 6901, section 3).
#[must_use]
pub fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The nearest of `known` to `word`, if it is near enough to be what was meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
