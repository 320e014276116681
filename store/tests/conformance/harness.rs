//! A fresh database for each test: a folder, or a schema on a real PostgreSQL, gone afterwards also when the test
//! fails.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use domain::clock::{Clock, MockClock};
use store::{Conn, SecretKey, Store};
use tokio_postgres::NoTls;

/// A store with a clock that stands still, and where to look at its bytes.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) clock: MockClock,
    pub(crate) place: Place,
}

#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Url(String),
}

impl Bench {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn after(&self, seconds: i64) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::seconds(seconds)
    }

    pub(crate) async fn conn(&self) -> Conn {
        self.store.read().await.unwrap()
    }
}

/// One transaction: `write!(bench, |conn| runs::claim(conn, worker, &ids, now))`; what it names is moved in.
macro_rules! write {
    ($bench:expr, |$conn:ident| $work:expr) => {
        $bench.store.write(move |$conn| Box::pin(async move { $work.await })).await
    };
}
pub(crate) use write;

/// Makes two tests of each function: one on SQLite, one on PostgreSQL.
macro_rules! conformance {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                $crate::harness::on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                $crate::harness::on_postgres(super::$name).await;
            }
        }
    )*};
}
pub(crate) use conformance;

/// Makes a test of each function, on PostgreSQL: for what SQLite does not have.
macro_rules! postgres {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                $crate::harness::on_postgres(super::$name).await;
            }
        }
    )*};
}
pub(crate) use postgres;

/// Whole milliseconds, as slots are.
fn clock() -> MockClock {
    MockClock::at(DateTime::from_timestamp_millis(1_800_000_000_123).unwrap())
}

fn bench(store: Store, place: Place) -> Bench {
    let clock = clock();
    Bench { store: store.with_clock(Arc::new(clock.clone())), clock, place }
}

pub(crate) async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path()).await.unwrap();
    test(bench(store, Place::Folder(folder.path().to_owned()))).await;
}

pub(crate) async fn on_postgres<F>(test: impl FnOnce(Bench) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let schema = Schema::create().await;
    let store = Store::open_postgres(&schema.url(), SecretKey::new([7; 32])).await.unwrap();
    store.migrate().await.unwrap();
    let ended = tokio::spawn(test(bench(store, Place::Url(schema.url())))).await;
    schema.drop().await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// A schema of its own on a shared server.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    async fn create() -> Self {
        let server = std::env::var("SKOPOS_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://root@127.0.0.1:5432/postgres".to_owned());
        let name = format!("skopos_test_{}", uuid::Uuid::new_v4().simple());
        let schema = Self { server, name };
        schema.execute(&format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{separator}options=-csearch_path%3D{}", self.server, self.name)
    }

    async fn drop(self) {
        self.execute(&format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    async fn execute(&self, statement: &str) {
        execute(&Place::Url(self.server.clone()), statement).await.unwrap();
    }
}

/// Statements on a connection of their own, past the store. Answers what the database refused.
pub(crate) async fn execute(place: &Place, statements: &str) -> Result<(), String> {
    match place {
        Place::Folder(folder) => {
            let (file, statements) = (folder.join("skopos.db"), statements.to_owned());
            let run = move || {
                let mut sqlite = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
                sqlite.batch_execute(&format!("PRAGMA busy_timeout = 5000; {statements}"))
            };
            tokio::task::spawn_blocking(run).await.unwrap().map_err(|error| error.to_string())
        }
        Place::Url(url) => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| {
                panic!(
                    "no PostgreSQL at {url}: {error}. These tests need a real one: `docker run -p 5432:5432 -e \
                     POSTGRES_HOST_AUTH_METHOD=trust postgres:15`; SKOPOS_TEST_POSTGRES_URL says where it is"
                )
            });
            let pump = tokio::spawn(connection);
            let ended = client.batch_execute(statements).await;
            drop(client);
            pump.await.unwrap().unwrap();
            ended.map_err(|error| {
                error.as_db_error().map_or(error.to_string(), |error| error.message().to_owned())
            })
        }
    }
}

/// Whether a text is anywhere in the database, in clear or as the hexadecimal digits in which bytes are dumped.
pub(crate) fn holds(place: &Place, text: &str) -> bool {
    let bytes: Vec<u8> = match place {
        Place::Folder(folder) => {
            let files = std::fs::read_dir(folder).unwrap();
            files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
        }
        Place::Url(url) => {
            let (_, schema) = url.rsplit_once("%3D").unwrap();
            let dump =
                std::process::Command::new("pg_dump").args(["--inserts", "--schema", schema, url]).output();
            let dump = dump.expect("these tests need pg_dump, from the package postgresql-client");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            dump.stdout
        }
    };
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let found = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    found(text) || found(&hex)
}
