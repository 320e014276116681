//! How long it takes from the failing result to the accepted page, without confirmation: collections begin to fail one after
//! the other, as they do in life.

use std::{collections::HashMap, time::Duration};

use chaos::{clock::Millis, receivers::pagerduty::Action};
use tokio::time::sleep;

use crate::{
    Options,
    documents::Kind,
    figures::{Figures, percentile},
    world::{UNFINISHED, World},
};

/// Between two that begin to fail.
const PAUSE: Duration = Duration::from_millis(200);
const P99: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(options: &Options) -> anyhow::Result<Figures> {
    let collections = if options.short { 20 } else { 150 };
    let mut world = World::start(options).await?;
    for _ in 0..2 {
        world.notifier()?;
    }
    world.watch(&[Kind::Pagerduty], 10, (collections, "5s"), |number| number % 10).await?;
    sleep(Duration::from_secs(5)).await;
    for number in 0..collections {
        world.target.fail_one(&format!("c-{number}"));
        sleep(PAUSE).await;
    }
    let all = i64::try_from(collections)?;
    world.until("incidents open", "SELECT count(*) FROM incidents", all, PATIENCE).await?;
    world.until("messages left", UNFINISHED, 0, PATIENCE).await?;

    let triggers = world.receivers.pagerduty.taken();
    let triggers = triggers.iter().filter(|(_, event)| event.action == Action::Trigger);
    let accepted: HashMap<&str, Millis> = triggers.map(|(at, event)| (event.key.1.as_str(), *at)).collect();
    // An incident begins when its run ended.
    let began = "SELECT 'inc_' || replace(id::text, '-', ''), (extract(epoch FROM opened_at) * 1000)::bigint FROM incidents";
    let mut took = Vec::new();
    for row in world.ground.sql.query(began, &[]).await? {
        let (id, began): (String, i64) = (row.get(0), row.get(1));
        took.extend(accepted.get(id.as_str()).map(|accepted| accepted - began));
    }
    took.sort_unstable();
    let mut figures = Figures::default();
    figures.exactly("pages", took.len(), collections);
    let at = |share| percentile(&took, share);
    figures.say(format!(
        "from the failing result to the accepted page: p50 {} ms, p90 {} ms, most {} ms",
        at(0.5),
        at(0.9),
        at(1.0)
    ));
    figures.at_most("p99 in ms", usize::try_from(at(0.99).max(0))?, P99);
    Ok(figures)
}
