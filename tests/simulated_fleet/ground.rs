//! What a fleet stands on: a database and a broker, fresh for each test and gone afterwards.

use std::sync::Arc;

use domain::clock::MockClock;
use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use queue::Queue;
use store::{SecretKey, Store};
use tokio_postgres::NoTls;

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// SQLite and the queue in the process.
    Embedded,
    /// PostgreSQL and RabbitMQ.
    Fleet,
}

/// A database and a broker of the test's own.
pub(crate) struct Ground {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    /// Of names in the database and at the broker.
    name: String,
    form: Form,
    _folder: tempfile::TempDir,
}

impl Ground {
    pub(crate) async fn new(form: Form, clock: &MockClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("skopos_test_{}", uuid::Uuid::new_v4().simple());
        let (store, queue) = match form {
            Form::Embedded => (Store::open_sqlite(folder.path()).await.unwrap(), Queue::in_process()),
            Form::Fleet => {
                execute(&format!("CREATE SCHEMA {name}")).await;
                let store = postgres(&name).await;
                store.migrate().await.unwrap();
                (store, rabbitmq(&name).await)
            }
        };
        let store = store.with_clock(Arc::new(clock.clone()));
        Self { store, queue, name, form, _folder: folder }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// What a worker stands on: in the fleet connections of its own, made by whoever awaits this.
    pub(crate) fn for_worker(
        &self,
        clock: Arc<MockClock>,
    ) -> impl Future<Output = (Store, Queue)> + Send + use<> {
        let (form, name, store, queue) =
            (self.form, self.name.clone(), self.store.clone(), self.queue.clone());
        async move {
            match form {
                Form::Embedded => (store, queue),
                Form::Fleet => (postgres(&name).await.with_clock(clock), rabbitmq(&name).await),
            }
        }
    }

    /// Another broker that has nothing of what was there.
    pub(crate) async fn lose_all_messages(&mut self) {
        if self.form == Form::Fleet {
            delete_all(&self.name).await;
        }
        self.queue = match self.form {
            Form::Embedded => Queue::in_process(),
            Form::Fleet => rabbitmq(&self.name).await,
        };
    }

    pub(crate) async fn remove(self) {
        if self.form == Form::Fleet {
            self.queue.close().await;
            delete_all(&self.name).await;
            execute(&format!("DROP SCHEMA {} CASCADE", self.name)).await;
        }
    }
}

async fn postgres(name: &str) -> Store {
    let server = server();
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-csearch_path%3D{name}");
    Store::open_postgres(&url, SecretKey::new([7; 32])).await.unwrap()
}

fn server() -> String {
    std::env::var("SKOPOS_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://root@127.0.0.1:5432/postgres".to_owned())
}

async fn execute(statement: &str) {
    let url = server();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap_or_else(|error| {
        panic!("no PostgreSQL at {url}: {error}; `scripts/ensure-postgres.sh` starts one")
    });
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}

fn broker() -> String {
    std::env::var("SKOPOS_TEST_RABBITMQ_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

async fn rabbitmq(prefix: &str) -> Queue {
    let config = queue::Config { url: Some(broker()), prefix: prefix.to_owned() };
    Queue::rabbitmq(&config).await.unwrap_or_else(|error| {
        panic!("no RabbitMQ at {}: {error}; `scripts/ensure-rabbitmq.sh` starts one", broker())
    })
}

/// Everything that the adapter declares under a prefix, with what is in it.
async fn delete_all(prefix: &str) {
    let connection = Connection::connect(&broker(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    for queue in ["runs.default", "notifications", "dead", "parked"] {
        let options = QueueDeleteOptions::default();
        channel.queue_delete(format!("{prefix}.{queue}").into(), options).await.unwrap();
    }
    for exchange in ["runs", "notifications", "dead"] {
        let options = ExchangeDeleteOptions::default();
        channel.exchange_delete(format!("{prefix}.{exchange}").into(), options).await.unwrap();
    }
    connection.close(0, "done".into()).await.unwrap();
}
