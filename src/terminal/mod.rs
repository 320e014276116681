//! How the command line looks: colours, and problems shown in the text that they are about. It decides nothing.

mod diagnostics;
mod style;

pub(crate) use self::{diagnostics::render, style::Style};

/// Text of others without what could move a terminal's cursor or colour its lines. Line breaks and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    text.chars().map(|c| if harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
