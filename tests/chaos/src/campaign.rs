//! One run of the harness, from nothing to a report: start, quiet, chaos, heal, quiet, switch off, drain, judge.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use http::Method;
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    check::{Findings, Seen, check},
    clock::{self, Millis},
    diary::{Diary, say},
    documents::{Places, SECRET, Wanted},
    edits::Editor,
    fleet::{Fleet, Servers},
    journal,
    nemesis::Nemesis,
    pagerduty::Pagerduty,
    ports::Ports,
    postgres::Postgres,
    proxy::Mode,
    rabbitmq::Rabbitmq,
    report::Report,
    target::Target,
    weather, web,
};

/// Everything comes to its end within this: a lease of 60 s of a notifier that was killed, then its back-off.
const DRAIN: Duration = Duration::from_secs(240);
/// How long the fleet may take to be there.
const START: Duration = Duration::from_secs(60);

/// A lease, and a look of the reaper.
const SETTLING: Duration = Duration::from_secs(12);

/// What a run is like.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Of chaos; what comes before and after is not counted.
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    pub(crate) monitors: usize,
    pub(crate) skopos: PathBuf,
    pub(crate) folder: PathBuf,
}

/// Everything that runs.
struct World {
    nemesis: Arc<Nemesis>,
    fleet: Arc<Fleet>,
    target: Arc<Target>,
    pagerduty: Arc<Pagerduty>,
    editor: Arc<Editor>,
    diary: Diary,
    database_port: u16,
    _supervisor: Task,
}

/// Ends with its handle.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs it all and prints the report; the last line is not printed yet.
///
/// # Errors
///
/// When the harness itself could not go on; that says nothing about Skopos.
pub(crate) async fn run(options: &Options) -> anyhow::Result<(Findings, String)> {
    let (world, places) = start(options).await?;
    let began = clock::now();
    world.editor.begin(places, options.monitors).await.context("the API does not take the documents")?;
    let quiet = Duration::from_secs((options.seconds / 6).clamp(3, 10));
    say(&format!("quiet for {quiet:?}"));
    sleep(quiet).await;
    // A slot is quiet when the second after it is.
    let first_quiet = (began + 2_000, clock::now() - 1_000);

    rage(&world, options).await?;
    weather::settle(&world.target, options.monitors);
    heal(&world).await;
    say(&format!("healed; quiet for {quiet:?} once more"));
    // What the last blows have cost is paid back first.
    sleep(SETTLING.min(2 * quiet)).await;
    let healed = clock::now();
    sleep(quiet).await;
    let second_quiet = (healed, clock::now() - 1_000);

    let end = switch_off(&world, options.monitors).await?;
    let (drained_s, queues) = drain(&world).await?;
    let mut seen = look(&world, end, queues).await?;
    world.fleet.stop().await;
    seen.leaks = leaks(&options.folder)?;
    let findings = check(&seen);
    let report = Report {
        seed: options.seed,
        seen: &seen,
        findings: &findings,
        deeds: world.diary.counts(),
        receiver_faults: world.pagerduty.faults(),
        quiet: vec![first_quiet, second_quiet],
        drained_s,
    };
    let text = report.to_string();
    Ok((findings, text))
}

async fn start(options: &Options) -> anyhow::Result<(World, Places)> {
    let mut ports = Ports::new();
    say(&format!("seed {}; logs in {}", options.seed, options.folder.display()));
    let database_port = ports.free()?;
    let postgres = Postgres::start(&options.folder, database_port).await?;
    let rabbitmq = Rabbitmq::start(&options.folder, &mut ports).await?;
    say("PostgreSQL and RabbitMQ are there");
    let places = Places { target: ports.free()?, pagerduty: ports.free()? };
    let (target, pagerduty) =
        (Arc::<Target>::default(), Arc::new(Pagerduty::new(options.seed ^ 0xA1E7, 20..500)));
    web::serve(places.target, target.clone()).await?;
    web::serve(places.pagerduty, pagerduty.clone()).await?;
    let servers = Servers { database: postgres.port, broker: rabbitmq.port };
    let fleet = Arc::new(Fleet::new(&options.skopos, &options.folder, servers, &mut ports).await?);
    journal::begin(&journal::connect(database_port).await?).await?;
    fleet.start().await?;
    ready(&fleet, &options.folder).await?;
    say("the fleet is there");
    let diary = Diary::default();
    let nemesis = Nemesis {
        fleet: fleet.clone(),
        postgres,
        rabbitmq: Mutex::new(rabbitmq),
        diary: diary.clone(),
        outage: Mutex::default(),
    };
    let editor = Arc::new(Editor::new(fleet.api_port, diary.clone()));
    let _supervisor = Task(tokio::spawn(fleet.clone().supervise(diary.clone())));
    let nemesis = Arc::new(nemesis);
    Ok((World { nemesis, fleet, target, pagerduty, editor, diary, database_port, _supervisor }, places))
}

async fn ready(fleet: &Fleet, folder: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let answer = web::ask(fleet.api_port, Method::GET, "/readyz", None, Duration::from_secs(2)).await;
        match answer {
            Ok((status, _)) if status.is_success() => return Ok(()),
            _ if began.elapsed() > START => bail!("the API did not start; see {}", folder.display()),
            _ => sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn rage(world: &World, options: &Options) -> anyhow::Result<()> {
    say(&format!("chaos for {} s", options.seconds));
    world.pagerduty.misbehave(true);
    let weather = weather::change(world.target.clone(), options.monitors, options.seed ^ 0x3EA7);
    let weather = Task(tokio::spawn(weather));
    let edits = Task(tokio::spawn(world.editor.clone().go_on(options.monitors, options.seed ^ 0xED17)));
    let raged = world.nemesis.clone().rage(options.seconds, options.seed).await;
    drop((weather, edits));
    world.pagerduty.misbehave(false);
    raged
}

/// Everything is as it was: the nemesis has mended what it broke, this is for what it may have forgotten.
async fn heal(world: &World) {
    for (number, member) in world.fleet.members.iter().enumerate() {
        member.database.set(Mode::Pass);
        member.broker.set(Mode::Pass);
        if let Some(held) = world.fleet.hold(number) {
            held.thaw();
        }
    }
}

/// No monitor is due any more. Answers since when.
async fn switch_off(world: &World, monitors: usize) -> anyhow::Result<Millis> {
    for number in 0..monitors {
        // Editions are counted up by the edits; this is one that none of them reaches.
        let off = Wanted { enabled: false, edition: 1_000_000, ..Wanted::first(number) };
        world.editor.settle(&off).await.context("a monitor cannot be switched off")?;
    }
    let client = journal::connect(world.database_port).await?;
    for slug in journal::due_monitors(&client).await? {
        // Made by an edit that nobody heard the answer of.
        world.editor.remove(&slug).await.context("a monitor cannot be deleted")?;
    }
    Ok(clock::now())
}

/// Waits until nothing is left to do. Answers how long that took, and what the queues hold.
async fn drain(world: &World) -> anyhow::Result<(u64, Vec<(String, u64)>)> {
    let (began, client) = (Instant::now(), journal::connect(world.database_port).await?);
    let mut said = Instant::now();
    loop {
        let left = journal::unfinished(&client).await?;
        if left.runs == 0 && left.notifications == 0 || began.elapsed() > DRAIN {
            break;
        }
        if said.elapsed() > Duration::from_secs(10) {
            said = Instant::now();
            say(&format!("left to do: {} runs, {} notifications", left.runs, left.notifications));
        }
        sleep(Duration::from_millis(250)).await;
    }
    let seconds = began.elapsed().as_secs();
    let rabbitmq = world.nemesis.rabbitmq.lock().await;
    // Duplicates are acknowledged when they are looked at, which takes a moment.
    let mut queues = rabbitmq.queues().await?;
    for _ in 0..10 {
        if queues.iter().all(|(_, messages)| *messages == 0) {
            break;
        }
        sleep(Duration::from_secs(1)).await;
        queues = rabbitmq.queues().await?;
    }
    Ok((seconds, queues))
}

async fn look(world: &World, end: Millis, queues: Vec<(String, u64)>) -> anyhow::Result<Seen> {
    let rows = journal::read(&journal::connect(world.database_port).await?).await?;
    let writers = rows.run_changes.iter().map(|change| world.fleet.writer(change.port, change.at)).collect();
    Ok(Seen {
        rows,
        writers,
        requests: world.target.requests(),
        alerts: world.pagerduty.alerts(),
        promised: world.editor.promised(),
        queues,
        freezes: world.diary.freezes(),
        broken: world.fleet.broken(),
        unreadable: world.pagerduty.unreadable().len(),
        leaks: Vec::new(),
        end,
    })
}

/// The files below a folder in which the secret stands in clear: the logs of all processes, and whatever the database and
/// the broker wrote, their journals included.
fn leaks(folder: &Path) -> anyhow::Result<Vec<String>> {
    let grep = Command::new("grep").args(["-rlF", "--devices=skip", SECRET]).arg(folder).output();
    let output = grep.context("grep cannot be started")?;
    // Files come and go while it looks, so it may end with a complaint (2) besides what it found.
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_somebody_wrote_down_is_found_between_other_bytes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("base")).unwrap();
        std::fs::write(folder.path().join("base/16384"), [b"\0\xff", SECRET.as_bytes(), b"\0"].concat())
            .unwrap();
        std::fs::write(folder.path().join("worker.log"), "X-Password: ***").unwrap();
        let found = leaks(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("base/16384").display().to_string()]);
    }
}
