//! A trigger is on its way when its notifier is frozen. Another one tells it, the incident is resolved, and then the first
//! trigger arrives after all, and its notifier goes on. PagerDuty has opened an alert then that nobody would close, were
//! it not told the end once more.

use std::time::Duration;

use chaos::{process::Signal, receivers::pagerduty::Action};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Options,
    documents::Kind,
    figures::Figures,
    world::{World, say},
};

/// A lease of a minute, a look of the reaper, a try.
const PATIENCE: Duration = Duration::from_secs(120);
const SENT: &str = "SELECT count(*) FROM notifications WHERE state = 'sent'";

pub(crate) async fn run(options: &Options) -> anyhow::Result<Figures> {
    let mut world = World::start(options).await?;
    world.notifier()?;
    let frozen = world.ground.of("notifier")[0];
    world.watch(&[Kind::Pagerduty], 1, (1, "1s"), |_| 0).await?;
    let gate = world.receivers.pagerduty.hold();
    world.target.fail(true);
    timeout(PATIENCE, gate.came()).await?;
    world.ground.processes[frozen].1.signal(Signal::STOP);
    say("a notifier is frozen, its trigger is on its way");
    world.notifier()?;
    if options.short {
        world.age(0).await?;
    }
    world.until("told by another one", SENT, 1, PATIENCE).await?;
    world.target.fail(false);
    world.until("resolved by another one", SENT, 2, PATIENCE).await?;

    let mut figures = Figures::default();
    figures.exactly("open after the resolve", open(&world), 0);
    gate.open();
    until(|| open(&world) == 1).await;
    figures.exactly("open after the late trigger", open(&world), 1);
    world.ground.processes[frozen].1.signal(Signal::CONT);
    let began = Instant::now();
    until(|| open(&world) == 0).await;
    figures.say(format!("closed {:.1} s after the notifier went on", began.elapsed().as_secs_f64()));
    figures.exactly("open in the end", open(&world), 0);
    let resolves =
        world.receivers.pagerduty.taken().iter().filter(|(_, event)| event.action == Action::Resolve).count();
    figures.exactly("resolves", resolves, 2);
    Ok(figures)
}

fn open(world: &World) -> usize {
    world.receivers.pagerduty.alerts().0.values().filter(|alert| alert.open).count()
}

/// Waits until something is true, half a minute at the most.
async fn until(is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() && began.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(50)).await;
    }
}
