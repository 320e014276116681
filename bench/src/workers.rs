//! What another worker adds where concurrency is the limit and not the processor: a target that takes 200 ms, workers
//! with few slots, more runs than they can take.

use std::time::Duration;

use chaos::ground::Ground;
use tokio::time::{Instant, sleep};

use crate::{Options, saturate::backlog, target::Target};

const LATENCY: Duration = Duration::from_millis(200);
/// Runs that one worker has in hand. A run takes three answers: 0.6 s.
const SLOTS: u32 = 16;
const FINISHED: &str = "SELECT count(*) FROM runs WHERE outcome = 'passed'";

pub(crate) async fn measure(options: &Options) -> anyhow::Result<String> {
    let mut fleet = Ground::new(&options.skopos, Target::new(LATENCY)).await?;
    backlog(&mut fleet, options.monitors.min(200), "1s", Duration::from_secs(15)).await?;
    let ideal = f64::from(SLOTS) / (3.0 * LATENCY.as_secs_f64());
    let (mut report, mut one) = (String::new(), None);
    for workers in 1..=3 {
        fleet.start("worker", &[("SKOPOS__WORKER__SLOTS", &SLOTS.to_string())])?;
        sleep(Duration::from_secs(3)).await;
        let (began, finished) = (Instant::now(), fleet.count(FINISHED).await?);
        sleep(Duration::from_secs(15)).await;
        let rate = (fleet.count(FINISHED).await? - finished) as f64 / began.elapsed().as_secs_f64();
        let one = *one.get_or_insert(rate);
        report += &format!(
            "{workers} workers: {rate:.1} runs/s, {:.2} times one worker, {:.0} % of {:.1} runs/s\n",
            rate / one,
            rate / (ideal * f64::from(workers)) * 100.0,
            ideal * f64::from(workers),
        );
    }
    Ok(report)
}
