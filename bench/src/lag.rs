//! Many monitors on a timetable: how late the first byte of each run arrives at the target, measured from its slot.

use std::time::Duration;

use chaos::ground::Ground;
use tokio::time::sleep;

use crate::{Options, documents, numbers, target::Target};

/// Of the monitors.
const EVERY: &str = "10s";
/// The first slots of all monitors come while they are still being saved.
const WARM_UP: Duration = Duration::from_secs(20);

pub(crate) async fn measure(options: &Options) -> anyhow::Result<String> {
    let target = Target::new(Duration::ZERO);
    let mut fleet = Ground::new(&options.skopos, target.clone()).await?;
    for role in ["api", "scheduler", "scheduler", "worker", "worker", "notifier"] {
        fleet.start(role, &[])?;
    }
    fleet.ready().await?;
    fleet.put("/v1/collections/order", &documents::collection(fleet.target_port)).await?;
    for number in 0..options.monitors {
        let (id, monitor) = documents::monitor(number, EVERY);
        fleet.put(&format!("/v1/monitors/{id}"), &monitor).await?;
    }
    sleep(WARM_UP).await;
    let (from, before) = (chaos::clock::now(), cpu(&fleet)?);
    sleep(Duration::from_secs(options.seconds)).await;
    let (to, after) = (chaos::clock::now(), cpu(&fleet)?);
    // Those that are under way.
    sleep(Duration::from_secs(2)).await;
    let due = "SELECT id::text, (extract(epoch FROM due_at) * 1000)::bigint, coalesce(outcome, 'none') FROM runs \
               WHERE (extract(epoch FROM due_at) * 1000)::bigint BETWEEN $1 AND $2";
    let first = target.first();
    let (mut lags, mut runs, mut missing) = (Vec::new(), 0, 0);
    for row in fleet.sql.query(due, &[&from, &to]).await? {
        let (id, due, outcome): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
        runs += 1;
        match first.get(&format!("run_{}", id.replace('-', ""))) {
            Some(arrived) if outcome == "passed" => lags.push(arrived - due),
            _ => missing += 1,
        }
    }
    lags.sort_unstable();
    let at = |share| numbers::percentile(&lags, share);
    let mut report = format!(
        "{} monitors every {EVERY} for {} s: {runs} runs, {missing} of them did not pass\n\
         lag of the first byte behind its slot: p50 {} ms, p90 {} ms, p99 {} ms, most {} ms\n",
        options.monitors,
        options.seconds,
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
    );
    for (((name, process), before), after) in fleet.processes.iter().zip(before).zip(after) {
        let (now, most) = numbers::memory(process.id())?;
        let cpu = (after - before) / options.seconds as f64 * 100.0;
        report += &format!("{name}: {now} MiB resident, {most} MiB at the most, {cpu:.1} % of a core\n");
    }
    Ok(report)
}

fn cpu(fleet: &Ground) -> anyhow::Result<Vec<f64>> {
    fleet.processes.iter().map(|(_, process)| numbers::cpu(process.id())).collect()
}
