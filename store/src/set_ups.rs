//! What shared set-ups captured, once for all runs that use them: one row per collection and environment. Who fetches is
//! decided in the row, by `domain::set_up`'s rule and under its lock, so there is one fetch for a fleet. Captures are
//! sealed for their row and generation.

mod row;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::Slug,
    id::{CollectionId, RunId, WorkerId},
    set_up::{Ask, Belief, Failed, Fetch},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::{
    Conn, Error, Result, SecretKey,
    conn::{load_locked, with},
    schema::set_ups,
    types::{Doc, Key, Moment, count},
};
use row::{Failure, Row, judge};

/// After so long nobody may take what was captured: the longest ttl, and the longest run.
const FORGOTTEN: TimeDelta = TimeDelta::hours(25);

/// Which set-up, and what it is now: captures of an older collection, or of an environment that has changed since, are
/// nobody's any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The set-up.
    pub collection: CollectionId,
    /// In which environment.
    pub environment: Option<Slug>,
    /// The version that runs now.
    pub version: u32,
    /// The last change of the environment.
    pub environment_at: Option<DateTime<Utc>>,
}

/// What a look at a set-up says to whoever asks.
#[derive(Debug)]
pub enum Look {
    /// Take these captures.
    Take(Sealed),
    /// It failed a moment ago.
    Failed(Failed),
    /// Somebody fetches.
    Wait,
    /// Nobody does: [`claim`] it.
    Free,
}

/// What came of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// It is to be fetched, by nobody else.
    Ours(Claim),
    /// Somebody was faster.
    Not(Look),
}

/// A set-up that is ours to fetch.
#[derive(Debug, Clone)]
pub struct Claim {
    place: Place,
    worker: WorkerId,
    until: DateTime<Utc>,
    /// Of the captures, if it passes.
    pub generation: u32,
}

/// Captures as they are kept.
#[derive(Debug, Clone)]
pub struct Sealed {
    bytes: Vec<u8>,
    place: String,
    /// Counted from 1.
    pub generation: u32,
    /// Where they are from.
    pub fetch: Fetch,
}

impl Sealed {
    /// Encrypts what a claimed fetch captured. Outside of a transaction, for it may be large.
    pub fn seal(key: &SecretKey, claim: &Claim, captures: &Map<String, Value>, fetch: Fetch) -> Result<Self> {
        let plain: SecretString = serde_json::to_string(captures).map_err(Error::corrupt)?.into();
        let place = sealing_place(&claim.place, claim.generation);
        let bytes = key.seal(place.as_bytes(), &plain);
        Ok(Self { bytes, place, generation: claim.generation, fetch })
    }

    /// Decrypts.
    ///
    /// # Errors
    /// Another key, another row or generation, or what this version cannot read.
    pub fn open(&self, key: &SecretKey) -> Result<Map<String, Value>> {
        let plain = key.open(self.place.as_bytes(), &self.bytes)?;
        serde_json::from_str(plain.expose_secret()).map_err(Error::corrupt)
    }
}

/// The associated data.
fn sealing_place(place: &Place, generation: u32) -> String {
    format!("set-up/{}/{}/{generation}", place.collection, environment(place))
}

fn environment(place: &Place) -> &str {
    place.environment.as_ref().map_or("", Slug::as_str)
}

/// The row of a claim, while it is that claim's.
macro_rules! ours {
    ($claim:expr) => {
        set_ups::table.filter(
            set_ups::collection_id
                .eq(Key($claim.place.collection))
                .and(set_ups::environment.eq(environment(&$claim.place)))
                .and(set_ups::fetching_by.eq(Key($claim.worker)))
                .and(set_ups::fetching_until.eq(Moment($claim.until))),
        )
    };
}

/// What there is for whoever asks.
pub async fn look(
    conn: &mut Conn,
    place: &Place,
    ask: &Ask,
    belief: Belief,
    now: DateTime<Utc>,
) -> Result<Look> {
    let one = set_ups::table.find((Key(place.collection), environment(place)));
    let row: Option<Row> = with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?;
    match row {
        Some(row) => judge(conn, row, place, ask, belief, now).await,
        None => Ok(Look::Free),
    }
}

/// Makes the fetch ours, if nobody's captures or fetch would do. It ends `until` then, or with the worker's lease. The two
/// name the claim, so a second try of the same one, whose answer got lost, answers the same.
pub async fn claim(
    conn: &mut Conn,
    place: &Place,
    ask: &Ask,
    belief: Belief,
    (worker, until): (WorkerId, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Claimed> {
    let empty = (
        set_ups::collection_id.eq(Key(place.collection)),
        set_ups::environment.eq(environment(place)),
        set_ups::version.eq(count(place.version)),
        set_ups::environment_at.eq(place.environment_at.map(Moment)),
        set_ups::claimed_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::insert_into(set_ups::table).values(empty).on_conflict_do_nothing().execute(c))?;
    let one = set_ups::table.find((Key(place.collection), environment(place)));
    let rows: Vec<Row> = load_locked!(conn, one.select(Row::as_select()))?;
    let row = rows.into_iter().next().ok_or_else(|| Error::corrupt("a set-up without its row"))?;
    let (generation, is_current) = (row.generation.cast_unsigned(), row.is_current(place));
    let ours = Claim { place: place.clone(), worker, until, generation: generation + 1 };
    if row.is_claimed(worker, until) {
        return Ok(Claimed::Ours(ours));
    }
    match judge(conn, row, place, ask, belief, now).await? {
        Look::Free => {}
        found => return Ok(Claimed::Not(found)),
    }
    if !is_current {
        clear(conn, place).await?;
    }
    let taken = (
        set_ups::version.eq(count(place.version)),
        set_ups::environment_at.eq(place.environment_at.map(Moment)),
        set_ups::fetching_by.eq(Some(Key(worker))),
        set_ups::fetching_until.eq(Some(Moment(until))),
        set_ups::claimed_at.eq(Moment(now)),
    );
    with!(conn, |c| diesel::update(one).set(taken).execute(c))?;
    Ok(Claimed::Ours(ours))
}

/// What was captured and what failed is of another version.
async fn clear(conn: &mut Conn, place: &Place) -> Result<()> {
    let one = set_ups::table.find((Key(place.collection), environment(place)));
    let nothing = (
        set_ups::sealed.eq(None::<Vec<u8>>),
        set_ups::fetched_at.eq(None::<Moment>),
        set_ups::fetched_by.eq(None::<Key<RunId>>),
        set_ups::failures.eq(0),
        set_ups::failed_at.eq(None::<Moment>),
    );
    with!(conn, |c| diesel::update(one).set(nothing).execute(c))?;
    Ok(())
}

/// Keeps what was captured. False when the claim is not ours any more: it is nobody's then.
pub async fn keep(conn: &mut Conn, claim: &Claim, sealed: &Sealed) -> Result<bool> {
    let kept = (
        set_ups::generation.eq(count(claim.generation)),
        set_ups::sealed.eq(Some(&sealed.bytes)),
        set_ups::fetched_at.eq(Some(Moment(sealed.fetch.at))),
        set_ups::fetched_by.eq(Some(Key(sealed.fetch.by))),
        set_ups::failures.eq(0),
        set_ups::failed_at.eq(None::<Moment>),
        set_ups::fetching_by.eq(None::<Key<WorkerId>>),
        set_ups::fetching_until.eq(None::<Moment>),
    );
    Ok(with!(conn, |c| diesel::update(ours!(claim)).set(kept).execute(c))? == 1)
}

/// Keeps why there is nothing. False when the claim is not ours any more.
pub async fn fail(conn: &mut Conn, claim: &Claim, failed: &Failed, now: DateTime<Utc>) -> Result<bool> {
    let failure = Failure { outcome: failed.outcome, reason: failed.reason.clone() };
    let kept = (
        set_ups::failures.eq(set_ups::failures + 1),
        set_ups::failure.eq(Some(Doc(failure))),
        set_ups::failed_at.eq(Some(Moment(now))),
        set_ups::failed_by.eq(failed.fetch.as_ref().map(|fetch| Key(fetch.by))),
        set_ups::fetching_by.eq(None::<Key<WorkerId>>),
        set_ups::fetching_until.eq(None::<Moment>),
    );
    Ok(with!(conn, |c| diesel::update(ours!(claim)).set(kept).execute(c))? == 1)
}

/// Leaves it to others, as if nobody had tried. False when the claim is not ours any more.
pub async fn release(conn: &mut Conn, claim: &Claim) -> Result<bool> {
    let free = (set_ups::fetching_by.eq(None::<Key<WorkerId>>), set_ups::fetching_until.eq(None::<Moment>));
    Ok(with!(conn, |c| diesel::update(ours!(claim)).set(free).execute(c))? == 1)
}

/// Locks a row for this transaction, if it is there.
pub(crate) async fn lock(
    conn: &mut Conn,
    collection: CollectionId,
    environment: Option<&Slug>,
) -> Result<()> {
    let one = set_ups::table.find((Key(collection), environment.map_or("", Slug::as_str)));
    let _: Vec<i32> = load_locked!(conn, one.select(set_ups::generation))?;
    Ok(())
}

/// Forgets what nobody may take any more.
pub(crate) async fn prune(conn: &mut Conn) -> Result<()> {
    let now = crate::now(conn).await?;
    let old = set_ups::table.filter(set_ups::claimed_at.lt(Moment(now - FORGOTTEN)));
    with!(conn, |c| diesel::delete(old).execute(c))?;
    Ok(())
}
