//! A text with references in it.

use std::fmt;

use super::{
    Reference, Root,
    parse::{ESCAPED, OPEN},
    syntax::{Cursor, SyntaxError},
};
use crate::document::Slug;

/// A parsed text: literal pieces and references, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Never empty; escapes are undone.
    Text(String),
    Reference(Reference),
}

impl Template {
    /// Parses a text. `@@{{` is a literal `@{{`.
    ///
    /// # Errors
    /// Where and why a reference in it is not one.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut cursor = Cursor::new(text, 0);
        loop {
            literal.push_str(cursor.take_while(|c| c != '@'));
            if cursor.eat(ESCAPED) {
                literal.push_str(OPEN);
            } else if cursor.rest().starts_with(OPEN) {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Reference(Reference::parse(&mut cursor)?));
            } else {
                match cursor.bump() {
                    Some(c) => literal.push(c),
                    None => break,
                }
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self { pieces })
    }

    /// A text in which nothing is a reference.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { pieces: if text.is_empty() { Vec::new() } else { vec![Piece::Text(text)] } }
    }

    /// Every reference, also those in the arguments of filters.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.pieces.iter().flat_map(|piece| {
            match piece {
                Piece::Text(_) => None,
                Piece::Reference(reference) => Some(reference.with_arguments()),
            }
            .into_iter()
            .flatten()
        })
    }

    /// Whether it holds no reference: it renders to the same text always.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
    }

    /// The text it always renders to, if it holds no reference.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// About so many bytes it renders to.
    pub(super) fn size_hint(&self) -> usize {
        let size = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Reference(_) => 32,
        };
        self.pieces.iter().map(size).sum()
    }

    /// Whether what it renders to must be masked.
    #[must_use]
    pub fn touches_secrets(&self) -> bool {
        self.references().any(|reference| *reference.root() == Root::Secrets)
    }

    /// Whether it refers to one of these shared set-ups.
    pub(crate) fn names_any(&self, set_ups: &[Slug]) -> bool {
        self.references().any(|reference| set_ups.iter().any(|set_up| reference.names(set_up.as_str())))
    }
}

impl fmt::Display for Template {
    /// Reads back as the same template; references in canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace(OPEN, ESCAPED)),
            Piece::Reference(reference) => write!(f, "@{{{{{reference}}}}}"),
        })
    }
}
