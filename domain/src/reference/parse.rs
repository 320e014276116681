//! One reference: what is between `@{{` and `}}`.

use std::{fmt, ops::Range};

use super::{
    Filter, Path, Root,
    syntax::{Cursor, SyntaxError},
};

/// Opens a reference.
pub(super) const OPEN: &str = "@{{";
/// Closes it.
pub(super) const CLOSE: &str = "}}";
/// A literal [`OPEN`].
pub(super) const ESCAPED: &str = "@@{{";

/// One parsed reference: where a value comes from and what is done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    root: Root,
    path: Path,
    filters: Vec<Filter>,
    span: Range<usize>,
}

impl Reference {
    /// What it starts from.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether it starts from the step, or the shared set-up, of that id.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        matches!(&self.root, Root::Step(named) if named == id)
    }

    /// What follows the root.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is done with the value, in order.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The bytes it takes in the parsed text, braces included (an argument has none).
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// This reference and those in the arguments of its filters.
    pub(super) fn with_arguments(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.filters.iter().flat_map(Filter::references))
    }

    /// Parses `@{{ … }}`; the cursor stands at the `@`.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let start = cursor.at();
        cursor.eat(OPEN);
        cursor.skip_space();
        if cursor.rest().starts_with(CLOSE) {
            cursor.eat(CLOSE);
            let problem = cursor.error_since(start, "the reference is empty");
            return Err(problem.help("name a value, as in `@{{vars.base_url}}` or `@{{login.body.token}}`"));
        }
        if cursor.peek().is_none() {
            return Err(not_closed(cursor, start));
        }
        let mut reference = Self::parse_source(cursor)?;
        loop {
            cursor.skip_space();
            if cursor.eat(CLOSE) {
                reference.span = start..cursor.at();
                return Ok(reference);
            }
            if !cursor.eat("|") {
                return Err(expected_end(cursor, start));
            }
            reference.filters.push(Filter::parse(cursor)?);
        }
    }

    /// Parses a root and its path: all of a reference but its braces and filters.
    pub(super) fn parse_source(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let start = cursor.at();
        let root = Root::parse(cursor)?;
        let path = Path::parse_rest(cursor)?;
        root.check(&path, start, cursor.at() - start)?;
        Ok(Self { root, path, filters: Vec::new(), span: start..cursor.at() })
    }
}

fn not_closed(cursor: &Cursor<'_>, start: usize) -> SyntaxError {
    let problem = SyntaxError::new(start, cursor.at() - start, "the reference is not closed");
    problem.help("write `}}` at its end, or `@@{{` for a literal `@{{`")
}

fn expected_end(cursor: &Cursor<'_>, start: usize) -> SyntaxError {
    match cursor.peek() {
        None => not_closed(cursor, start),
        Some('}') => cursor.error("expected `}}`, found a single `}`"),
        Some(_) if cursor.rest().starts_with(OPEN) => {
            cursor.error("a reference cannot stand inside another").help("close the first one with `}}`")
        }
        Some('(') => cursor.error("only functions and filters take parentheses"),
        Some(c) if c.is_alphanumeric() || c == '"' || c == '\'' => {
            cursor.error(format!("expected `|` or `}}}}`, found {}", cursor.next_shown())).help(
                "a name with spaces is written in quotes, as in `body[\"first name\"]`; a filter follows `|`",
            )
        }
        Some(_) => cursor.error(format!("expected `|` or `}}}}`, found {}", cursor.next_shown())),
    }
}

impl fmt::Display for Reference {
    /// The canonical text between the braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)?;
        self.path.segments().iter().try_for_each(|segment| write!(f, "{segment}"))?;
        self.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))
    }
}
