//! What a run costs in `skopos test`: three steps on loopback, against the same requests in plain hyper with one
//! connection per run, and against Hurl when it is there (`--hurl PATH`, or on the PATH). The rounds are interleaved and
//! every other one is in reverse order; the figures are medians, those of ratios too: what else the machine does falls on
//! all of a round. Processor seconds are the ones to trust.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};
use chaos::{ports::Ports, web};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::{task::spawn_blocking, time::Instant};

use crate::{Options, documents, numbers, target::Target};

const ROUNDS: usize = 15;
/// The kernel counts processor time in hundredths of a second: enough runs for many of them, and few enough that
/// connections which have ended do not use up the ports.
const RUNS: u64 = 4_000;
const JOBS: u64 = 10;

/// One way to do it.
struct Peer {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    /// Processor and wall seconds of each round.
    rounds: Vec<(f64, f64)>,
}

pub(crate) async fn measure(options: &Options) -> anyhow::Result<String> {
    let folder = tempfile::Builder::new().prefix("skopos-bench-").tempdir()?;
    let port = Ports::new().free()?;
    web::serve(port, Target::new(Duration::ZERO)).await?;
    let mut peers = peers(options, folder.path(), port)?;
    for round in 0..=ROUNDS {
        let mut order: Vec<_> = (0..peers.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let command = (peers[at].command)();
            let spent = spawn_blocking(move || spend(command)).await?;
            let spent = spent.with_context(|| peers[at].name)?;
            // The first round warms up.
            if round > 0 {
                peers[at].rounds.push(spent);
            }
        }
    }
    Ok(report(&peers))
}

fn peers(options: &Options, folder: &Path, port: u16) -> anyhow::Result<Vec<Peer>> {
    let document = folder.join("order.json");
    std::fs::write(&document, documents::collection(port).to_string())?;
    let flow = folder.join("order.hurl");
    std::fs::write(&flow, hurl(port))?;
    let (skopos, me) = (options.skopos.clone(), std::env::current_exe()?);
    let mut peers = vec![
        peer("hyper", move || {
            let mut command = Command::new(&me);
            command.args(["floor", &port.to_string(), &RUNS.to_string(), &JOBS.to_string()]);
            command
        }),
        peer("skopos", move || {
            let mut command = Command::new(&skopos);
            command.arg("test").arg(&document).args(repeated());
            command
        }),
    ];
    if let Some(hurl) = options.hurl.clone().or_else(find_hurl) {
        peers.push(peer("hurl", move || {
            let mut command = Command::new(&hurl);
            command.arg("--test").arg(&flow).args(repeated());
            command
        }));
    }
    Ok(peers)
}

fn repeated() -> [String; 4] {
    ["--repeat".to_owned(), RUNS.to_string(), "--jobs".to_owned(), JOBS.to_string()]
}

fn peer(name: &'static str, command: impl Fn() -> Command + 'static) -> Peer {
    Peer { name, command: Box::new(command), rounds: Vec::new() }
}

/// Runs it to its end; processor and wall seconds. The processor's are read between its end and its reaping.
fn spend(mut command: Command) -> anyhow::Result<(f64, f64)> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let spent = (numbers::cpu(child.id())?, began.elapsed().as_secs_f64());
    let status = child.wait()?;
    ensure!(status.success(), "{status}");
    Ok(spent)
}

fn report(peers: &[Peer]) -> String {
    let cpu = |peer: &Peer| numbers::median(peer.rounds.iter().map(|spent| spent.0));
    let wall = |peer: &Peer| numbers::median(peer.rounds.iter().map(|spent| spent.1));
    let times_floor = |peer: &Peer| {
        let rounds = peer.rounds.iter().zip(&peers[0].rounds);
        numbers::median(rounds.map(|(mine, floor)| mine.0 / floor.0))
    };
    let mut report =
        format!("three steps on loopback, {RUNS} runs, {JOBS} at a time, {ROUNDS} rounds, medians\n");
    for peer in peers {
        let (cpu, wall) = (cpu(peer), wall(peer));
        report += &format!(
            "{:<8} {:.3} CPU s per 1,000 runs ({:.2} x hyper), {:.0} runs/s\n",
            peer.name,
            cpu * 1_000.0 / RUNS as f64,
            times_floor(peer),
            RUNS as f64 / wall,
        );
    }
    report
}

/// The same flow with the same assertions, as Hurl has it.
fn hurl(port: u16) -> String {
    format!(
        r#"POST http://127.0.0.1:{port}/login
{{"user": "ada"}}
HTTP 200
[Captures]
token: jsonpath "$.token"
[Asserts]
jsonpath "$.token" isString

POST http://127.0.0.1:{port}/cart
Authorization: Bearer {{{{token}}}}
{{"sku": "A"}}
HTTP 200
[Captures]
id: jsonpath "$.id"
[Asserts]
jsonpath "$.total" > 0

GET http://127.0.0.1:{port}/orders/{{{{id}}}}
Authorization: Bearer {{{{token}}}}
HTTP 200
[Asserts]
jsonpath "$.state" == "open"
duration < 10000
"#
    )
}

/// Hurl, if the PATH has it.
fn find_hurl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("hurl")).find(|file| file.is_file())
}
