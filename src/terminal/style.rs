//! Colours, on terminals only.

use std::{
    fmt::{self, Display},
    io::IsTerminal,
};

/// Whether text is coloured. `NO_COLOR` (no-color.org) turns it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// For a person at a terminal.
    Coloured,
    /// For files and pipes.
    Plain,
}

impl Style {
    /// What suits a stream.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stream.is_terminal() && !refused { Self::Coloured } else { Self::Plain }
    }

    pub(crate) fn red<T: Display>(self, text: T) -> Painted<T> {
        self.paint("31;1", text)
    }

    pub(crate) fn yellow<T: Display>(self, text: T) -> Painted<T> {
        self.paint("33;1", text)
    }

    pub(crate) fn green<T: Display>(self, text: T) -> Painted<T> {
        self.paint("32;1", text)
    }

    pub(crate) fn bold<T: Display>(self, text: T) -> Painted<T> {
        self.paint("1", text)
    }

    pub(crate) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.paint("2", text)
    }

    fn paint<T>(self, code: &'static str, text: T) -> Painted<T> {
        Painted { style: self, code, text }
    }
}

/// A text in a colour: ECMA-48 "select graphic rendition".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painted<T> {
    style: Style,
    code: &'static str,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Style::Coloured => write!(f, "\u{1b}[{}m{}\u{1b}[0m", self.code, self.text),
            Style::Plain => self.text.fmt(f),
        }
    }
}
