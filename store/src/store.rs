//! A database, open: hands out connections and runs transactions.

use std::{fs::File, path::Path, sync::Arc};

use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Pool};
use domain::clock::Clock;

use crate::{Config, Listener, Result, SecretKey, Topic, conn::Lite, wakeup::Wakeups};

mod migrations;
mod open;
mod postgres;
mod writing;

pub use migrations::SchemaState;

/// A database, open. Clones share everything.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    key: SecretKey,
    clock: Option<Arc<dyn Clock>>,
    wakeups: Wakeups,
}

#[derive(Clone)]
enum Pools {
    Pg { pool: Pool<AsyncPgConnection>, url: Arc<str> },
    Lite { writer: Pool<Lite>, readers: Pool<Lite>, _lock: Arc<File> },
}

impl Store {
    /// Opens what the configuration names. The embedded database is migrated at once and the leases of its former
    /// process end; with PostgreSQL look at [`Store::schema_state`].
    pub async fn open(config: &Config) -> Result<Self> {
        open::open(config).await
    }

    /// Opens, or makes, the embedded database in a folder, and locks the folder for this process.
    pub async fn open_sqlite(data_dir: &Path) -> Result<Self> {
        Self::open(&Config { data_dir: data_dir.to_owned(), ..Config::default() }).await
    }

    /// Opens a PostgreSQL database, whatever its schema.
    pub async fn open_postgres(url: &str, secrets_key: SecretKey) -> Result<Self> {
        let config =
            Config { database_url: Some(url.into()), secrets_key: Some(secrets_key), ..Config::default() };
        Self::open(&config).await
    }

    /// The same store on another clock, for tests that move time by hand.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The key of the secrets in this database.
    #[must_use]
    pub fn secrets_key(&self) -> &SecretKey {
        &self.key
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(&self.pools).await
    }

    /// Takes back the newest `count` migrations, and with them what is in their tables.
    pub async fn revert(&self, count: usize) -> Result<()> {
        migrations::revert(&self.pools, count).await
    }

    /// How the schema compares with what this executable was built for.
    pub async fn schema_state(&self) -> Result<SchemaState> {
        migrations::state(&self.pools).await
    }

    /// Tells everybody who listens that there may be news, with PostgreSQL in other processes too. Never waits. Call it
    /// after the commit.
    pub fn notify(&self, topic: Topic) {
        self.wakeups.notify(topic);
    }

    /// Tells only who listens in this process: for work that it does by itself, at once.
    pub fn notify_here(&self, topic: Topic) {
        self.wakeups.notify_here(topic);
    }

    /// Hears of news from now on. Listen before you look, so that nothing falls between.
    #[must_use]
    pub fn listen(&self, topic: Topic) -> Listener {
        self.wakeups.listen(topic)
    }
}
