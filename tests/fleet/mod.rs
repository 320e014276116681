//! Roles as processes: started with settings, driven with signals, read by their lines. And what they share: a schema
//! and a prefix of their own on real servers, gone after the test.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::Arc,
};

use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use tokio_postgres::NoTls;

/// 32 bytes in base64.
pub(crate) const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Runs a test with servers of its own, and takes away what it left there, also when it fails.
pub(crate) async fn on_servers<F>(test: impl FnOnce(Arc<Servers>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let servers = Arc::new(Servers::reserve().await);
    let ended = tokio::spawn(test(servers.clone())).await;
    servers.release().await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// A database and a broker that no other test sees.
pub(crate) struct Servers {
    server: String,
    schema: String,
    broker: String,
}

impl Servers {
    /// On the servers that `make services` starts.
    async fn reserve() -> Self {
        let variable = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let server = variable("SKOPOS_TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres");
        let broker = variable("SKOPOS_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/%2f");
        let schema = format!("skopos_test_{}", uuid::Uuid::new_v4().simple());
        let servers = Self { server, schema, broker };
        servers.execute(&format!("CREATE SCHEMA {}", servers.schema)).await;
        servers
    }

    pub(crate) fn database_url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{separator}options=-csearch_path%3D{}", self.server, self.schema)
    }

    /// The settings of every process of this fleet.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.database_url()),
            ("SKOPOS__SECRETS__KEY", KEY.to_owned()),
            ("AMQP_URL", self.broker.clone()),
            ("SKOPOS__AMQP__PREFIX", self.schema.clone()),
            ("SKOPOS__API__LISTEN", "127.0.0.1:0".to_owned()),
        ]
    }

    /// The same without some of them.
    pub(crate) fn settings_without(&self, names: &[&str]) -> Vec<(&'static str, String)> {
        self.settings().into_iter().filter(|(name, _)| !names.contains(name)).collect()
    }

    /// Statements on a connection of their own.
    pub(crate) async fn execute(&self, statements: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.server, NoTls).await.unwrap_or_else(|error| {
                panic!("no PostgreSQL at {}: {error}. `make services` starts one", self.server)
            });
        let pump = tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO {}; {statements}", self.schema)).await.unwrap();
        drop(client);
        pump.await.unwrap().unwrap();
    }

    /// Brings the schema up to date, as an operator does.
    pub(crate) fn migrate(&self) {
        let migrated = skopos(&["migrate"], &self.settings()).output().unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }

    /// Takes everything away again.
    async fn release(&self) {
        self.forget_queues().await;
        self.execute(&format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

impl Servers {
    /// Whatever Skopos declares under this prefix; deleting what is not there is no error.
    async fn forget_queues(&self) {
        let connection = Connection::connect(&self.broker, ConnectionProperties::default()).await;
        let connection = connection.unwrap_or_else(|error| {
            panic!("no RabbitMQ at {}: {error}. `make services` starts one", self.broker)
        });
        let channel = connection.create_channel().await.unwrap();
        for name in ["runs.default", "notifications", "dead", "parked"] {
            let name = format!("{}.{name}", self.schema);
            channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
        }
        for name in ["runs", "notifications", "dead"] {
            let name = format!("{}.{name}", self.schema);
            channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
        }
        connection.close(200, "done".into()).await.unwrap();
    }
}

/// The executable with these settings and no others.
pub(crate) fn skopos(arguments: &[&str], settings: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skopos"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// A role that runs.
pub(crate) struct Role {
    process: Child,
    out: Lines<BufReader<ChildStdout>>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Role {
    pub(crate) fn start(arguments: &[&str], settings: &[(&str, String)]) -> Self {
        let mut command = skopos(arguments, settings);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap()).lines();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, out, log }
    }

    /// The next line on stdout; when there is none, what it said on stderr.
    pub(crate) fn says(&mut self) -> String {
        match self.out.next() {
            Some(line) => line.unwrap(),
            None => panic!("it ended: {:?}", self.log.by_ref().map(Result::unwrap).collect::<Vec<_>>()),
        }
    }

    /// The last word of the next line on stdout: an address without its last slash.
    pub(crate) fn url(&mut self) -> String {
        let line = self.says();
        line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned()
    }

    /// Reads the log until a line has this in it.
    pub(crate) fn logs(&mut self, part: &str) {
        let found = self.log.by_ref().map(Result::unwrap).find(|line| line.contains(part));
        assert!(found.is_some(), "`{part}` is not in the log");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Its exit code, and what it had left to say on stderr.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let rest: Vec<_> = self.log.by_ref().map(Result::unwrap).collect();
        (self.process.wait().unwrap().code(), rest.join("\n"))
    }

    /// Asks it to end, and says how it did.
    pub(crate) fn stop(self) -> Option<i32> {
        self.signal("TERM");
        self.ended().0
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
