//! The processes under measurement, and the servers that they stand on.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use chaos::{
    ports::Ports,
    postgres::Postgres,
    process::{Process, run},
    rabbitmq::Rabbitmq,
    web,
};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use crate::target::Target;

/// 32 bytes in base64.
const SECRETS_KEY: &str = "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmU=";
const PATIENCE: Duration = Duration::from_secs(30);

/// Servers, and whatever was started on them.
pub(crate) struct Fleet {
    skopos: PathBuf,
    api_port: u16,
    /// Where the target listens.
    pub(crate) target_port: u16,
    /// What runs, by name.
    pub(crate) processes: Vec<(String, Process)>,
    /// SQL on the fleet's database.
    pub(crate) sql: Client,
    rabbitmq: Rabbitmq,
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Fleet {
    /// Servers with an empty schema, and the target; no process yet.
    pub(crate) async fn ground(skopos: &Path, target: Arc<Target>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("skopos-bench-").tempdir()?;
        // PostgreSQL's user has to get through.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let mut ports = Ports::new();
        let postgres = Postgres::start(folder.path(), ports.free()?).await?;
        let rabbitmq = Rabbitmq::start(folder.path(), &mut ports).await?;
        let target_port = ports.free()?;
        web::serve(target_port, target).await?;
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", postgres.port);
        let (sql, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        let fleet = Self {
            skopos: skopos.canonicalize().with_context(|| format!("{} is missing", skopos.display()))?,
            api_port: ports.free()?,
            target_port,
            processes: Vec::new(),
            sql,
            rabbitmq,
            postgres,
            folder,
        };
        run(fleet.command("migrate", &[])).await?;
        Ok(fleet)
    }

    /// Starts a process of one role.
    pub(crate) fn start(&mut self, role: &str, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let name = format!("{role}-{}", self.processes.len() + 1);
        let log = self.folder.path().join(format!("{name}.log"));
        self.processes.push((name, Process::start(self.command(role, settings), &log)?));
        Ok(())
    }

    /// Saves a document through the API.
    pub(crate) async fn put(&self, path: &str, document: &Value) -> anyhow::Result<()> {
        let (status, body) =
            web::ask(self.api_port, Method::PUT, path, Some(document), PATIENCE).await.context("the API")?;
        if status != StatusCode::CREATED && status != StatusCode::OK {
            bail!("{path}: {status} {body}");
        }
        Ok(())
    }

    /// Waits until the API answers.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while web::ask(self.api_port, Method::GET, "/readyz", None, PATIENCE).await.is_err() {
            if began.elapsed() > PATIENCE {
                bail!("the API does not answer");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// One number of the database.
    pub(crate) async fn count(&self, statement: &str) -> anyhow::Result<i64> {
        Ok(self.sql.query_one(statement, &[]).await?.get(0))
    }

    fn command(&self, verb: &str, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.skopos);
        command
            .arg(verb)
            .env("DATABASE_URL", format!("postgres://postgres@127.0.0.1:{}/postgres", self.postgres.port))
            .env("AMQP_URL", format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.rabbitmq.port))
            .env("SKOPOS__OUTBOUND__ALLOW", "127.0.0.0/8")
            .env("SKOPOS__SECRETS__KEY", SECRETS_KEY)
            .env("SKOPOS__API__LISTEN", format!("127.0.0.1:{}", self.api_port))
            .env("SKOPOS_LOG", "warn")
            .envs(settings.iter().copied())
            .current_dir(self.folder.path());
        command
    }
}
