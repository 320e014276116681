//! More runs than can be executed: a backlog is made while no worker is there, then workers take it.

use std::time::Duration;

use chaos::ground::Ground;
use tokio::time::{Instant, sleep};

use crate::{Options, documents, target::Target};

/// Committed transactions of the fleet's database, those that only read included.
const TRANSACTIONS: &str = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'";
const FINISHED: &str = "SELECT count(*) FROM runs WHERE state = 'finished'";

pub(crate) async fn measure(options: &Options) -> anyhow::Result<String> {
    let mut report = String::new();
    for workers in [1, 2] {
        report += &once(options, workers).await?;
    }
    Ok(report)
}

async fn once(options: &Options, workers: usize) -> anyhow::Result<String> {
    let mut fleet = Ground::new(&options.skopos, Target::new(Duration::ZERO)).await?;
    backlog(&mut fleet, options.monitors, "1s", Duration::from_secs(options.seconds)).await?;
    for _ in 0..workers {
        fleet.start("worker", &[("SKOPOS__WORKER__SLOTS", "512")])?;
    }
    // The statistics of PostgreSQL are up to a second late.
    sleep(Duration::from_secs(4)).await;
    let (began, transactions, finished) =
        (Instant::now(), fleet.count(TRANSACTIONS).await?, fleet.count(FINISHED).await?);
    sleep(Duration::from_secs(10)).await;
    let seconds = began.elapsed().as_secs_f64();
    let (transactions, runs) =
        (fleet.count(TRANSACTIONS).await? - transactions, fleet.count(FINISHED).await? - finished);
    let left = fleet.count("SELECT count(*) FROM runs WHERE state = 'queued'").await?;
    Ok(format!(
        "{workers} workers: {:.0} runs/s, {:.3} transactions per run ({runs} runs in {seconds:.1} s, {left} still queued)\n",
        runs as f64 / seconds,
        transactions as f64 / runs as f64,
    ))
}

/// Lets monitors be due for so long that nobody works, with the API and a scheduler.
pub(crate) async fn backlog(
    fleet: &mut Ground,
    monitors: usize,
    every: &str,
    time: Duration,
) -> anyhow::Result<()> {
    fleet.start("api", &[])?;
    fleet.ready().await?;
    fleet.put("/v1/collections/order", &documents::collection(fleet.target_port)).await?;
    for number in 0..monitors {
        let (id, monitor) = documents::monitor(number, every);
        fleet.put(&format!("/v1/monitors/{id}"), &monitor).await?;
    }
    fleet.start("scheduler", &[])?;
    sleep(time).await;
    Ok(())
}
