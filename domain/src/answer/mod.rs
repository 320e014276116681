//! One exchange as later steps, assertions and captures see it: a request and its response, lazily parsed. Which
//! names lead where is in `find`; what must hold of a value is not decided here.

mod find;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

pub use find::check;

use crate::{
    exchange::{Request, Response},
    markup::{self, Tree},
};

/// One request and its response.
#[derive(Debug)]
pub struct Answer {
    request: Arc<Request>,
    response: Box<Response>,
    received_at: Option<DateTime<Utc>>,
    /// Always an object.
    captures: Value,
    json: OnceLock<Option<Value>>,
    text: OnceLock<Value>,
    markup: OnceLock<Result<Tree, String>>,
}

impl Answer {
    /// What was sent and what came back.
    #[must_use]
    pub fn new(request: impl Into<Arc<Request>>, response: impl Into<Box<Response>>) -> Self {
        Self {
            request: request.into(),
            response: response.into(),
            received_at: None,
            captures: Value::Object(Map::new()),
            json: OnceLock::new(),
            text: OnceLock::new(),
            markup: OnceLock::new(),
        }
    }

    /// The same, with the time of day when it was there. `tls.expires_in` counts from then, and is missing without.
    #[must_use]
    pub fn received_at(self, now: DateTime<Utc>) -> Self {
        Self { received_at: Some(now), ..self }
    }

    /// What was sent.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What came back.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// Names values of this answer; replaces the names it had.
    pub fn set_captures(&mut self, captures: BTreeMap<String, Value>) {
        self.captures = Value::Object(captures.into_iter().collect());
    }

    /// All named values: an object.
    pub(crate) fn captures(&self) -> &Value {
        &self.captures
    }

    /// When it was there.
    pub(crate) fn seen_at(&self) -> Option<DateTime<Utc>> {
        self.received_at
    }

    /// A named value.
    #[must_use]
    pub fn capture(&self, name: &str) -> Option<&Value> {
        self.captures.get(name)
    }

    /// The body as text: UTF-8, or ISO 8859-1 where the content type says so; what is neither becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let bytes: &[u8] = &self.response.body;
        match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(_) if self.says("iso-8859-1") => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
            Err(_) => String::from_utf8_lossy(bytes),
        }
    }

    /// The body as JSON, parsed once; `None` if it is not JSON, or is nested deeper than 127 levels.
    ///
    /// A lone number, text, boolean or null counts as JSON only if the content type says that it is: a `text/plain`
    /// answer of `007` or `null` is a text.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| parse(&self.text(), || self.says("json"))).as_ref()
    }

    /// The body as HTML or XML, parsed once; or why it is neither, as half a sentence.
    pub(crate) fn markup(&self) -> Result<&Tree, String> {
        let parse = || markup::parse(&self.response.header("content-type").unwrap_or_default(), &self.text());
        self.markup.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// The body: JSON if it is, else text.
    #[must_use]
    pub fn body(&self) -> &Value {
        self.json().unwrap_or_else(|| self.text_value())
    }

    /// The body as text, as a value.
    pub(crate) fn text_value(&self) -> &Value {
        self.text.get_or_init(|| Value::String(self.text().into_owned()))
    }

    /// Whether the content type mentions a word.
    fn says(&self, word: &str) -> bool {
        self.response.header("content-type").is_some_and(|text| text.to_ascii_lowercase().contains(word))
    }
}

/// A text as JSON; lone scalars only where they are announced as such.
fn parse(text: &str, scalars: impl FnOnce() -> bool) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array() || scalars())
}
