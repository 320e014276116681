//! From a template to a value, a text, a header. URLs have a file of their own.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Filter, NoValue, Reference, Root, Scope, Template, Unresolved, UnresolvedCause, filter::text_of,
    template::Piece,
};

impl Template {
    /// The value: of a lone reference as it is, otherwise text.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn render_value(&self, scope: &dyn Scope) -> Result<Value, Unresolved> {
        match self.pieces.as_slice() {
            [Piece::Reference(reference)] => {
                resolve(reference, scope).map(Cow::into_owned).map_err(|none| none.of(reference))
            }
            _ => self.render_text(scope).map(Value::String),
        }
    }

    /// The text: strings as they are, everything else as compact JSON.
    ///
    /// # Errors
    /// The first reference without a value.
    pub fn render_text(&self, scope: &dyn Scope) -> Result<String, Unresolved> {
        let mut text = String::with_capacity(self.size_hint());
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Reference(reference) => text.push_str(&resolve_text(reference, scope)?),
            }
        }
        Ok(text)
    }

    /// The value of a header (or its name): text on one line.
    ///
    /// # Errors
    /// The first reference without a value, or whose value would break out of the header.
    pub fn render_header(&self, scope: &dyn Scope) -> Result<String, Unresolved> {
        let mut text = String::with_capacity(self.size_hint());
        for piece in &self.pieces {
            let start = text.len();
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Reference(reference) => text.push_str(&resolve_text(reference, scope)?),
            }
            if let Some(control) = text[start..].chars().find(|c| c.is_ascii_control() && *c != '\t') {
                let none = NoValue::invalid(format!("a header cannot hold {}", control_name(control)));
                return Err(match piece {
                    Piece::Text(_) => none.of(self),
                    Piece::Reference(reference) => none.of(reference),
                });
            }
        }
        Ok(text)
    }
}

impl Template {
    /// What is said when the place where it stands cannot take what it rendered to. Tell no value.
    pub(crate) fn unusable(&self, message: impl std::fmt::Display) -> Unresolved {
        let none = NoValue::invalid(message);
        match self.references().next() {
            Some(reference) => none.of(reference),
            None => none.of(self),
        }
    }
}

pub(super) fn control_name(c: char) -> String {
    match c {
        '\r' => "a carriage return (CR)".to_owned(),
        '\n' => "a line feed (LF)".to_owned(),
        '\0' => "a NUL".to_owned(),
        '\t' => "a tab".to_owned(),
        other => format!("the control character U+{:04X}", u32::from(other)),
    }
}

pub(super) fn resolve_text(reference: &Reference, scope: &dyn Scope) -> Result<String, Unresolved> {
    let value = resolve(reference, scope).map_err(|none| none.of(reference))?;
    Ok(text_of(&value).into_owned())
}

/// Looks the value up and puts it through the filters. What is missing passes by every filter up to a `default`.
pub(super) fn resolve<'s>(reference: &Reference, scope: &'s dyn Scope) -> Result<Cow<'s, Value>, NoValue> {
    let start = match reference.root() {
        Root::Call(function) => Ok(Cow::Owned(scope.call(function))),
        root => scope.value(root, reference.path()),
    };
    reference.filters().iter().fold(start, |held, filter| match (held, filter) {
        (Ok(value), Filter::Raw) => Ok(value),
        (Ok(value), filter) => filter.apply(&value, scope).map(Cow::Owned),
        (Err(none), Filter::Default(_)) if has_default(reference.root(), none.cause) => {
            filter.apply(&Value::Null, scope).map(Cow::Owned)
        }
        (Err(none), _) => Err(none),
    })
}

/// A secret that has gone is never papered over, a value that a filter or place cannot take neither.
fn has_default(root: &Root, cause: UnresolvedCause) -> bool {
    match cause {
        UnresolvedCause::MissingValue | UnresolvedCause::NeverRan => true,
        UnresolvedCause::Gone => *root == Root::Vars,
        UnresolvedCause::Invalid => false,
    }
}
