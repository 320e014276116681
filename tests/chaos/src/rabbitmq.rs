//! A RabbitMQ node of the harness's own: own name, ports, folders, cookie and port mapper, so that no other node of this
//! machine sees it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    ports::Ports,
    process::{Process, Signal, run},
};

/// Where Debian's package keeps it.
const PACKAGE: &str = "/usr/lib/rabbitmq/lib";
const PATIENCE: Duration = Duration::from_secs(90);

/// A node that runs.
#[derive(Debug)]
pub struct Rabbitmq {
    programs: PathBuf,
    home: PathBuf,
    mapper_port: u16,
    dist_port: u16,
    /// Where it listens, on the loopback interface.
    pub port: u16,
    node: Option<Process>,
    /// Erlang's port mapper: it ends with us, one that the node would start does not.
    _mapper: Process,
}

impl Rabbitmq {
    /// Starts a node that knows nothing.
    pub async fn start(folder: &Path, ports: &mut Ports) -> anyhow::Result<Self> {
        let home = folder.join("rabbitmq");
        fs::create_dir(&home)?;
        let cookie = home.join(".erlang.cookie");
        fs::write(&cookie, format!("CHAOS{}", std::process::id()))?;
        fs::set_permissions(&cookie, Permissions::from_mode(0o400))?;
        fs::write(home.join("enabled_plugins"), "[].\n")?;
        fs::write(home.join("rabbitmq.conf"), "vm_memory_high_watermark.absolute = 1GB\n")?;
        let (mapper_port, dist_port, port) = (ports.free()?, ports.free()?, ports.free()?);
        let mut mapper = Command::new("epmd");
        mapper.args(["-port", &mapper_port.to_string(), "-address", "127.0.0.1"]);
        let mapper = Process::start(mapper, &home.join("epmd.log"));
        let mapper = mapper.context("RabbitMQ is missing; install Debian's package `rabbitmq-server`")?;
        let mut node =
            Self { programs: programs()?, home, mapper_port, dist_port, port, node: None, _mapper: mapper };
        node.up().await?;
        Ok(node)
    }

    /// Kills the node with everything that it has not written down.
    pub fn kill(&mut self) {
        self.node = None;
    }

    /// Asks the node to end.
    pub async fn stop(&mut self) {
        if let Some(mut node) = self.node.take() {
            node.signal(Signal::TERM);
            node.wait(Duration::from_secs(30)).await;
        }
    }

    /// Starts the node again, with what it has on its disk.
    pub async fn up(&mut self) -> anyhow::Result<()> {
        let command = self.program("rabbitmq-server");
        self.node = Some(Process::start(command, &self.home.join("node.log"))?);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Some(status) = self.node.as_mut().and_then(Process::ended) {
                bail!("RabbitMQ ended with {status}; see {}", self.home.display());
            }
            if began.elapsed() > PATIENCE {
                bail!("RabbitMQ did not start; see {}", self.home.display());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Makes the node forget everything: exchanges, queues, messages.
    pub async fn wipe(&self) -> anyhow::Result<()> {
        for verb in ["stop_app", "force_reset", "start_app"] {
            self.control(&[verb]).await?;
        }
        Ok(())
    }

    /// How many messages each queue holds, delivered or not.
    pub async fn queues(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let listed =
            self.control(&["list_queues", "--quiet", "--formatter", "json", "name", "messages"]).await?;
        let listed: Vec<Value> =
            serde_json::from_slice(&listed).context("RabbitMQ lists its queues as JSON")?;
        let queue = |queue: &Value| Some((queue["name"].as_str()?.to_owned(), queue["messages"].as_u64()?));
        Ok(listed.iter().filter_map(queue).collect())
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let mut command = self.program("rabbitmqctl");
        command.args(arguments);
        Ok(run(command).await?.stdout)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command
            .env("HOME", &self.home)
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .env("RABBITMQ_NODENAME", format!("chaos{}@localhost", self.port))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.home.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.home.join("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.home.join("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", self.home.join("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", self.home.join("none"))
            // Schedulers that spin while they wait would take the machine from those who are tested.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none")
            .current_dir(&self.home);
        command
    }
}

fn programs() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir(PACKAGE).into_iter().flatten().flatten();
    let mut programs = versions.map(|entry| entry.path().join("sbin"));
    let found = programs.find(|path| path.join("rabbitmq-server").exists());
    found.context("RabbitMQ is missing; install Debian's package `rabbitmq-server`")
}
