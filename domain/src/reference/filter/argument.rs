//! Arguments of filters: quoted text, numbers, `true`, `false`, `null`, durations (for `add` only), and paths, which
//! are references without filters of their own.

use std::fmt;

use serde_json::{Number, Value};

use super::{
    super::{
        NoValue, Reference, Scope, render,
        syntax::{Cursor, SyntaxError, is_bare},
    },
    text,
};
use crate::document::Span;

/// One argument of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A literal.
    Value(Value),
    /// A path: `secrets.KEY`.
    Reference(Reference),
}

impl Argument {
    pub(super) fn value(&self, scope: &dyn Scope) -> Result<Value, NoValue> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Reference(reference) => render::resolve(reference, scope)
                .map(std::borrow::Cow::into_owned)
                .map_err(|none| NoValue { message: format!("`{reference}`: {}", none.message), ..none }),
        }
    }

    /// As text, for filters that take nothing else.
    pub(super) fn text(&self, filter: &str, scope: &dyn Scope) -> Result<String, NoValue> {
        text::scalar(filter, &self.value(scope)?).map(std::borrow::Cow::into_owned)
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Reference(reference) => write!(f, "{reference}"),
        }
    }
}

/// An argument as written, before the filter says what it takes.
#[derive(Debug)]
pub(super) enum Written {
    Argument(Argument),
    Duration { negative: bool, span: Span },
}

/// Parses `(a, b)`, or nothing; with the place of each.
pub(super) fn parse_all(cursor: &mut Cursor<'_>) -> Result<Vec<(usize, usize, Written)>, SyntaxError> {
    let mut arguments = Vec::new();
    let open = cursor.at();
    if !cursor.eat("(") {
        return Ok(arguments);
    }
    cursor.skip_space();
    while !cursor.eat(")") {
        if cursor.peek().is_none() {
            return Err(cursor.error_since(open, "the parenthesis is not closed"));
        }
        if !arguments.is_empty() {
            if !cursor.eat(",") {
                let found = cursor.next_shown();
                return Err(cursor.error(format!("expected `,` or `)`, found {found}")));
            }
            cursor.skip_space();
        }
        let start = cursor.at();
        let argument = parse(cursor)?;
        arguments.push((start, cursor.at() - start, argument));
        cursor.skip_space();
    }
    Ok(arguments)
}

fn parse(cursor: &mut Cursor<'_>) -> Result<Written, SyntaxError> {
    if matches!(cursor.peek(), Some('"' | '\'')) {
        return cursor.quoted().map(|text| Written::Argument(Argument::Value(text.into())));
    }
    let mut ahead = *cursor;
    let word = ahead.take_while(|c| is_bare(c) || matches!(c, '.' | '+'));
    if let Some(literal) = literal(word).filter(|_| ahead.peek() != Some('[')) {
        *cursor = ahead;
        return Ok(literal);
    }
    let of_path = word.split('.').next().unwrap_or_default();
    let is_number_of_step = of_path.bytes().all(|b| b.is_ascii_digit());
    if word.starts_with(['-', '+', '.'])
        || (word.starts_with(|c: char| c.is_ascii_digit()) && !is_number_of_step)
    {
        let message = format!("`{word}` is neither a number nor a duration");
        return Err(SyntaxError::new(cursor.at(), word.len(), message));
    }
    if word.is_empty() {
        let found = cursor.next_shown();
        let problem = cursor.error(format!("expected an argument, found {found}"));
        return Err(problem.help("text is written in quotes, as in `default(\"none\")`"));
    }
    let reference = Reference::parse_source(cursor).map_err(|problem| {
        let bare_word = word.chars().all(|c| c.is_alphabetic() || c == '_' || c == '-');
        let help = bare_word.then(|| format!("text is written in quotes: `\"{word}\"`"));
        problem.help_if(help)
    })?;
    Ok(Written::Argument(Argument::Reference(reference)))
}

fn literal(word: &str) -> Option<Written> {
    let value = |value: Value| Some(Written::Argument(Argument::Value(value)));
    match word {
        "true" => return value(true.into()),
        "false" => return value(false.into()),
        "null" => return value(Value::Null),
        _ => {}
    }
    if let Ok(number) = word.parse::<Number>() {
        return value(number.into());
    }
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
    digits.parse().ok().map(|span| Written::Duration { negative, span })
}
