//! Environments: variables in clear, secrets sealed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{
    document::{Environment, Kind, SecretValue, Slug},
    id::EnvironmentId,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::{
    Change, Conn, Error, Listing, Page, Result, SecretKey,
    conn::with,
    references,
    schema::{environment_secrets, environments},
    types::{Doc, Key, Moment, Word},
};

/// An environment as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedEnvironment {
    /// Survives changes, not deletion.
    pub id: EnvironmentId,
    /// The document; its secrets are names with `{}`.
    pub document: Environment,
    /// When it came into being.
    pub created_at: DateTime<Utc>,
    /// When the document or a secret changed last.
    pub updated_at: DateTime<Utc>,
}

/// What references see of an environment.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// When the document or a secret changed last; `None` for what is no environment's.
    pub updated_at: Option<DateTime<Utc>>,
    /// Shown to everybody.
    pub vars: Map<String, Value>,
    /// Shown to nobody.
    pub secrets: BTreeMap<String, SecretString>,
}

/// Saves a new environment. `Conflict` when the id is taken; `Incomplete` when a secret has no value.
pub async fn create(
    conn: &mut Conn,
    document: &Environment,
    key: &SecretKey,
    now: DateTime<Utc>,
) -> Result<SavedEnvironment> {
    if row(conn, &document.id).await?.is_some() {
        return Err(Error::taken(Kind::Environment, &document.id));
    }
    Ok(replace(conn, document, key, now).await?.1)
}

/// Creates or replaces by slug. A secret written as `{}` keeps its value, one that is not named any more goes;
/// `Incomplete` when `{}` has nothing to keep.
pub async fn replace(
    conn: &mut Conn,
    document: &Environment,
    key: &SecretKey,
    now: DateTime<Utc>,
) -> Result<(Change, SavedEnvironment)> {
    let old = row(conn, &document.id).await?;
    let id = old.as_ref().map_or_else(|| EnvironmentId::random(now), |old| old.id.0);
    let kept = sealed(conn, &[Key(id)]).await?;
    let fresh = fresh_secrets(document, id, key, &kept)?;
    let gone: Vec<_> = kept.keys().filter(|(_, name)| !document.secrets.contains_key(name)).collect();

    let plain = Environment { secrets: BTreeMap::new(), ..document.clone() };
    let change = match &old {
        None => Change::Created,
        Some(old) if old.document.0 == plain && fresh.is_empty() && gone.is_empty() => Change::Unchanged,
        Some(_) => Change::Replaced,
    };
    let created_at = old.as_ref().map_or(Moment(now), |old| old.created_at);
    let updated_at = old.filter(|_| change == Change::Unchanged).map_or(Moment(now), |old| old.updated_at);
    let row = Row { id: Key(id), slug: Word(plain.id.clone()), document: Doc(plain), created_at, updated_at };
    match change {
        Change::Created => {
            with!(conn, |c| diesel::insert_into(environments::table).values(&row).execute(c))?;
        }
        Change::Replaced => {
            with!(conn, |c| diesel::update(environments::table.find(row.id)).set(&row).execute(c))?;
        }
        Change::Unchanged => {}
    }
    for (id, name) in gone {
        let one = environment_secrets::table.find((*id, name));
        with!(conn, |c| diesel::delete(one).execute(c))?;
    }
    for (name, sealed) in fresh {
        keep(conn, Key(id), &name, &sealed, now).await?;
    }
    Ok((change, saved(row, document.secrets.keys().cloned())))
}

/// The environment of that slug.
pub async fn get(conn: &mut Conn, slug: &Slug) -> Result<Option<SavedEnvironment>> {
    let Some(row) = row(conn, slug).await? else { return Ok(None) };
    let secrets = sealed(conn, &[row.id]).await?;
    Ok(Some(saved(row, secrets.into_keys().map(|(_, name)| name))))
}

/// All environments, newest first.
pub async fn list(conn: &mut Conn, page: Page) -> Result<Listing<SavedEnvironment>> {
    let newest = environments::table.filter(environments::id.lt(page.below())).order(environments::id.desc());
    let rows: Vec<Row> = with!(conn, |c| newest.limit(page.probe()).select(Row::as_select()).load(c))?;
    let listing = Listing::of(rows, page, |row| row.id.0.uuid());
    let ids: Vec<_> = listing.data.iter().map(|row| row.id).collect();
    let names: Vec<_> = sealed(conn, &ids).await?.into_keys().collect();
    Ok(listing.map(|row| {
        let own =
            names.iter().filter(|(id, _)| *id == row.id).map(|(_, name)| name.clone()).collect::<Vec<_>>();
        saved(row, own)
    }))
}

/// Deletes an environment. `InUse` when a document names it. False when there was none.
pub async fn delete(conn: &mut Conn, slug: &Slug) -> Result<bool> {
    references::refuse_used_environment(conn, slug).await?;
    let one = environments::table.filter(environments::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| diesel::delete(one).execute(c))? == 1)
}

/// The variables and the opened secrets of an environment.
pub async fn values(conn: &mut Conn, slug: &Slug, key: &SecretKey) -> Result<Option<Values>> {
    let Some(row) = row(conn, slug).await? else { return Ok(None) };
    let secrets = sealed(conn, &[row.id]).await?.into_iter();
    let secrets = secrets.map(|((Key(id), name), sealed)| {
        let value = key.open(&place(id, &name), &sealed)?;
        Ok((name, value))
    });
    Ok(Some(Values {
        updated_at: Some(row.updated_at.0),
        vars: row.document.0.vars,
        secrets: secrets.collect::<Result<_>>()?,
    }))
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = environments)]
struct Row {
    id: Key<EnvironmentId>,
    slug: Word<Slug>,
    document: Doc<Environment>,
    created_at: Moment,
    updated_at: Moment,
}

fn saved(row: Row, secrets: impl IntoIterator<Item = String>) -> SavedEnvironment {
    let secrets = secrets.into_iter().map(|name| (name, SecretValue::default())).collect();
    SavedEnvironment {
        id: row.id.0,
        document: Environment { secrets, ..row.document.0 },
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
    }
}

async fn row(conn: &mut Conn, slug: &Slug) -> Result<Option<Row>> {
    let one = environments::table.filter(environments::slug.eq(Word(slug.clone())));
    Ok(with!(conn, |c| one.select(Row::as_select()).first(c)).optional()?)
}

type Sealed = BTreeMap<(Key<EnvironmentId>, String), Vec<u8>>;

async fn sealed(conn: &mut Conn, environments: &[Key<EnvironmentId>]) -> Result<Sealed> {
    let some = environment_secrets::table.filter(environment_secrets::environment_id.eq_any(environments));
    let columns =
        (environment_secrets::environment_id, environment_secrets::name, environment_secrets::sealed);
    let rows: Vec<(Key<EnvironmentId>, String, Vec<u8>)> = with!(conn, |c| some.select(columns).load(c))?;
    Ok(rows.into_iter().map(|(id, name, sealed)| ((id, name), sealed)).collect())
}

/// The associated data of a sealed value.
fn place(environment: EnvironmentId, name: &str) -> Vec<u8> {
    format!("{environment}/{name}").into_bytes()
}

/// What the document gives a new value, sealed; a value that is the same as before is not new.
fn fresh_secrets(
    document: &Environment,
    id: EnvironmentId,
    key: &SecretKey,
    kept: &Sealed,
) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut fresh, mut incomplete) = (Vec::new(), Vec::new());
    for (name, secret) in &document.secrets {
        let old = kept.get(&(Key(id), name.clone()));
        let Some(value) = &secret.value else {
            if old.is_none() {
                incomplete.push(name.clone());
            }
            continue;
        };
        let place = place(id, name);
        let same = |old: &Vec<u8>| key.open(&place, old).is_ok_and(|old| old.expose_secret() == value);
        if !old.is_some_and(same) {
            fresh.push((name.clone(), key.seal(&place, &value.clone().into())));
        }
    }
    if incomplete.is_empty() { Ok(fresh) } else { Err(Error::Incomplete { secrets: incomplete }) }
}

async fn keep(
    conn: &mut Conn,
    id: Key<EnvironmentId>,
    name: &str,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    let value = (environment_secrets::sealed.eq(sealed), environment_secrets::updated_at.eq(Moment(now)));
    let row = (environment_secrets::environment_id.eq(id), environment_secrets::name.eq(name), value);
    with!(conn, |c| diesel::insert_into(environment_secrets::table)
        .values(row)
        .on_conflict((environment_secrets::environment_id, environment_secrets::name))
        .do_update()
        .set(value)
        .execute(c))?;
    Ok(())
}
