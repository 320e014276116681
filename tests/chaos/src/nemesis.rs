//! Whoever breaks things: one blow after the other from a shuffled deck, two at a time at most, each mended by whoever
//! dealt it. The seed decides the order; how the processes fall into it is theirs.

use std::{sync::Arc, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::{
    sync::{Mutex, Semaphore},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    diary::{Diary, FREEZE, THAW, say},
    fleet::{Fleet, Held, Role},
    postgres::Postgres,
    proxy::{Mode, Proxy, SHORT},
    rabbitmq::Rabbitmq,
};

/// A worker's lease is good for 8 s.
const PAST_THE_LEASE: std::ops::Range<u64> = 9_500..13_000;
/// What a worker gets to finish its runs (20 s), and then some.
const GRACE: Duration = Duration::from_secs(40);
const AT_ONCE: usize = 2;

/// One way to break something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Kill(Role),
    Freeze,
    Drain(Role),
    StopBroker,
    KillBroker,
    WipeBroker,
    RestartDatabase,
    Database(Link),
    Broker(Link),
    Famine,
}

/// What becomes of one process's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Cut,
    Stalls,
    Refused,
}

/// All that there is; workers most often, because they have most to lose.
const DECK: [Blow; 20] = [
    Blow::Kill(Role::Worker),
    Blow::Kill(Role::Worker),
    Blow::Kill(Role::Worker),
    Blow::Kill(Role::Scheduler),
    Blow::Kill(Role::Scheduler),
    Blow::Kill(Role::Notifier),
    Blow::Kill(Role::Api),
    Blow::Freeze,
    Blow::Freeze,
    Blow::Drain(Role::Worker),
    Blow::Drain(Role::Scheduler),
    Blow::StopBroker,
    Blow::KillBroker,
    Blow::WipeBroker,
    Blow::WipeBroker,
    Blow::RestartDatabase,
    Blow::Database(Link::Cut),
    Blow::Database(Link::Stalls),
    Blow::Broker(Link::Cut),
    Blow::Broker(Link::Refused),
];

/// It takes so long that a short run would see nothing else.
const FAMINE_FROM_S: u64 = 40;
/// A run may start 30 s late at the most.
const HUNGER: Duration = Duration::from_secs(27);
const NOBODY: Duration = Duration::from_secs(6);

/// Queues that are this old survive anything.
const SETTLED: Duration = Duration::from_secs(6);

/// What it can reach.
#[derive(Debug)]
pub(crate) struct Nemesis {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) postgres: Postgres,
    pub(crate) rabbitmq: Mutex<Rabbitmq>,
    pub(crate) diary: Diary,
    /// Held by whoever takes the database away, from one process or from all.
    pub(crate) outage: Mutex<()>,
}

impl Nemesis {
    /// Deals blows until the time is over, and returns when everything is mended.
    ///
    /// # Errors
    ///
    /// When a server of the harness does not come back.
    pub(crate) async fn rage(self: Arc<Self>, seconds: u64, seed: u64) -> anyhow::Result<()> {
        let mut dice = StdRng::seed_from_u64(seed);
        let until = Instant::now() + Duration::from_secs(seconds);
        let (hands, mut blows) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        let all: Vec<Blow> =
            if seconds < FAMINE_FROM_S { DECK.to_vec() } else { [&DECK[..], &[Blow::Famine]].concat() };
        let mut deck = Vec::new();
        while Instant::now() < until {
            let Ok(hand) = hands.clone().acquire_owned().await else { break };
            let blow = draw(&mut deck, &all, &mut dice);
            let (nemesis, seed) = (self.clone(), dice.next_u64());
            blows.spawn(async move {
                let dealt = nemesis.deal(blow, &mut StdRng::seed_from_u64(seed)).await;
                drop(hand);
                dealt
            });
            let pause = Duration::from_millis(dice.random_range(400..2_400));
            sleep_until((Instant::now() + pause).min(until)).await;
        }
        while let Some(dealt) = blows.join_next().await {
            dealt??;
        }
        Ok(())
    }

    async fn deal(&self, blow: Blow, dice: &mut StdRng) -> anyhow::Result<()> {
        match blow {
            Blow::Kill(role) => self.kill(role, dice).await,
            Blow::Freeze => self.freeze(dice).await,
            Blow::Drain(role) => self.drain(role, dice).await,
            Blow::StopBroker | Blow::KillBroker | Blow::WipeBroker => self.broker(blow, dice).await,
            Blow::Famine => self.famine().await,
            Blow::RestartDatabase => {
                let _outage = self.outage.lock().await;
                self.diary.note("database restart", "-m immediate");
                self.postgres.restart_immediately().await
            }
            Blow::Database(link) => {
                let _outage = self.outage.lock().await;
                let Some(number) = self.anybody(dice) else { return Ok(()) };
                let member = &self.fleet.members[number];
                self.diary.note("database link", &format!("{link:?} for {}", member.name));
                interfere(&member.database, link, dice).await;
                Ok(())
            }
            Blow::Broker(link) => {
                let Some(number) = self.anybody(dice) else { return Ok(()) };
                let member = &self.fleet.members[number];
                self.diary.note("broker link", &format!("{link:?} for {}", member.name));
                interfere(&member.broker, link, dice).await;
                Ok(())
            }
        }
    }

    async fn kill(&self, role: Role, dice: &mut StdRng) -> anyhow::Result<()> {
        let Some(mut held) = self.one_of(role, dice) else { return Ok(()) };
        self.diary.note("kill -9", &held.member.name);
        held.kill();
        sleep(Duration::from_millis(dice.random_range(100..3_000))).await;
        held.up()
    }

    async fn freeze(&self, dice: &mut StdRng) -> anyhow::Result<()> {
        let Some(mut held) = self.one_of(Role::Worker, dice) else { return Ok(()) };
        let time = Duration::from_millis(dice.random_range(PAST_THE_LEASE));
        held.freeze();
        self.diary.note(FREEZE, &held.member.name);
        sleep(time).await;
        self.diary.note(THAW, &held.member.name);
        held.slept(time);
        held.thaw();
        Ok(())
    }

    async fn drain(&self, role: Role, dice: &mut StdRng) -> anyhow::Result<()> {
        let Some(mut held) = self.one_of(role, dice) else { return Ok(()) };
        self.diary.note("SIGTERM", &held.member.name);
        match held.drain(GRACE).await {
            Some(how) if how.success() => {}
            Some(how) => say(&format!("{} was asked to end and did so with {how}", held.member.name)),
            None => {
                self.fleet.complain(format!("{} did not end within {GRACE:?} of SIGTERM", held.member.name));
            }
        }
        held.up()
    }

    /// No workers until what waits in the broker may not start any more, and nobody to say so when they come back.
    async fn famine(&self) -> anyhow::Result<()> {
        let mut workers = self.fleet.hold_all(Role::Worker).await;
        self.diary.note("famine", "no workers, then no schedulers either");
        workers.iter_mut().for_each(Held::kill);
        sleep(HUNGER).await;
        let mut schedulers = self.fleet.hold_all(Role::Scheduler).await;
        schedulers.iter_mut().for_each(Held::kill);
        sleep(NOBODY).await;
        workers.iter_mut().try_for_each(Held::up)?;
        sleep(Duration::from_secs(1)).await;
        schedulers.iter_mut().try_for_each(Held::up)
    }

    async fn broker(&self, blow: Blow, dice: &mut StdRng) -> anyhow::Result<()> {
        let mut rabbitmq = self.rabbitmq.lock().await;
        if blow == Blow::WipeBroker {
            return self.wipe(&rabbitmq, dice).await;
        }
        self.diary.note("broker restart", if blow == Blow::KillBroker { "after kill -9" } else { "" });
        match blow {
            Blow::KillBroker => rabbitmq.kill(),
            _ => rabbitmq.stop().await,
        }
        sleep(Duration::from_millis(dice.random_range(0..2_000))).await;
        rabbitmq.up().await
    }

    /// Deliveries are on their way to the workers when the broker forgets them: those messages are gone for good.
    async fn wipe(&self, rabbitmq: &Rabbitmq, dice: &mut StdRng) -> anyhow::Result<()> {
        self.diary.note("broker wipe", "force_reset, with deliveries under way");
        let links =
            || self.fleet.of(Role::Worker).into_iter().map(|number| &self.fleet.members[number].broker);
        links().for_each(|link| link.set(Mode::Stall));
        sleep(Duration::from_millis(dice.random_range(1_000..2_500))).await;
        links().for_each(|link| link.set(Mode::Refuse));
        let wiped = rabbitmq.wipe().await;
        links().for_each(|link| link.set(Mode::Pass));
        // RabbitMQ 3.10 does not find the leader of a quorum queue again that was declared within the moments before the
        // node was killed; only deleting the queue helps. That is the broker's: nobody restarts it until queues are old.
        sleep(SETTLED).await;
        wiped
    }

    /// One of a role that nobody acts on.
    fn one_of(&self, role: Role, dice: &mut StdRng) -> Option<Held<'_>> {
        let mut numbers = self.fleet.of(role);
        numbers.shuffle(dice);
        numbers.into_iter().find_map(|number| self.fleet.hold(number))
    }

    fn anybody(&self, dice: &mut StdRng) -> Option<usize> {
        let mut numbers: Vec<_> = (0..self.fleet.members.len()).collect();
        numbers.shuffle(dice);
        numbers.first().copied()
    }
}

async fn interfere(proxy: &Proxy, link: Link, dice: &mut StdRng) {
    match link {
        Link::Cut => proxy.cut(),
        Link::Stalls | Link::Refused => {
            proxy.set(if link == Link::Stalls { Mode::Stall } else { Mode::Refuse });
            // Some stalls are over before anybody can know of them, others take a lease along.
            let longest = if dice.random_bool(0.5) { SHORT } else { SHORT * 3 };
            sleep(Duration::from_millis(dice.random_range(500..longest.as_millis() as u64))).await;
            proxy.set(Mode::Pass);
        }
    }
}

/// Everything comes before anything comes again.
fn draw(deck: &mut Vec<Blow>, all: &[Blow], dice: &mut StdRng) -> Blow {
    if deck.is_empty() {
        *deck = all.to_vec();
        deck.shuffle(dice);
    }
    deck.pop().expect("the deck was filled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_dealt_before_anything_is_dealt_again() {
        let (mut deck, mut dice) = (Vec::new(), StdRng::seed_from_u64(1));
        let mut dealt: Vec<_> =
            DECK.iter().map(|_| format!("{:?}", draw(&mut deck, &DECK, &mut dice))).collect();
        let mut all: Vec<_> = DECK.iter().map(|blow| format!("{blow:?}")).collect();
        dealt.sort();
        all.sort();
        assert_eq!(dealt, all);
    }

    #[test]
    fn the_seed_decides_the_order() {
        let order = |seed| {
            let (mut deck, mut dice) = (Vec::new(), StdRng::seed_from_u64(seed));
            (0..40).map(|_| format!("{:?}", draw(&mut deck, &DECK, &mut dice))).collect::<Vec<_>>()
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }
}
