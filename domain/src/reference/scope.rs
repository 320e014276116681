//! Where values come from while a template is rendered, and what is said when there is none.

use std::{borrow::Cow, fmt};

use serde_json::Value;

use super::{Function, Missing, Path, Root};

/// Answers the references of a template. The run machine is one, the rendering of channels another.
pub trait Scope {
    /// What `path` leads to under `root`, which is never [`Root::Call`]. [`Path::find_after`] does the walking and
    /// turns into [`NoValue`] with `?`. Names of headers are looked up whatever their case.
    ///
    /// # Errors
    /// Why there is no value.
    fn value(&self, root: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue>;

    /// A fresh value of a function: [`Function::evaluate`] with the clock and the seed of whoever asks.
    fn call(&self, function: &Function) -> Value;
}

/// Whose fault it is that a reference has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnresolvedCause {
    /// An earlier answer lacks it: the run failed.
    MissingValue,
    /// The variable or secret is not there any more: the run is inconclusive.
    Gone,
    /// The step that would have it never ran: an `always` step is skipped.
    NeverRan,
    /// A filter or the place where it stands cannot take the value.
    Invalid,
}

/// Why a scope has no value, without the reference, which the renderer adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoValue {
    /// Whose fault it is.
    pub cause: UnresolvedCause,
    /// Why, as half a sentence: "`body` has no `token`, only `id`". Never a value.
    pub message: String,
}

impl NoValue {
    /// An earlier answer lacks it.
    pub fn missing(message: impl fmt::Display) -> Self {
        Self { cause: UnresolvedCause::MissingValue, message: message.to_string() }
    }

    /// The variable or secret is not there.
    pub fn gone(message: impl fmt::Display) -> Self {
        Self { cause: UnresolvedCause::Gone, message: message.to_string() }
    }

    /// The step never ran.
    #[must_use]
    pub fn never_ran(step: &str) -> Self {
        Self { cause: UnresolvedCause::NeverRan, message: format!("step `{step}` never ran") }
    }

    pub(super) fn invalid(message: impl fmt::Display) -> Self {
        Self { cause: UnresolvedCause::Invalid, message: message.to_string() }
    }

    /// The same, with the reference it is about.
    pub(super) fn of(self, reference: &impl fmt::Display) -> Unresolved {
        Unresolved { reference: reference.to_string(), cause: self.cause, message: self.message }
    }
}

impl From<Missing> for NoValue {
    fn from(missing: Missing) -> Self {
        Self::missing(missing)
    }
}

/// A reference that could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// As written, in canonical form, without the braces.
    pub reference: String,
    /// Whose fault it is.
    pub cause: UnresolvedCause,
    /// Why, as half a sentence. Never a value; mask it all the same, keys of answers are in it.
    pub message: String,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`@{{{{{}}}}}`: {}", self.reference, self.message)
    }
}

impl std::error::Error for Unresolved {}
