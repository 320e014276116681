//! The processes of the real executable, each with a proxy of its own to the database and to the broker. Whoever acts
//! on a member holds its lock, so that nobody else starts what is to be away.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

use crate::{
    clock::Millis,
    diary::{Diary, say},
    ports::Ports,
    process::{Process, Signal, run},
    proxy::Proxy,
};

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Scheduler,
    Worker,
    Notifier,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Scheduler => "scheduler",
            Self::Worker => "worker",
            Self::Notifier => "notifier",
        }
    }
}

/// Who is there.
const MEMBERS: [Role; 8] = [
    Role::Api,
    Role::Scheduler,
    Role::Scheduler,
    Role::Worker,
    Role::Worker,
    Role::Worker,
    Role::Notifier,
    Role::Notifier,
];

/// A process that ends sooner than this did not get as far as its duties, for instance because the database was away.
const STARTING: Duration = Duration::from_secs(15);
/// 32 bytes in base64.
const SECRETS_KEY: &str = "Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2g=";

/// One process and its ways to the servers.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) database: Proxy,
    pub(crate) broker: Proxy,
    process: Mutex<Option<Process>>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Fleet {
    skopos: PathBuf,
    folder: PathBuf,
    /// Where the API listens.
    pub(crate) api_port: u16,
    pub(crate) members: Vec<Member>,
    broken: StdMutex<Vec<String>>,
}

/// Where the servers listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Servers {
    pub(crate) database: u16,
    pub(crate) broker: u16,
}

impl Fleet {
    /// Brings the schema up to date and makes the proxies; nothing runs yet.
    pub(crate) async fn new(
        skopos: &Path,
        folder: &Path,
        servers: Servers,
        ports: &mut Ports,
    ) -> anyhow::Result<Self> {
        let mut members = Vec::new();
        for (number, role) in (1..).zip(MEMBERS) {
            let database = Proxy::start(ports.free()?, servers.database).await?;
            let broker = Proxy::start(ports.free()?, servers.broker).await?;
            let name = format!("{}-{number}", role.word());
            members.push(Member { role, name, database, broker, process: Mutex::default() });
        }
        let api_port = ports.free()?;
        let (skopos, folder) = (skopos.to_owned(), folder.to_owned());
        let fleet = Self { skopos, folder, api_port, members, broken: StdMutex::default() };
        run(fleet.command(&fleet.members[0], "migrate")).await.context("the schema could not be made")?;
        Ok(fleet)
    }

    /// Starts everybody.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        for member in &self.members {
            self.up(member, &mut *member.process.lock().await)?;
        }
        Ok(())
    }

    /// Ends everybody for good.
    pub(crate) async fn stop(&self) {
        for member in &self.members {
            *member.process.lock().await = None;
        }
    }

    /// A member that nobody acts on, if this one is.
    pub(crate) fn hold(&self, number: usize) -> Option<Held<'_>> {
        let member = &self.members[number];
        member.process.try_lock().ok().map(|process| Held { fleet: self, member, process })
    }

    /// Every member of a role, as soon as nobody else acts on it.
    pub(crate) async fn hold_all(&self, role: Role) -> Vec<Held<'_>> {
        let mut all = Vec::new();
        for member in self.members.iter().filter(|member| member.role == role) {
            all.push(Held { fleet: self, member, process: member.process.lock().await });
        }
        all
    }

    /// The members of a role.
    pub(crate) fn of(&self, role: Role) -> Vec<usize> {
        (0..self.members.len()).filter(|number| self.members[*number].role == role).collect()
    }

    /// Whose connection to the database came from this port at an instant.
    pub(crate) fn writer(&self, port: i32, at: Millis) -> Option<String> {
        let port = u16::try_from(port).ok()?;
        let used =
            self.members.iter().filter_map(|member| Some((member.database.had(port, at)?, &member.name)));
        used.max().map(|(_, name)| name.clone())
    }

    /// Something that must not happen to a process has.
    pub(crate) fn complain(&self, line: String) {
        say(&line);
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// What ended although nobody had killed it.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts again what ended by itself, as an operator's service manager would, until it is dropped.
    pub(crate) async fn supervise(self: Arc<Self>, diary: Diary) {
        loop {
            sleep(Duration::from_millis(500)).await;
            for member in &self.members {
                // Somebody acts on it, or it runs.
                let Ok(mut process) = member.process.try_lock() else { continue };
                let Some(ended) = process.as_mut().and_then(|one| one.ended().map(|how| (how, one.age())))
                else {
                    continue;
                };
                self.report(member, ended);
                diary.note("restart", &member.name);
                if let Err(error) = self.up(member, &mut process) {
                    say(&format!("{} cannot be started: {error:#}", member.name));
                }
            }
        }
    }

    fn report(&self, member: &Member, (how, age): (ExitStatus, Duration)) {
        let line = format!("{} ended by itself after {} s: {how}", member.name, age.as_secs());
        if age > STARTING {
            self.complain(line);
        } else {
            say(&line);
        }
    }

    fn up(&self, member: &Member, process: &mut Option<Process>) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{}.log", member.name));
        *process = Some(Process::start(self.command(member, member.role.word()), &log)?);
        Ok(())
    }

    fn command(&self, member: &Member, verb: &str) -> Command {
        let mut command = Command::new(&self.skopos);
        command
            .arg(verb)
            .env("DATABASE_URL", format!("postgres://postgres@127.0.0.1:{}/postgres", member.database.port))
            .env("AMQP_URL", format!("amqp://guest:guest@127.0.0.1:{}/%2f", member.broker.port))
            .env("SKOPOS__OUTBOUND__ALLOW", "127.0.0.0/8")
            .env("SKOPOS__SECRETS__KEY", SECRETS_KEY)
            .env("SKOPOS__API__LISTEN", format!("127.0.0.1:{}", self.api_port))
            .current_dir(&self.folder);
        command
    }
}

/// A member that nobody else acts on until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<'f> {
    fleet: &'f Fleet,
    pub(crate) member: &'f Member,
    process: MutexGuard<'f, Option<Process>>,
}

impl Held<'_> {
    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        *self.process = None;
    }

    /// Starts it again.
    pub(crate) fn up(&mut self) -> anyhow::Result<()> {
        self.fleet.up(self.member, &mut self.process)
    }

    /// It does nothing more, and does not know.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// It was frozen for so long: one that was starting still is.
    pub(crate) fn slept(&mut self, time: Duration) {
        if let Some(process) = self.process.as_mut() {
            process.slept(time);
        }
    }

    /// It goes on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end, and kills it when it has not after the patience. Answers how it ended by itself.
    pub(crate) async fn drain(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        let ended = match self.process.as_mut() {
            Some(process) => process.wait(patience).await,
            None => None,
        };
        *self.process = None;
        ended
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = self.process.as_ref() {
            process.signal(signal);
        }
    }
}
