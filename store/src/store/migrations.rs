//! Migrations, embedded in the executable: `migrations/postgres` and `migrations/sqlite`.

use std::{collections::BTreeSet, sync::Arc};

use diesel::{
    Connection, RunQueryDsl,
    backend::Backend,
    migration::{Migration, MigrationSource},
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Pools;
use crate::{Error, Result};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// Any number will do, as long as everybody who migrates takes the same.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_lock(7265626)";

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

type Anything = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn run(pools: &Pools) -> Result<()> {
    match pools {
        Pools::Lite { writer, .. } => {
            let mut sqlite = writer.get().await.map_err(Error::unavailable)?;
            sqlite.spawn_blocking(|sqlite| Ok(up(sqlite, SQLITE))).await?.map_err(Error::Schema)
        }
        Pools::Pg { url, .. } => {
            let locked_up = |mut pg: SyncPg| {
                // Held until the connection closes; two processes that start together migrate once.
                diesel::sql_query(ADVISORY_LOCK).execute(&mut pg)?;
                up(&mut pg, POSTGRES)
            };
            on_postgres(url.clone(), locked_up).await
        }
    }
}

pub(super) async fn state(pools: &Pools) -> Result<SchemaState> {
    match pools {
        Pools::Lite { writer, .. } => {
            let mut sqlite = writer.get().await.map_err(Error::unavailable)?;
            sqlite.spawn_blocking(|sqlite| Ok(compare(sqlite, SQLITE))).await?.map_err(Error::Schema)
        }
        Pools::Pg { url, .. } => on_postgres(url.clone(), |mut pg| compare(&mut pg, POSTGRES)).await,
    }
}

/// Takes back the newest `count` migrations, with what is in their tables.
pub(super) async fn revert(pools: &Pools, count: usize) -> Result<()> {
    match pools {
        Pools::Lite { writer, .. } => {
            let mut sqlite = writer.get().await.map_err(Error::unavailable)?;
            sqlite.spawn_blocking(move |sqlite| Ok(down(sqlite, SQLITE, count))).await?.map_err(Error::Schema)
        }
        Pools::Pg { url, .. } => on_postgres(url.clone(), move |mut pg| down(&mut pg, POSTGRES, count)).await,
    }
}

/// Diesel migrates over a blocking connection; this is ours as one. It has to be used on a thread that may block.
type SyncPg = AsyncConnectionWrapper<AsyncPgConnection>;

async fn on_postgres<T: Send + 'static>(
    url: Arc<str>,
    work: impl FnOnce(SyncPg) -> Result<T, Anything> + Send + 'static,
) -> Result<T> {
    let task = tokio::task::spawn_blocking(move || {
        let pg = SyncPg::establish(&url).map_err(Error::unavailable)?;
        work(pg).map_err(Error::Schema)
    });
    task.await.map_err(Error::unavailable)?
}

fn up<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<(), Anything> {
    for version in conn.run_pending_migrations(migrations)? {
        tracing::info!(%version, "migrated the database");
    }
    Ok(())
}

fn down<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
    count: usize,
) -> Result<(), Anything> {
    let versions = conn.applied_migrations()?;
    let migrations: Vec<Box<dyn Migration<DB>>> = migrations.migrations()?;
    for version in versions.into_iter().take(count) {
        let migration = migrations.iter().find(|migration| migration.name().version() == version);
        conn.revert_migration(migration.ok_or("a migration that is not known")?)?;
    }
    Ok(())
}

fn compare<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<SchemaState, Anything> {
    let known: Vec<Box<dyn Migration<DB>>> = migrations.migrations()?;
    let known: BTreeSet<_> = known.iter().map(|migration| migration.name().version().as_owned()).collect();
    let applied: BTreeSet<_> = conn.applied_migrations()?.into_iter().collect();
    Ok(match (applied.is_subset(&known), known.is_subset(&applied)) {
        (true, true) => SchemaState::UpToDate,
        (true, false) => SchemaState::Older,
        (false, _) => SchemaState::Newer,
    })
}
