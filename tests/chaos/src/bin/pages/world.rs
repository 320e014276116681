//! Everything that runs: the servers, the fleet, the target and the receivers.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use chaos::ground::Ground;
use tokio::time::{Instant, sleep};

use crate::{
    Options,
    documents::{Kind, collection},
    receivers::Receivers,
    target::Target,
};

/// Notifications that are to be sent or are being sent.
pub(crate) const UNFINISHED: &str =
    "SELECT count(*) FROM notifications WHERE state IN ('pending', 'sending')";
/// Documents that are saved at a time.
const AT_ONCE: usize = 4;

/// All of it. The processes end before the receivers do.
pub(crate) struct World {
    pub(crate) ground: Ground,
    pub(crate) target: Arc<Target>,
    pub(crate) receivers: Receivers,
    /// Of every notifier.
    settings: Vec<(&'static str, String)>,
}

impl World {
    /// Starts everything but notifiers.
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let target = Arc::<Target>::default();
        let mut ground = Ground::new(&options.skopos, target.clone()).await?;
        if options.keep {
            ground.keep();
            say(&format!("the logs of all processes are in {}", ground.folder().display()));
        }
        let receivers = Receivers::start(&mut ground.ports).await?;
        let settings = receivers.smtp(ground.folder())?.to_vec();
        for role in ["api", "scheduler", "worker"] {
            ground.start(role, &[])?;
        }
        ground.ready().await?;
        Ok(Self { ground, target, receivers, settings })
    }

    /// Starts one more notifier.
    pub(crate) fn notifier(&mut self) -> anyhow::Result<()> {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.ground.start("notifier", &settings)
    }

    /// Kills a notifier, and starts it again.
    pub(crate) fn kill(&mut self, number: usize) -> anyhow::Result<()> {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.ground.kill(number, &settings)
    }

    /// Saves the channels of so many teams, and collections that tell the team that `team` says of their number.
    pub(crate) async fn watch(
        &self,
        kinds: &[Kind],
        teams: usize,
        (count, every): (usize, &str),
        team: impl Fn(usize) -> usize,
    ) -> anyhow::Result<()> {
        for team in 0..teams {
            for kind in kinds {
                let path = format!("/v1/channels/{}", kind.id(team));
                self.ground.put(&path, &kind.channel(team, self.receivers.places)).await?;
            }
        }
        let save = async |first: usize| {
            for number in (first..count).step_by(AT_ONCE) {
                let channels: Vec<_> = kinds.iter().map(|kind| kind.id(team(number))).collect();
                let (id, document) = collection(number, every, &channels, self.ground.target_port);
                self.ground.put(&format!("/v1/collections/{id}"), &document).await?;
            }
            anyhow::Ok(())
        };
        tokio::try_join!(save(0), save(1), save(2), save(3))?;
        say(&format!("{count} collections are watched every {every}"));
        Ok(())
    }

    /// Waits until a number of the database is that one.
    pub(crate) async fn until(
        &self,
        what: &str,
        statement: &str,
        wanted: i64,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let (began, mut said) = (Instant::now(), Instant::now());
        loop {
            let found = self.ground.count(statement).await?;
            if found == wanted {
                say(&format!("{what}: {found} after {:.1} s", began.elapsed().as_secs_f64()));
                return Ok(());
            }
            if began.elapsed() > patience {
                bail!("{what}: {found} and not {wanted} after {} s", patience.as_secs());
            }
            if said.elapsed() > Duration::from_secs(10) {
                said = Instant::now();
                say(&format!("{what}: {found} of {wanted}"));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// A notifier that took something so long ago is taken for dead, instead of after the minute of its lease.
    pub(crate) async fn age(&self, seconds: u32) -> anyhow::Result<()> {
        let statement = format!(
            "UPDATE notifications SET lease_until = now()
             WHERE state = 'sending' AND lease_until < now() + interval '60 s' - interval '{seconds} s'"
        );
        self.ground.sql.batch_execute(&statement).await?;
        Ok(())
    }
}

/// A line for whoever watches.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    // Nobody listens any more: that is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{} {line}", chaos::clock::show(chaos::clock::now()));
}
