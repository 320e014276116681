//! Colours, on terminals only.

use std::{fmt::Display, io::IsTerminal};

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

    pub(crate) fn red(self, text: impl Display) -> String {
        self.paint("31;1", text)
    }

    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.paint("33;1", text)
    }

    pub(crate) fn green(self, text: impl Display) -> String {
        self.paint("32;1", text)
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    /// ECMA-48 "select graphic rendition".
    fn paint(self, code: &str, text: impl Display) -> String {
        match self {
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_string(),
        }
    }
}
