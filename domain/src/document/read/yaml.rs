//! YAML (and with it JSON) to JSON values, with the place of every node.
//!
//! The text is cut at its `---` lines first, so that a mistake in one document does not hide the next. Aliases and
//! merge keys are expanded under a budget: a short text cannot become a large document.

use std::{collections::HashMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Value;

use super::{
    expand::expand,
    places::{Mark, Places},
    scalar, syntax,
};
use crate::problem::Problem;

/// How deep lists and mappings may nest.
pub(super) const MAX_DEPTH: usize = 64;

/// One document of a text, before anything is known about its kind.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// `None` when the text could not be parsed, or nothing is there.
    pub(super) value: Option<Value>,
    pub(super) places: Places,
    pub(super) problems: Vec<Problem>,
    /// The line on which it begins, counted from 1.
    pub(super) line: u32,
}

/// A node of the text. Aliases share what they name.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) mark: Option<Mark>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// With the place of its first character when it is a text that stands in the source as it is.
    Scalar(Value, Option<Mark>),
    List(Vec<Rc<Node>>),
    Map(Vec<(Key, Rc<Node>)>),
    /// A scalar that JSON does not have.
    Unusable(String),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) mark: Mark,
    /// A plain `<<`: its value is merged into the mapping.
    pub(super) merge: bool,
}

/// Every document of a text, in order; empty ones are left out.
pub(super) fn parse(text: &str) -> Vec<Parsed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    for (first_line, chunk) in chunks(text) {
        documents.append(&mut parse_chunk(chunk, first_line));
    }
    documents
}

/// Cuts a text at its `---` lines (which no scalar can contain: YAML 1.2, rule 206, c-forbidden).
fn chunks(text: &str) -> Vec<(u32, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut first_line, mut at) = (0, 1, 0);
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker {
            chunks.push((first_line, &text[start..at]));
            (start, first_line) = (at, number);
        }
        at += line.len();
    }
    chunks.push((first_line, &text[start..]));
    chunks.retain(|(_, chunk)| !is_blank(chunk));
    chunks
}

/// Nothing but comments, directives, markers and white space.
fn is_blank(chunk: &str) -> bool {
    chunk.lines().all(|line| {
        let content = line.strip_prefix("---").or_else(|| line.strip_prefix("...")).unwrap_or(line).trim();
        content.is_empty() || content.starts_with('#') || line.starts_with('%')
    })
}

fn parse_chunk(chunk: &str, first_line: u32) -> Vec<Parsed> {
    let mut builder = Builder::new(chunk, first_line);
    let mut documents = Vec::new();
    loop {
        match builder.document() {
            Ok(Some(root)) => documents.push(finish(&root, first_line)),
            Ok(None) => return documents,
            Err(stop) => {
                documents.push(builder.failed(stop));
                return documents;
            }
        }
    }
}

fn finish(root: &Node, first_line: u32) -> Parsed {
    let line = root.mark.map_or(first_line, |mark| mark.line);
    let (value, places, problems) = expand(root);
    Parsed { value, places, problems, line }
}

/// Why a chunk cannot be read further.
enum Stop {
    Syntax(ScanError),
    Problem(Box<Problem>),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

/// From the parser's events to a tree.
struct Builder<'t> {
    text: &'t str,
    lines: Vec<&'t str>,
    first_line: u32,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Rc<Node>>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, first_line: u32) -> Self {
        let parser = Parser::new_from_str(text);
        Self { text, lines: text.lines().collect(), first_line, parser, anchors: HashMap::new() }
    }

    /// The next document's root, or `None` at the end.
    fn document(&mut self) -> Result<Option<Rc<Node>>, Stop> {
        loop {
            let Some(event) = self.parser.next_event() else { return Ok(None) };
            match event? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(None),
                (event, span) => return self.node(event, span, 0).map(Some),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(event) => Ok(event?),
            None => Err(stop(self.mark_at(self.lines.len(), 0), "the document ends too early", None)),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Rc<Node>, Stop> {
        let mark = self.mark(&span);
        if depth > MAX_DEPTH {
            return Err(stop(mark, "lists and mappings nest too deeply", Some("at most 64 levels")));
        }
        let (what, anchor, tag) = match event {
            Event::Alias(id) => {
                let known = self.anchors.get(&id).cloned();
                return known.ok_or_else(|| stop(mark, "this alias stands inside of what it names", None));
            }
            Event::Scalar(text, style, anchor, tag) => (self.scalar(&text, style, &span), anchor, tag),
            Event::SequenceStart(anchor, tag) => (self.list(depth)?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.map(depth)?, anchor, tag),
            _ => return Err(stop(mark, "a value is missing here", None)),
        };
        if tag.is_some() {
            let help = "quote what is meant as text";
            return Err(stop(mark, "YAML tags (`!…`) have no meaning here", Some(help)));
        }
        let written = !matches!(&what, What::Scalar(Value::Null, _) if span.is_empty());
        let node = Rc::new(Node { mark: written.then_some(mark), what });
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<What, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(What::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<What, Stop> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(What::Map(entries)),
                (Event::Scalar(text, style, ..), span) => Key {
                    merge: style == ScalarStyle::Plain && text == "<<",
                    text: text.into_owned(),
                    mark: self.mark(&span),
                },
                (_, span) => {
                    let help = "a value that starts with `{` or `[` and is a text goes in quotes";
                    return Err(stop(self.mark(&span), "a key must be a text", Some(help)));
                }
            };
            let (event, span) = self.next()?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: &Span) -> What {
        if style != ScalarStyle::Plain {
            return What::Scalar(Value::String(text.to_owned()), self.verbatim(text, style, span));
        }
        match scalar::plain(text) {
            Ok(value) => What::Scalar(value, self.verbatim(text, style, span)),
            Err(message) => What::Unusable(message),
        }
    }

    /// The place of a text's first character, if the source has the text just as it is on one line.
    fn verbatim(&self, text: &str, style: ScalarStyle, span: &Span) -> Option<Mark> {
        let quote = match style {
            ScalarStyle::Plain => 0,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
            ScalarStyle::Literal | ScalarStyle::Folded => return None,
        };
        let line = self.lines.get(span.start.line().checked_sub(1)?)?;
        let column = span.start.col() + quote;
        let at = line.char_indices().nth(column)?.0;
        line[at..].starts_with(text).then(|| self.mark_at(span.start.line(), column))
    }

    fn mark(&self, span: &Span) -> Mark {
        self.mark_at(span.start.line(), span.start.col())
    }

    /// From the chunk's line (from 1) and column (from 0) to the text's.
    fn mark_at(&self, line: usize, column: usize) -> Mark {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Mark {
            line: number(line.saturating_sub(1)).saturating_add(self.first_line),
            column: number(column).saturating_add(1),
        }
    }

    /// A document that could not be parsed. JSON has a few forms that YAML lacks (`\ud83d\ude00`): what JSON can read
    /// is read as JSON, without places.
    fn failed(&self, stop: Stop) -> Parsed {
        let problem = match stop {
            Stop::Problem(problem) => *problem,
            Stop::Syntax(error) => {
                if let Ok(value) = serde_json::from_str(self.text) {
                    return Parsed { value: Some(value), line: self.first_line, ..Parsed::default() };
                }
                let mark = self.mark_at(error.marker().line(), error.marker().col());
                syntax::problem(&error, &self.lines, mark)
            }
        };
        Parsed { problems: vec![problem], line: self.first_line, ..Parsed::default() }
    }
}

fn stop(mark: Mark, message: &str, help: Option<&str>) -> Stop {
    let mut problem = Problem::error("", message);
    problem.help = help.map(str::to_owned);
    (problem.line, problem.column) = (Some(mark.line), Some(mark.column));
    Stop::Problem(Box::new(problem))
}
