//! Incidents open and are resolved while notifiers are killed, one every second.

use std::{collections::HashSet, time::Duration};

use chaos::receivers::mailbox::Received;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::time::{Instant, sleep};

use crate::{
    Options,
    documents::Kind,
    figures::Figures,
    world::{UNFINISHED, World, say},
};

const NOTIFIERS: usize = 3;
/// Between two blows.
const PAUSE: Duration = Duration::from_secs(1);
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
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<Figures> {
    let size = if options.short {
        Size { incidents: 16, teams: 4, every: "1s" }
    } else {
        Size { incidents: options.incidents.unwrap_or(1_000), teams: 20, every: "1m" }
    };
    let mut world = World::start(options).await?;
    for _ in 0..NOTIFIERS {
        world.notifier()?;
    }
    world.watch(&Kind::ALL, size.teams, (size.incidents, size.every), |number| number % size.teams).await?;
    let (began, mut killer) = (Instant::now(), Killer::new(options));
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
    figures.say(format!("{:.0} s, notifiers killed: {}", began.elapsed().as_secs_f64(), killer.kills));
    judge(&world, &size, killer.kills, &mut figures).await?;
    Ok(figures)
}

/// Who kills.
struct Killer {
    dice: StdRng,
    kills: usize,
    /// Blows in each part, after which it is waited for what they have cost.
    most: usize,
    short: bool,
}

impl Killer {
    fn new(options: &Options) -> Self {
        let most = if options.short { 4 } else { usize::MAX };
        Self { dice: StdRng::seed_from_u64(11), kills: 0, most, short: options.short }
    }

    async fn rage_until(
        &mut self,
        world: &mut World,
        what: &str,
        statement: &str,
        wanted: i64,
    ) -> anyhow::Result<()> {
        let (began, before) = (Instant::now(), self.kills);
        loop {
            let found = world.ground.count(statement).await?;
            if found == wanted {
                say(&format!(
                    "{what}: {found} after {:.1} s, {} kills",
                    began.elapsed().as_secs_f64(),
                    self.kills
                ));
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                anyhow::bail!("{what}: {found} and not {wanted} after {} s", PATIENCE.as_secs());
            }
            sleep(PAUSE).await;
            if self.kills - before < self.most {
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
        self.kills += 1;
        world.kill(notifiers[self.dice.random_range(0..notifiers.len())])
    }
}

async fn judge(world: &World, size: &Size, kills: usize, figures: &mut Figures) -> anyhow::Result<()> {
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
    let different: HashSet<_> = posts.iter().map(|post| (&post.place, &post.body)).collect();
    figures.exactly("Slack: messages", different.len(), each);
    figures.at_most("Slack: twice", posts.len() - different.len(), kills);
    figures.say(format!("Slack: told to wait: {}", world.receivers.slack.throttled()));
    figures.none("Slack refused", &world.receivers.slack.refused());

    let mails = world.receivers.mailbox.got();
    let different: HashSet<_> = mails.iter().filter_map(Received::id).collect();
    figures.exactly("mail: messages", different.len(), each);
    figures.at_most("mail: twice", mails.len() - different.len(), kills);
    figures.none("mail refused", &world.receivers.mailbox.malformed());

    figures.exactly("webhook: events", world.receivers.webhook.events().len(), each);
    figures.say(format!("webhook: twice under one id: {}", world.receivers.webhook.again()));
    figures.none("webhook refused", &world.receivers.webhook.refused());
    Ok(())
}
