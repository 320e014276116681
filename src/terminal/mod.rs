//! How the command line looks: colours, and problems shown in the text that they are about. It decides nothing.

mod diagnostics;
mod style;

use std::borrow::Cow;

pub(crate) use self::{
    diagnostics::render,
    style::{Painted, Style},
};

/// Text of others without what could move a terminal's cursor or colour its lines. Line breaks and tabs stay.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
