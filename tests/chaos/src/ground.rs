//! Processes of the real executable, and the servers that they stand on: for whoever starts a fleet, measures it and looks
//! into its database. Chaos has a fleet of its own, with a proxy in every line.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, NoTls};

use crate::{
    ports::Ports,
    postgres::Postgres,
    process::{Process, run},
    rabbitmq::Rabbitmq,
    web::{self, Handler},
};

/// 32 bytes in base64.
const SECRETS_KEY: &str = "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmU=";
const PATIENCE: Duration = Duration::from_secs(30);

/// Servers, and whatever was started on them.
#[derive(Debug)]
pub struct Ground {
    skopos: PathBuf,
    api_port: u16,
    /// Where the target listens.
    pub target_port: u16,
    /// What runs, by name.
    pub processes: Vec<(String, Process)>,
    /// SQL on the fleet's database.
    pub sql: Client,
    /// For what else is to listen.
    pub ports: Ports,
    rabbitmq: Rabbitmq,
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Ground {
    /// Servers with an empty schema, and the target; no process yet.
    ///
    /// # Errors
    ///
    /// When a server is missing or does not start.
    pub async fn new<H: Handler>(skopos: &Path, target: Arc<H>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("skopos-ground-").tempdir()?;
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
        let ground = Self {
            skopos: skopos.canonicalize().with_context(|| format!("{} is missing", skopos.display()))?,
            api_port: ports.free()?,
            target_port,
            processes: Vec::new(),
            sql,
            ports,
            rabbitmq,
            postgres,
            folder,
        };
        run(ground.command("migrate", &[])).await?;
        Ok(ground)
    }

    /// Starts a process of one role. Settings are variables of its environment.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(&mut self, role: &str, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let name = format!("{role}-{}", self.processes.len() + 1);
        let process = Process::start(self.command(role, settings), &self.log(&name))?;
        self.processes.push((name, process));
        Ok(())
    }

    /// Kills a process as a power cut would, and starts it again.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn kill(&mut self, number: usize, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let (name, _) = self.processes.remove(number);
        let role = name.split('-').next().unwrap_or_default();
        let process = Process::start(self.command(role, settings), &self.log(&name))?;
        self.processes.insert(number, (name, process));
        Ok(())
    }

    /// Which processes are of a role.
    pub fn of(&self, role: &str) -> Vec<usize> {
        let prefix = format!("{role}-");
        (0..self.processes.len()).filter(|number| self.processes[*number].0.starts_with(&prefix)).collect()
    }

    /// Where the logs of all processes are; they go with this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The logs stay.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }

    /// Saves a document through the API.
    ///
    /// # Errors
    ///
    /// When the API does not take it.
    pub async fn put(&self, path: &str, document: &Value) -> anyhow::Result<()> {
        let (status, body) =
            web::ask(self.api_port, Method::PUT, path, Some(document), PATIENCE).await.context("the API")?;
        if status != StatusCode::CREATED && status != StatusCode::OK {
            bail!("{path}: {status} {body}");
        }
        Ok(())
    }

    /// Waits until the API answers.
    ///
    /// # Errors
    ///
    /// When it does not for half a minute.
    pub async fn ready(&self) -> anyhow::Result<()> {
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
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn count(&self, statement: &str) -> anyhow::Result<i64> {
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
