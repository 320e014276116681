//! SQL types that both databases have, and the Rust types that map to them: one schema, two mappings.
//!
//! | here | PostgreSQL | SQLite |
//! |---|---|---|
//! | `Moment` | `timestamptz` | `INTEGER`, microseconds |
//! | `Key` | `uuid` | `BLOB`, 16 bytes |
//! | `Doc` | `json` | `TEXT` |
//!
//! `json` and not `jsonb`: it keeps the text, so the order of keys (headers, for one) is what the user wrote, and
//! an escaped NUL is not refused.

use std::io::Write;

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types as diesel_types,
    sqlite::{Sqlite, SqliteValue},
};
use domain::id::{
    ChannelId, CollectionId, EnvironmentId, IncidentId, MonitorId, NoteId, NotificationId, RunId, WorkerId,
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value},
};
use uuid::Uuid;

/// The SQL side.
pub(crate) mod sql {
    use diesel::{query_builder::QueryId, sql_types::SqlType};

    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Moment;

    /// Instants have an earliest.
    impl diesel::sql_types::SqlOrd for Moment {}

    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct Key;

    #[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 114, array_oid = 199), sqlite_type(name = "Text"))]
    pub struct Doc;
}

/// An instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Moment)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl ToSql<sql::Moment, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<diesel_types::Timestamptz, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<sql::Moment, Pg> for Moment {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<diesel_types::Timestamptz, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<sql::Moment, Sqlite> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Moment, Sqlite> for Moment {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<diesel_types::BigInt, Sqlite>>::from_sql(value)?;
        Ok(Self(DateTime::from_timestamp_micros(micros).ok_or("instant out of range")?))
    }
}

/// A typed id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Key)]
pub(crate) struct Key<I: Id>(pub(crate) I);

/// The ids of `domain`, as the store sees them.
pub(crate) trait Id: Copy + std::fmt::Debug {
    fn uuid(&self) -> Uuid;
    fn from_uuid(uuid: Uuid) -> Self;
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl Id for $id {
            fn uuid(&self) -> Uuid {
                Self::uuid(*self)
            }

            fn from_uuid(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }
        }
    )*};
}

ids! { ChannelId CollectionId EnvironmentId IncidentId MonitorId NoteId NotificationId RunId WorkerId }

/// Any id, where only its order matters.
impl Id for Uuid {
    fn uuid(&self) -> Uuid {
        *self
    }

    fn from_uuid(uuid: Uuid) -> Self {
        uuid
    }
}

impl<I: Id> ToSql<sql::Key, Pg> for Key<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.uuid().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<I: Id> FromSql<sql::Key, Pg> for Key<I> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(I::from_uuid(FromSql::<diesel_types::Uuid, Pg>::from_sql(value)?)))
    }
}

impl<I: Id> ToSql<sql::Key, Sqlite> for Key<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.uuid().as_bytes().to_vec());
        Ok(IsNull::No)
    }
}

impl<I: Id> FromSql<sql::Key, Sqlite> for Key<I> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<diesel_types::Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(I::from_uuid(Uuid::from_slice(&bytes)?)))
    }
}

/// Whatever serde writes as one text: slugs, states, outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel_types::Text)]
pub(crate) struct Word<T: Serialize + DeserializeOwned + std::fmt::Debug>(pub(crate) T);

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> Word<T> {
    fn text(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        match serde_json::to_value(&self.0)? {
            serde_json::Value::String(text) => Ok(text),
            other => Err(format!("{other} is not one text").into()),
        }
    }

    fn read(text: &str) -> deserialize::Result<Self> {
        let text: value::StrDeserializer<'_, value::Error> = text.into_deserializer();
        Ok(Self(T::deserialize(text)?))
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> ToSql<diesel_types::Text, Pg> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.text()?.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> FromSql<diesel_types::Text, Pg> for Word<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Self::read(std::str::from_utf8(value.as_bytes())?)
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> ToSql<diesel_types::Text, Sqlite> for Word<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.text()?);
        Ok(IsNull::No)
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> FromSql<diesel_types::Text, Sqlite> for Word<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Self::read(&<String as FromSql<diesel_types::Text, Sqlite>>::from_sql(value)?)
    }
}

/// A JSON document.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Doc)]
pub(crate) struct Doc<T: Serialize + DeserializeOwned + std::fmt::Debug>(pub(crate) T);

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> ToSql<sql::Doc, Pg> for Doc<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> FromSql<sql::Doc, Pg> for Doc<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(value.as_bytes())?))
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> ToSql<sql::Doc, Sqlite> for Doc<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> FromSql<sql::Doc, Sqlite> for Doc<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(&<String as FromSql<diesel_types::Text, Sqlite>>::from_sql(value)?)?))
    }
}

/// A count for an INTEGER column. No counter of ours gets anywhere near the limit.
pub(crate) fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
