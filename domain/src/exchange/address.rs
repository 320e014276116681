//! Where a request goes: a text that whoever sends it reads as a URL, or that was read before.

use std::{fmt, ops::Deref, sync::Arc};

use url::Url;

/// A URL that was rendered: absolute, percent-encoded, `http` or `https`, or whatever else a value in it has made of it.
#[derive(Clone)]
pub struct Address {
    text: String,
    /// What the text reads as.
    read: Option<Arc<Url>>,
}

impl Address {
    /// One that many requests go to: it is read now.
    #[must_use]
    pub fn fixed(text: &str) -> Self {
        Self { text: text.to_owned(), read: Url::parse(text).ok().map(Arc::new) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it reads as, if it was read before and is a URL.
    #[must_use]
    pub fn read(&self) -> Option<&Url> {
        self.read.as_deref()
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self { text, read: None }
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Deref for Address {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl PartialEq<&str> for Address {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}
