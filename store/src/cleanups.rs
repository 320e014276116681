//! What another worker needs to clean up after a run that is lost: one encrypted row per run, saved before the request
//! that makes it necessary, gone with the end of the run. What is in it is `domain::run::Checkpoint`'s.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{id::RunId, run::Checkpoint};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Conn, Error, Result, SecretKey,
    conn::with,
    runs::{self, Held},
    schema::cleanups,
    types::{Key, Moment, count},
};

/// Rows of these runs, by the leading column of the key and the other.
macro_rules! of {
    ($runs:expr) => {{
        let due = $runs.iter().map(|run: &RunId| Moment(run.due_at()));
        let ids = $runs.iter().copied().map(Key);
        cleanups::due_at.eq_any(due.collect::<Vec<_>>()).and(cleanups::run_id.eq_any(ids.collect::<Vec<_>>()))
    }};
}

/// Records that an unsafe request is about to be sent, and what clean-up has to know by then; it replaces what was known
/// before. False when the run is not this attempt's any more: send nothing.
pub async fn save(conn: &mut Conn, held: Held, sealed: &Sealed, now: DateTime<Utc>) -> Result<bool> {
    let Held { run, attempt, worker } = held;
    // The fence: it locks the row of the run, so that nobody takes the run away before this is committed.
    if !runs::mark_unsafe(conn, run, attempt, worker).await? {
        return Ok(false);
    }
    let value = (
        cleanups::attempt.eq(count(attempt)),
        cleanups::sealed.eq(&sealed.0),
        cleanups::saved_at.eq(Moment(now)),
    );
    let row = (cleanups::due_at.eq(Moment(run.due_at())), cleanups::run_id.eq(Key(run)), value);
    with!(conn, |c| diesel::insert_into(cleanups::table)
        .values(row)
        .on_conflict((cleanups::due_at, cleanups::run_id))
        .do_update()
        .set(value)
        .execute(c))?;
    Ok(true)
}

/// A checkpoint as it is kept: it opens with the key of the database and for its run only.
#[derive(Debug, Clone)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Encrypts. Outside of a transaction, for it may be large.
    pub fn seal(key: &SecretKey, run: RunId, checkpoint: &Checkpoint) -> Result<Self> {
        let plain: SecretString = serde_json::to_string(checkpoint).map_err(Error::corrupt)?.into();
        Ok(Self(key.seal(place(run).as_bytes(), &plain)))
    }

    /// Decrypts.
    ///
    /// # Errors
    /// Another key, another run, or what this version cannot read.
    pub fn open(&self, key: &SecretKey, run: RunId) -> Result<Checkpoint> {
        let plain = key.open(place(run).as_bytes(), &self.0)?;
        serde_json::from_str(plain.expose_secret()).map_err(Error::corrupt)
    }
}

fn place(run: RunId) -> String {
    format!("cleanup/{run}")
}

/// What is kept for a run.
pub async fn get(conn: &mut Conn, run: RunId) -> Result<Option<Sealed>> {
    let one = cleanups::table.find((Moment(run.due_at()), Key(run))).select(cleanups::sealed);
    let sealed: Option<Vec<u8>> = with!(conn, |c| one.first(c)).optional()?;
    Ok(sealed.map(Sealed))
}

/// For which of these runs something is kept.
pub async fn kept(conn: &mut Conn, runs: &[RunId]) -> Result<HashSet<RunId>> {
    if runs.is_empty() {
        return Ok(HashSet::new());
    }
    let some = cleanups::table.filter(of!(runs)).select(cleanups::run_id);
    let ids: Vec<Key<RunId>> = with!(conn, |c| some.load(c))?;
    Ok(ids.into_iter().map(|Key(id)| id).collect())
}

/// In the transaction that ends runs: what is kept for them is needed no more.
pub(crate) async fn forget(conn: &mut Conn, runs: &[RunId]) -> Result<()> {
    if !runs.is_empty() {
        with!(conn, |c| diesel::delete(cleanups::table.filter(of!(runs))).execute(c))?;
    }
    Ok(())
}
