//! Keyset paging, newest first. Ids are UUIDv7, so their order is the order of coming into being, and the last id of
//! a page is all that a cursor has to carry.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::types::Key;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many.
    pub limit: u32,
    /// After this one; from the newest when absent.
    pub cursor: Option<Cursor>,
}

impl Page {
    /// The newest `limit`.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { limit, cursor: None }
    }

    /// One more than wanted, to know whether there is a next page.
    pub(crate) fn probe(self) -> i64 {
        i64::from(self.limit.max(1)) + 1
    }

    /// Only rows with a smaller id belong to this page.
    pub(crate) fn below(self) -> Key<Uuid> {
        Key(self.cursor.map_or(Uuid::max(), |cursor| cursor.0))
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    /// Newest first.
    pub data: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<Cursor>,
}

impl<T> Listing<T> {
    /// From up to `page.probe()` rows.
    pub(crate) fn of(mut data: Vec<T>, page: Page, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = page.limit.max(1) as usize;
        let more = data.len() > limit;
        data.truncate(limit);
        let next_cursor = data.last().filter(|_| more).map(|last| Cursor(id(last)));
        Self { data, next_cursor }
    }

    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Listing<U> {
        Listing { data: self.data.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }
}

/// A place in a list: opaque outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(Uuid);

/// Why a text is not a [`Cursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        Uuid::from_slice(&bytes).map(Self).map_err(|_| CursorError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_text() {
        let cursor = Cursor(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("not a cursor".parse::<Cursor>(), Err(CursorError));
    }

    #[test]
    fn a_full_page_with_nothing_behind_it_has_no_next() {
        let ids: Vec<_> = (0..3_u128).map(Uuid::from_u128).collect();
        assert_eq!(Listing::of(ids.clone(), Page::first(3), |id| *id).next_cursor, None);
        let listing = Listing::of(ids.clone(), Page::first(2), |id| *id);
        assert_eq!((listing.data.len(), listing.next_cursor), (2, Some(Cursor(ids[1]))));
    }
}
