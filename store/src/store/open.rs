//! Opening: pools, pragmas, the data folder with its lock and its key.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use deadpool::Runtime;
use diesel::ConnectionError;
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Pool},
    },
};
use futures_util::FutureExt;
use secrecy::ExposeSecret;

use super::{Pools, Store, postgres};
use crate::{Config, Error, Result, SecretKey, conn::Lite, notifications, now, wakeup::Wakeups, workers};

/// How long a query waits for a free connection.
const WAIT: Duration = Duration::from_secs(30);

/// `busy_timeout` first: changing the journal mode needs a lock. FULL, because an answer that was confirmed must
/// survive a power cut.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON;";

pub(super) async fn open(config: &Config) -> Result<Store> {
    match &config.database_url {
        Some(url) => open_postgres(url, config).await,
        None => open_sqlite(config).await,
    }
}

async fn open_postgres(url: &str, config: &Config) -> Result<Store> {
    let key = config.secrets_key.clone().ok_or_else(|| {
        Error::Setup("with DATABASE_URL, SKOPOS__SECRETS__KEY has to be set: 32 bytes in base64".to_owned())
    })?;
    let parsed = postgres::config(url)?;
    postgres::probe(&parsed).await?;
    let mut manager = ManagerConfig::<AsyncPgConnection>::default();
    // Whether the connection is closed is known without a query: then it is dropped.
    manager.recycling_method = RecyclingMethod::Fast;
    let wakeups = Wakeups::across(parsed.clone());
    manager.custom_setup = Box::new(move |_| {
        let parsed = parsed.clone();
        async move { postgres::connect(&parsed).await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, manager);
    let pool = Pool::builder(manager)
        .max_size(config.connections)
        .runtime(Runtime::Tokio1)
        .create_timeout(Some(postgres::CONNECT))
        .wait_timeout(Some(WAIT))
        .build()
        .map_err(setup)?;
    Ok(Store { pools: Pools::Pg { pool, url: url.into() }, key, clock: None, wakeups })
}

/// The process that holds the folder's lock is the only one, so whatever is registered as alive in there is not.
async fn open_sqlite(config: &Config) -> Result<Store> {
    let folder = &config.data_dir;
    fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
    let lock = Arc::new(lock(folder)?);
    let key = match &config.secrets_key {
        Some(key) => key.clone(),
        None => kept_key(&folder.join("secrets.key"))?,
    };
    let file = folder.join("skopos.db");
    let file = file.to_str().ok_or_else(|| Error::Setup(format!("{} is not UTF-8", file.display())))?;
    let pools = Pools::Lite {
        writer: sqlite_pool(file, PRAGMAS.to_owned(), 1)?,
        readers: sqlite_pool(file, format!("{PRAGMAS} PRAGMA query_only = ON;"), config.connections)?,
        _lock: lock,
    };
    let store = Store { pools, key, clock: None, wakeups: Wakeups::local() };
    store.migrate().await?;
    store
        .write(|conn| {
            Box::pin(async move {
                let now = now(conn).await?;
                workers::end_all_leases(conn, now).await?;
                notifications::end_all_leases(conn, now).await
            })
        })
        .await?;
    Ok(store)
}

fn sqlite_pool(file: &str, pragmas: String, connections: usize) -> Result<Pool<Lite>> {
    let mut manager = ManagerConfig::<Lite>::default();
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |file| {
        let (file, pragmas) = (file.to_owned(), pragmas.clone());
        async move {
            let mut sqlite = Lite::establish(&file).await?;
            sqlite.batch_execute(&pragmas).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(sqlite)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(file, manager);
    let pool = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1).wait_timeout(Some(WAIT));
    pool.build().map_err(setup)
}

/// SQLite would let a second process in; our leases and the in-process queue would not survive that.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|error| unusable(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Setup(format!(
            "{} is in use by another skopos; stop it, or choose another folder with SKOPOS__DATA__DIR",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
    }
}

/// The key beside the database, made on first start. The folder's lock keeps two processes from making two.
fn kept_key(path: &Path) -> Result<SecretKey> {
    match fs::read_to_string(path) {
        Ok(text) => {
            text.parse().map_err(|error| Error::Setup(format!("{} cannot be used: {error}", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = SecretKey::generate();
            keep_key(path, &key).map_err(|error| unusable(path, &error))?;
            tracing::info!(path = %path.display(), "made a key for the secrets in the database; keep it with your backups");
            Ok(key)
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Written aside and renamed, so that a crash leaves the whole key or none; readable by its owner only.
fn keep_key(path: &Path, key: &SecretKey) -> io::Result<()> {
    let aside = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(key.to_base64().expose_secret().as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::Setup(format!("{} cannot be used: {error}", path.display()))
}

fn setup(error: BuildError) -> Error {
    Error::Setup(format!("the connection pool cannot be made: {error}"))
}
