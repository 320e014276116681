//! Incidents open and are resolved while notifiers are killed, one after the other.

use std::{collections::HashMap, hash::Hash, time::Duration};

use chaos::clock::{self, Millis};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::time::{Instant, sleep};

use crate::{
    Options,
    documents::Kind,
    figures::Figures,
    world::{UNFINISHED, World, say},
};

const NOTIFIERS: usize = 3;
/// Whoever is younger has not begun to work, on a busy machine.
const GROWN: Duration = Duration::from_secs(5);
/// In the short form a notifier that takes longer than this is taken for dead: many times what a try takes at loopback.
const AGE: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(1_200);

const OPENED: &str = "SELECT count(*) FROM incidents WHERE state <> 'resolved'";
const RESOLVED: &str = "SELECT count(*) FROM incidents WHERE state = 'resolved'";
const TOLD: &str = "SELECT count(*) FROM notifications WHERE state = 'sent'";

/// How many of everything.
struct Size {
    incidents: usize,
    teams: usize,
    every: &'static str,
    /// Between two blows. What a killed notifier had in hand waits for its lease of a minute, so that thousands of
    /// messages would take hours were there no time to tell some.
    pause: Duration,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Figures> {
    let size = if options.short {
        Size { incidents: 16, teams: 4, every: "1s", pause: Duration::from_secs(1) }
    } else {
        let incidents = options.incidents.unwrap_or(1_000);
        Size { incidents, teams: 20, every: "1m", pause: Duration::from_secs(4) }
    };
    let mut world = World::start(options).await?;
    for _ in 0..NOTIFIERS {
        world.notifier()?;
    }
    world.watch(&Kind::ALL, size.teams, (size.incidents, size.every), |number| number % size.teams).await?;
    let (began, mut killer) = (Instant::now(), Killer::new(options, size.pause));
    let incidents = i64::try_from(size.incidents)?;
    let messages = incidents * i64::try_from(Kind::ALL.len())?;

    world.target.fail(true);
    killer.rage_until(&mut world, "incidents open", OPENED, incidents).await?;
    killer.rage_until(&mut world, "messages told", TOLD, messages).await?;
    world.target.fail(false);
    killer.rage_until(&mut world, "incidents resolved", RESOLVED, incidents).await?;
    killer.rage_until(&mut world, "messages told", TOLD, 2 * messages).await?;
    killer.rage_until(&mut world, "messages left", UNFINISHED, 0).await?;

    let mut figures = Figures::default();
    let kills = &killer.kills;
    figures.say(format!("{:.0} s, notifiers killed: {}", began.elapsed().as_secs_f64(), kills.len()));
    judge(&world, &size, kills, &mut figures).await?;
    Ok(figures)
}

/// Who kills.
struct Killer {
    dice: StdRng,
    /// When.
    kills: Vec<Millis>,
    /// Blows in each part, after which it is waited for what they have cost.
    most: usize,
    pause: Duration,
    short: bool,
}

impl Killer {
    fn new(options: &Options, pause: Duration) -> Self {
        let most = if options.short { 4 } else { usize::MAX };
        Self { dice: StdRng::seed_from_u64(11), kills: Vec::new(), most, pause, short: options.short }
    }

    async fn rage_until(
        &mut self,
        world: &mut World,
        what: &str,
        statement: &str,
        wanted: i64,
    ) -> anyhow::Result<()> {
        let (began, before) = (Instant::now(), self.kills.len());
        loop {
            let found = world.ground.count(statement).await?;
            if found == wanted {
                say(&format!(
                    "{what}: {found} after {:.1} s, {} kills",
                    began.elapsed().as_secs_f64(),
                    self.kills.len()
                ));
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                anyhow::bail!("{what}: {found} and not {wanted} after {} s", PATIENCE.as_secs());
            }
            sleep(self.pause).await;
            if self.kills.len() - before < self.most {
                self.strike(world)?;
            }
            if self.short {
                world.age(AGE).await?;
            }
        }
    }

    /// Kills one of those who are grown, if there is one.
    fn strike(&mut self, world: &mut World) -> anyhow::Result<()> {
        let mut notifiers = world.ground.of("notifier");
        notifiers.retain(|number| world.ground.processes[*number].1.age() > GROWN);
        if notifiers.is_empty() {
            return Ok(());
        }
        self.kills.push(clock::now());
        world.kill(notifiers[self.dice.random_range(0..notifiers.len())])
    }
}

async fn judge(world: &World, size: &Size, kills: &[Millis], figures: &mut Figures) -> anyhow::Result<()> {
    let of = |statement: &'static str| async move {
        anyhow::Ok(usize::try_from(world.ground.count(statement).await?)?)
    };
    let each = 2 * size.incidents;
    figures.exactly("incidents", of("SELECT count(*) FROM incidents").await?, size.incidents);
    let lost = "SELECT count(*) FROM notifications WHERE state IN ('dead', 'suppressed')";
    figures.exactly("given up or not told", of(lost).await?, 0);

    let alerts = world.receivers.pagerduty.alerts().0;
    let opened = alerts.values().map(|alert| alert.opened as usize).sum();
    figures.exactly("PagerDuty: alerts opened", opened, size.incidents);
    figures.exactly("PagerDuty: open in the end", alerts.values().filter(|alert| alert.open).count(), 0);
    figures.exactly("PagerDuty: told to wait", world.receivers.pagerduty.throttled(), 0);
    figures.none("PagerDuty refused", &world.receivers.pagerduty.unreadable());

    let posts = world.receivers.slack.posts();
    let posts = Twice::of(posts.iter().map(|post| (post.at, (&post.place, &post.body))), kills);
    figures.exactly("Slack: messages", posts.different, each);
    figures.at_most("Slack: twice", posts.twice, kills.len());
    figures.say(format!("Slack: twice after one kill, at the most: {}", posts.of_one_kill));
    figures.say(format!("Slack: told to wait: {}", world.receivers.slack.throttled()));
    figures.none("Slack refused", &world.receivers.slack.refused());

    let mails = world.receivers.mailbox.got();
    let mails = Twice::of(mails.iter().map(|mail| (mail.at, mail.id())), kills);
    figures.exactly("mail: messages", mails.different, each);
    figures.at_most("mail: twice", mails.twice, kills.len());
    figures.say(format!("mail: twice after one kill, at the most: {}", mails.of_one_kill));
    figures.none("mail refused", &world.receivers.mailbox.malformed());

    figures.exactly("webhook: events", world.receivers.webhook.events().len(), each);
    figures.say(format!("webhook: twice under one id: {}", world.receivers.webhook.again()));
    figures.none("webhook refused", &world.receivers.webhook.refused());
    Ok(())
}

/// What a receiver got more than once.
struct Twice {
    different: usize,
    twice: usize,
    /// The most that one kill is to blame for: the first one after a message had come that came again. On a machine that is
    /// so busy that recording takes until the next kill, that may be another one's.
    of_one_kill: usize,
}

impl Twice {
    fn of<M: Eq + Hash>(got: impl Iterator<Item = (Millis, M)>, kills: &[Millis]) -> Self {
        let (mut last, mut twice, mut blamed) = (HashMap::new(), 0, HashMap::<usize, usize>::new());
        for (at, message) in got {
            if let Some(before) = last.insert(message, at) {
                twice += 1;
                *blamed.entry(kills.partition_point(|kill| *kill < before)).or_default() += 1;
            }
        }
        Self { different: last.len(), twice, of_one_kill: blamed.into_values().max().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_the_fault_of_the_first_kill_after_it_came() {
        let got = [(5, "a"), (6, "b"), (7, "c"), (15, "d"), (30, "a"), (31, "b"), (45, "d"), (55, "a")];
        let twice = Twice::of(got.into_iter(), &[10, 20, 50]);
        assert_eq!((twice.different, twice.twice, twice.of_one_kill), (4, 4, 2));
    }
}
