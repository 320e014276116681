//! A path to one value inside another: `body.items[0]["quoted key"]`, an RFC 9535 singular query without its `$`.
//! Used by references, assertions and captures. What selects many values is `jsonpath`, not this.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::{
    missing::{Missing, There},
    syntax::{Cursor, SyntaxError, is_bare},
};

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// `.name` or `["any key"]`.
    Name(String),
    /// `[0]`, `[-1]`, or a bare number after a dot. On an object it is the key of that spelling.
    Index(i64),
}

impl Segment {
    /// The name, if it is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Index(_) => None,
        }
    }

    fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match (self, value) {
            (Self::Name(name), Value::Object(object)) => object.get(name),
            (Self::Index(index), Value::Object(object)) => object.get(&index.to_string()),
            (Self::Index(index), Value::Array(items)) => {
                let from_end = usize::try_from(index.unsigned_abs()).ok()?;
                let at = if *index < 0 { items.len().checked_sub(from_end)? } else { from_end };
                items.get(at)
            }
            _ => None,
        }
    }
}

/// Names and indexes, outermost first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path(Vec<Segment>);

/// RFC 9535 keeps indexes within what every JSON reader can represent.
const MAX_INDEX: i64 = (1 << 53) - 1;

impl Path {
    /// Parses a whole text: `body.items[0].id`.
    ///
    /// # Errors
    /// Where and why the text is not a path.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut cursor = Cursor::new(text, 0);
        let mut segments = match cursor.peek() {
            None => return Err(cursor.error("the path is empty")),
            Some('[') => Vec::new(),
            Some(_) => vec![bare(&mut cursor)?],
        };
        segments.append(&mut Self::parse_rest(&mut cursor)?.0);
        match cursor.peek() {
            None => Ok(Self(segments)),
            Some(_) => Err(unexpected(&cursor)),
        }
    }

    /// Takes `.name`, `[0]`, `["key"]` as long as they come.
    pub(super) fn parse_rest(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let mut segments = Vec::new();
        loop {
            match cursor.peek() {
                Some('.') => {
                    cursor.bump();
                    segments.push(bare(cursor)?);
                }
                Some('[') => segments.push(bracketed(cursor)?),
                _ => return Ok(Self(segments)),
            }
        }
    }

    /// Names and indexes, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether it leads nowhere: the value itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the first segment, if it is one.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first()?.name()
    }

    /// The value that the path leads to.
    ///
    /// # Errors
    /// How far it led, and what was there.
    pub fn find<'v>(&self, value: &'v Value) -> Result<&'v Value, Missing> {
        self.find_after(0, value)
    }

    /// The value that the rest of the path leads to, when `value` is what the first `done` segments stand for.
    ///
    /// # Errors
    /// How far it led, and what was there; the path it names starts at the beginning.
    pub fn find_after<'v>(&self, done: usize, value: &'v Value) -> Result<&'v Value, Missing> {
        let mut here = value;
        for (at, segment) in self.0.iter().enumerate().skip(done) {
            here = segment.find(here).ok_or_else(|| Missing {
                reached: Self(self.0[..at].to_vec()),
                wanted: segment.clone(),
                there: There::of(here, segment),
            })?;
        }
        Ok(here)
    }
}

impl FromStr for Path {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text)
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

/// `.name` and `.0`, the dot taken already.
fn bare(cursor: &mut Cursor<'_>) -> Result<Segment, SyntaxError> {
    let start = cursor.at();
    let name = cursor.take_while(is_bare);
    if name.is_empty() {
        return Err(match cursor.peek() {
            Some('.') => cursor.error("a reference leads to one value, `..` selects many"),
            Some('*') => cursor.error("a reference leads to one value, `*` selects many"),
            Some(c) if !ends_segment(c) => unexpected(cursor),
            _ => cursor.error("a name is missing after the dot"),
        });
    }
    if cursor.peek().is_some_and(|c| !ends_segment(c)) {
        let odd = cursor.next_shown();
        let mut whole = *cursor;
        whole.take_while(|c| !ends_segment(c));
        let quoted = quote(whole.since(start));
        return Err(cursor
            .error(format!("{odd} cannot stand in a bare name"))
            .help(format!("put the name in quotes: `[{quoted}]`")));
    }
    Ok(match index(name) {
        Some(index) => Segment::Index(index),
        None => Segment::Name(name.to_owned()),
    })
}

/// What a bare name may be followed by.
fn ends_segment(c: char) -> bool {
    matches!(c, '.' | '[' | ']' | '|' | '}' | '(' | ')' | ',') || c.is_whitespace()
}

/// A number as RFC 9535 writes indexes, without sign: no leading zeros.
fn index(digits: &str) -> Option<i64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|index| plain && *index <= MAX_INDEX)
}

/// `[0]`, `[-1]`, `["key"]`, `['key']`.
fn bracketed(cursor: &mut Cursor<'_>) -> Result<Segment, SyntaxError> {
    let start = cursor.at();
    cursor.bump();
    cursor.skip_space();
    let segment = match cursor.peek() {
        Some('"' | '\'') => Segment::Name(cursor.quoted()?),
        Some('*' | '?') => {
            return Err(cursor.error("a reference leads to one value: no wildcards or filters in brackets"));
        }
        _ => {
            let inner_start = cursor.at();
            let inner = cursor.take_while(|c| !matches!(c, ']' | '}' | '|')).trim_end();
            let (sign, digits) = inner.strip_prefix('-').map_or((1, inner), |digits| (-1, digits));
            match index(digits).filter(|index| sign > 0 || *index > 0) {
                Some(index) => Segment::Index(sign * index),
                None => return Err(bad_bracket(cursor, inner_start, inner)),
            }
        }
    };
    cursor.skip_space();
    if cursor.eat("]") {
        Ok(segment)
    } else {
        Err(cursor.error_since(
            start,
            format!("the bracket is not closed: expected `]`, found {}", cursor.next_shown()),
        ))
    }
}

fn bad_bracket(cursor: &Cursor<'_>, start: usize, inner: &str) -> SyntaxError {
    let problem = |message: String| SyntaxError::new(start, inner.len(), message);
    if inner.is_empty() {
        return cursor
            .error("the brackets are empty")
            .help("write an index as in `[0]` or a key as in `[\"name\"]`");
    }
    if inner.contains(':') || inner.contains(',') {
        return problem("a reference leads to one value: no slices or lists in brackets".to_owned());
    }
    let problem = problem(format!("`{inner}` is neither an index nor a key in quotes"));
    problem.help(format!("write `[{}]`", quote(inner)))
}

fn unexpected(cursor: &Cursor<'_>) -> SyntaxError {
    let mut whole = *cursor;
    let run = whole.take_while(|c| !ends_segment(c));
    let help = (!run.is_empty()).then(|| {
        format!(
            "a name with other characters than letters, digits, `_` and `-` is written in quotes: `[{}]`",
            quote(run)
        )
    });
    cursor.error(format!("{} cannot stand here", cursor.next_shown())).help_if(help)
}

/// As a JSON string, which every parser of paths reads back.
pub(super) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

impl fmt::Display for Segment {
    /// As it is written after something else: `.name`, `[0]`, `["any key"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) if is_plain(name) => write!(f, ".{name}"),
            Self::Name(name) => write!(f, "[{}]", quote(name)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Whether a name can be written bare and is read back as a name.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_bare) && index(name).is_none()
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut segments = self.0.iter();
        match segments.next() {
            Some(Segment::Name(name)) if is_plain(name) => f.write_str(name)?,
            Some(first) => write!(f, "{first}")?,
            None => {}
        }
        segments.try_for_each(|segment| write!(f, "{segment}"))
    }
}
