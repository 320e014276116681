//! Keeps secret values out of everything that is shown or stored.
//!
//! A secret is found as it is, in any case of its ASCII letters, and in every encoding in which requests carry it:
//! escaped for JSON (also JSON within JSON, as echoes answer), HTML and XML, percent-encoded, as hexadecimal digits, and
//! in Base64 also as part of something longer (`user:password`). Digests and other encodings of encodings are not found. Mask before cutting a text short: half a secret
//! is not recognised.

use std::{borrow::Cow, collections::BTreeSet, fmt, ops::Range};

use aho_corasick::AhoCorasick;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Secrets of fewer characters are not masked: they would black out half of every text, and so tell themselves.
pub const MIN_SECRET_CHARS: usize = 4;

/// What our references leave as it is, and what the URL parser leaves in a query, a path and a password (WHATWG URL).
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const QUERY: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
const PATH: AsciiSet = QUERY.remove(b'\'').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');
const USER_INFO: AsciiSet = PATH
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'=')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'|')
    .add(b'\'');

/// Finds secrets in texts and values and replaces them by [`MASK`].
#[derive(Clone, Default)]
pub struct Masker {
    /// Every spelling of every secret.
    spellings: BTreeSet<String>,
    /// Finds all of them in one pass; `None` without secrets.
    finder: Option<AhoCorasick>,
}

impl Masker {
    /// Knows these secrets.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut masker = Self::default();
        for secret in secrets {
            masker.spellings.extend(spellings(secret));
        }
        masker.rebuild();
        masker
    }

    /// Knows one more secret, such as one that was captured from an answer.
    pub fn add(&mut self, secret: &str) {
        let before = self.spellings.len();
        self.spellings.extend(spellings(secret));
        if self.spellings.len() > before {
            self.rebuild();
        }
    }

    /// Whether there is no secret to find.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// The text without secrets.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut shown = 0;
        for secret in found {
            masked.push_str(&text[shown..secret.start]);
            masked.push_str(MASK);
            shown = secret.end;
        }
        masked.push_str(&text[shown..]);
        Cow::Owned(masked)
    }

    /// The value without secrets in its texts, keys and numbers; a number that holds one becomes text.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(object) => {
                object.iter().map(|(key, value)| (self.text(key).into_owned(), self.value(value))).collect()
            }
            Value::Number(number) => match self.text(&number.to_string()) {
                Cow::Borrowed(_) => value.clone(),
                Cow::Owned(masked) => masked.into(),
            },
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// Bytes of the longest spelling of a secret; 0 without secrets.
    pub(crate) fn longest(&self) -> usize {
        self.spellings.iter().map(String::len).max().unwrap_or(0)
    }

    /// Where secrets are. Those that overlap are one, so that the tail of neither is left over.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let mut found: Vec<Range<usize>> = finder.find_overlapping_iter(text).map(|m| m.range()).collect();
        found.sort_unstable_by_key(|range| range.start);
        found.dedup_by(|next, merged| {
            let touches = next.start <= merged.end;
            if touches {
                merged.end = merged.end.max(next.end);
            }
            touches
        });
        found
    }

    fn rebuild(&mut self) {
        let build = || AhoCorasick::builder().ascii_case_insensitive(true).build(&self.spellings);
        self.finder = (!self.spellings.is_empty())
            .then(|| build().expect("the spellings of a run's secrets fit into an automaton"));
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} spellings)", self.spellings.len())
    }
}

/// Every text in which a secret can show; none for one that is too short.
fn spellings(secret: &str) -> Vec<String> {
    if secret.chars().count() < MIN_SECRET_CHARS {
        return Vec::new();
    }
    let mut spellings = vec![secret.to_owned(), hex(secret)];
    for escaped in in_json(secret) {
        spellings.extend(in_json(&escaped));
        spellings.push(escaped);
    }
    spellings.extend(in_markup(secret));
    for kept in [&UNRESERVED, &QUERY, &PATH, &USER_INFO] {
        spellings.push(utf8_percent_encode(secret, kept).to_string());
    }
    spellings.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    for before in 0..3 {
        spellings.extend(in_base64(&STANDARD, secret, before));
        spellings.extend(in_base64(&URL_SAFE_NO_PAD, secret, before));
    }
    spellings
}

fn hex(secret: &str) -> String {
    secret.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Inside a JSON string: as we escape it, and as encoders do that escape `/` or all that is not ASCII.
fn in_json(secret: &str) -> [String; 3] {
    let quoted = Value::from(secret).to_string();
    let escaped = &quoted[1..quoted.len() - 1];
    let mut ascii = String::new();
    for c in escaped.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            ascii.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    [escaped.to_owned(), escaped.replace('/', "\\/"), ascii]
}

/// In HTML and XML: as text, and as the value of an attribute in the ways that are in use.
fn in_markup(secret: &str) -> [String; 4] {
    let text = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let [quoted, numbered, hexadecimal] = [("&quot;", "&apos;"), ("&quot;", "&#39;"), ("&#34;", "&#x27;")]
        .map(|(double, single)| text.replace('"', double).replace('\'', single));
    [text, quoted, numbered, hexadecimal]
}

/// What a Base64 text shows of a secret that `before` bytes (modulo 3) precede: when more follows, and at its end. The
/// characters that mix the secret with its neighbours are left out; each holds at most four bits of it.
fn in_base64(engine: &impl Engine, secret: &str, before: usize) -> [String; 2] {
    let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
    let encoded = engine.encode(&bytes);
    let first_own = (before * 8).div_ceil(6);
    [encoded[first_own..bytes.len() * 8 / 6].to_owned(), encoded[first_own..].to_owned()]
}

#[cfg(test)]
mod tests;
