//! Migrations, embedded in the executable: `migrations/postgres` and `migrations/sqlite`.

use diesel::{
    Connection, SqliteConnection,
    backend::Backend,
    migration::{MigrationSource, MigrationVersion},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Pools;
use crate::{Error, Result};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// How a database's schema compares with what this executable was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// The same.
    UpToDate,
    /// It lacks migrations: run `skopos migrate`.
    Older,
    /// It has migrations that this executable does not know: run a newer one.
    Newer,
}

pub(super) async fn run(_pools: &Pools) -> Result<()> {
    todo!()
}

pub(super) async fn state(_pools: &Pools) -> Result<SchemaState> {
    todo!()
}
