//! A PostgreSQL cluster of the harness's own, in its own folder and on its own port. fsync is on: a restart that loses
//! what was committed would be ours, not Skopos's.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use rustix::process::geteuid;

use crate::process::run;

/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses root; Debian's package brings this user.
const USER: &str = "postgres";

/// A cluster that runs.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    data: PathBuf,
    log: PathBuf,
    /// Where it listens, on the loopback interface.
    pub port: u16,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub async fn start(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let home = folder.join("postgres");
        std::fs::create_dir(&home)?;
        if geteuid().is_root() {
            let mut chown = Command::new("chown");
            chown.arg(format!("{USER}:")).arg(&home);
            run(chown).await.context("PostgreSQL needs its user; install Debian's package `postgresql`")?;
        }
        let (data, log) = (home.join("data"), home.join("log"));
        let cluster = Self { bin: newest()?, data, log, port };
        let mut initdb = cluster.program("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--username=postgres"]);
        initdb.arg("--pgdata").arg(&cluster.data);
        run(initdb).await?;
        run(cluster.control("start")).await?;
        Ok(cluster)
    }

    /// As after a power cut, but that it starts again at once: nobody is told, everything is recovered from the log.
    pub async fn restart_immediately(&self) -> anyhow::Result<()> {
        run(self.control("restart")).await.map(drop)
    }

    fn control(&self, verb: &str) -> Command {
        let mut control = self.program("pg_ctl");
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=200",
            self.port
        );
        control.arg(verb).arg("--pgdata").arg(&self.data).arg("--log").arg(&self.log).arg("--wait");
        if verb != "start" {
            control.args(["--mode", "immediate"]);
        }
        if verb != "stop" {
            control.arg("--options").arg(settings);
        }
        control
    }

    fn program(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        if !geteuid().is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]).arg(program);
        command.current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.control("stop").output();
    }
}

fn newest() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists());
    let newest = newest.max_by_key(number).map(|path| path.join("bin"));
    newest.context("PostgreSQL is missing; install Debian's package `postgresql`")
}
