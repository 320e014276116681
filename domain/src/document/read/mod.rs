//! Reading documents: YAML and JSON text with the place of every problem, and values that came over REST.
//!
//! This is about form: syntax, known keys, types. Whether a well-formed document makes sense is [`super::check`]'s.

mod decode;
mod expand;
mod places;
mod scalar;
mod syntax;
#[cfg(test)]
mod tests;
mod typed;
mod yaml;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::places::Places;
use super::{Channel, Collection, Document, Environment, Kind, Monitor, VERSION, files};
use crate::problem::{self, Problem};

/// A text longer than this is not read.
pub const MAX_TEXT: usize = 4 << 20;

/// One document as it was read, and all that is wrong with it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The document; only if it has no error.
    pub document: Option<Document>,
    /// What it describes, as far as that could be told.
    pub kind: Option<Kind>,
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
    /// The line on which it begins, counted from 1; 1 when it did not come from text.
    pub line: u32,
    /// The document without its unknown keys, if they are all that is wrong: good enough to be checked further.
    draft: Option<Document>,
    value: Value,
    places: Places,
}

/// Where documents come from, which decides how secrets may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Text,
    Rest,
}

impl Reading {
    /// What can be checked: the document, or what is left of it without its unknown keys.
    #[must_use]
    pub fn draft(&self) -> Option<&Document> {
        self.document.as_ref().or(self.draft.as_ref())
    }

    /// The same, to be completed before it is checked.
    pub(super) fn draft_mut(&mut self) -> Option<&mut Document> {
        self.document.as_mut().or(self.draft.as_mut())
    }

    /// What was written, as JSON, whatever it means; null when that cannot be told.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether the text could not be read at all, so that nothing is known about what it means.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.value.is_null() && self.has_errors()
    }

    /// The line on which the value at a JSON pointer begins, when the document came from text.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> Option<u32> {
        self.places.line_of(pointer)
    }

    /// Whether it is refused.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }

    /// Adds what was found out later, with line and column, unless it was told before. An error takes the document away.
    pub fn add(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for mut problem in problems {
            self.places.locate(&mut problem, &self.value);
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        if self.has_errors() && self.document.is_some() {
            self.draft = self.document.take();
        }
    }

    fn new(value: Value, places: Places, line: u32) -> Self {
        Self { document: None, kind: None, problems: Vec::new(), line, draft: None, value, places }
    }

    /// Decodes the value as a document of its kind, which is known by now.
    fn decode(&mut self, kind: Kind, origin: Origin) {
        self.kind = Some(kind);
        match kind {
            Kind::Collection => self.decode_as::<Collection>(Document::Collection),
            Kind::Monitor => self.decode_as::<Monitor>(Document::Monitor),
            Kind::Environment => self.decode_as::<Environment>(Document::Environment),
            Kind::Channel => self.decode_as::<Channel>(Document::Channel),
        }
        let Some(draft) = self.draft() else { return };
        let problems = match (draft, origin) {
            (Document::Environment(environment), _) => secrets(environment, origin),
            (draft, Origin::Rest) => files::all_unread(draft),
            (_, Origin::Text) => Vec::new(),
        };
        self.add(problems);
    }

    /// Puts the contents of every file that the document names in place of its path; `read` gives them, or says why it
    /// cannot. Without this, checking the document finds every such path.
    pub fn read_files(&mut self, mut read: impl FnMut(&str) -> Result<Vec<u8>, String>) {
        let document = self.document.as_mut().or(self.draft.as_mut());
        let problems = document.map(|document| files::resolve(document, &mut read));
        self.add(problems.unwrap_or_default());
    }

    fn decode_as<T: DeserializeOwned>(&mut self, wrap: fn(T) -> Document) {
        let typed = typed::decode::<T>(&self.value, &self.places);
        self.document = typed.document.filter(|_| typed.whole).map(wrap);
        self.add(typed.problems);
    }
}

/// Every document of a YAML or JSON text; at least one reading, so that an empty text has a place for its problem.
#[must_use]
pub fn read_text(text: &str) -> Vec<Reading> {
    if text.len() > MAX_TEXT {
        return vec![refused(Problem::error("", format!("the text is longer than {} MiB", MAX_TEXT >> 20)))];
    }
    let readings: Vec<_> = yaml::parse(text).into_iter().map(reading).collect();
    if readings.is_empty() {
        let problem = Problem::error("", "there is no document in this text");
        return vec![refused(problem.help("a document begins with `kind: collection` and `version: 1`"))];
    }
    readings
}

/// One document that came as a value, with pointers for places. `kind` and `version` may be left out.
#[must_use]
pub fn read_value(kind: Kind, value: &Value) -> Reading {
    let mut reading = Reading::new(value.clone(), Places::default(), 1);
    let Some(map) = value.as_object() else {
        reading.add([not_a_mapping(value)]);
        return reading;
    };
    if let Some(given) = map.get("kind").filter(|given| given.as_str() != Some(kind.as_str())) {
        let given =
            given.as_str().map_or_else(|| typed::name(given).to_owned(), |given| format!("`{given}`"));
        reading.add([Problem::error("/kind", format!("expected `{kind}` here, found {given}"))]);
    }
    if let Some(version) = map.get("version") {
        reading.add(version_problem(version));
    }
    reading.decode(kind, Origin::Rest);
    reading
}

fn refused(problem: Problem) -> Reading {
    let mut reading = Reading::new(Value::Null, Places::default(), 1);
    reading.problems.push(Problem { line: Some(1), column: Some(1), ..problem });
    reading
}

fn reading(parsed: yaml::Parsed) -> Reading {
    let yaml::Parsed { value, places, problems, line } = parsed;
    let Some(value) = value else {
        return Reading { problems, ..Reading::new(Value::Null, places, line) };
    };
    let mut reading = Reading::new(value, places, line);
    reading.add(problems);
    if !reading.value.is_object() {
        let problem = not_a_mapping(&reading.value);
        reading.add([problem.help("begin with `kind: collection` and `version: 1`")]);
        return reading;
    }
    match kind(&reading.value) {
        Ok(kind) => {
            let version = match reading.value.get("version") {
                Some(version) => version_problem(version),
                None => Some(Problem::error("", "the key `version` is missing").help("add `version: 1`")),
            };
            reading.add(version);
            reading.decode(kind, Origin::Text);
        }
        Err(problem) => reading.add([problem]),
    }
    reading
}

fn not_a_mapping(value: &Value) -> Problem {
    Problem::error("", format!("a document is a mapping (`key: value`), found {}", typed::name(value)))
}

/// The kind of a document that says it, or what to do.
fn kind(value: &Value) -> Result<Kind, Problem> {
    let words: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let Some(given) = value.get("kind") else {
        let problem = Problem::error("", "the key `kind` is missing");
        let help = match likely_kind(value) {
            Some(kind) => format!("add `kind: {kind}`"),
            None => format!("one of {}", decode::list(&words)),
        };
        return Err(problem.help(help));
    };
    let text = given.as_str().unwrap_or_default();
    text.parse().map_err(|_| {
        let found = if given.is_string() { format!("`{text}`") } else { typed::name(given).to_owned() };
        let problem = Problem::error("/kind", format!("{found} is none of {}", decode::list(&words)));
        match problem::nearest(text, words) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    })
}

/// By the keys that only one kind has.
fn likely_kind(value: &Value) -> Option<Kind> {
    let has = |key| value.get(key).is_some();
    [
        (Kind::Collection, has("steps")),
        (Kind::Monitor, has("collections")),
        (Kind::Environment, has("secrets")),
        (Kind::Channel, has("type")),
    ]
    .into_iter()
    .find_map(|(kind, likely)| likely.then_some(kind))
}

fn version_problem(version: &Value) -> Option<Problem> {
    if version.as_u64() == Some(VERSION) {
        return None;
    }
    let found =
        version.as_u64().map_or_else(|| typed::name(version).to_owned(), |number| format!("`{number}`"));
    Some(
        Problem::error("/version", format!("the only `version` is 1, found {found}"))
            .help("write `version: 1`"),
    )
}

/// A value in a file ends up in version control; a name of the caller's process means nothing to a server.
fn secrets(environment: &Environment, origin: Origin) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, secret) in &environment.secrets {
        let pointer = format!("/secrets/{}", problem::pointer_token(name));
        match origin {
            Origin::Text if secret.value.is_some() => problems.push(
                Problem::warning(
                    format!("{pointer}/value"),
                    format!("the secret `{name}` stands in the file"),
                )
                .help(format!("take it from the command line's environment: `{{ from_env: {name} }}`")),
            ),
            Origin::Rest if secret.from_env.is_some() => problems.push(
                Problem::error(
                    format!("{pointer}/from_env"),
                    "`from_env` is for the command line, which resolves it",
                )
                .help("send `{ \"value\": \"…\" }`, or `{}` to keep the value that is there"),
            ),
            _ => {}
        }
    }
    problems
}
