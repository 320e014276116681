//! The roles of Skopos, one file each: what it says of itself at the start, and how it runs until it is asked to end.
//! Here is which of them can run in one process.

pub(crate) mod api;
pub(crate) mod notifier;
pub(crate) mod scheduler;
pub(crate) mod worker;

use std::{collections::BTreeSet, fmt};

use anyhow::bail;

use crate::config::Config;

/// What a process does. In the order in which they introduce themselves: the API's address comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Role {
    /// Serves people and scripts.
    Api,
    /// Decides what runs, and when.
    Scheduler,
    /// Runs collections.
    Worker,
    /// Tells people.
    Notifier,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "api",
            Self::Scheduler => "scheduler",
            Self::Worker => "worker",
            Self::Notifier => "notifier",
        })
    }
}

/// The roles of one process; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    const ALL: [Role; 4] = [Role::Api, Role::Scheduler, Role::Worker, Role::Notifier];

    /// Every role.
    pub(crate) fn all() -> Self {
        Self(Self::ALL.into())
    }

    /// Those that were asked for; every role when none was.
    pub(crate) fn asked(roles: &[Role]) -> Self {
        if roles.is_empty() { Self::all() } else { Self(roles.iter().copied().collect()) }
    }

    /// Each of them once, the API first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }

    /// Whether this process has that role.
    pub(crate) fn have(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether one of them publishes or consumes.
    pub(crate) fn use_the_queue(&self) -> bool {
        self.iter().any(|role| role != Role::Api)
    }

    /// A part of the roles needs the other part elsewhere, so it needs what several processes can share.
    ///
    /// # Errors
    ///
    /// When it is not configured: a sentence that names the setting.
    pub(crate) fn check(&self, config: &Config) -> anyhow::Result<()> {
        if *self == Self::all() {
            return Ok(());
        }
        if config.database.url.is_none() {
            bail!(
                "{self} without the other roles needs a database that their processes share, and the embedded one \
                 belongs to one process: set DATABASE_URL to a PostgreSQL, or run all roles with `skopos serve`"
            );
        }
        if config.amqp.url.is_none() && self.use_the_queue() {
            bail!(
                "{self} without the other roles needs a broker that their processes share, and the queue in the \
                 process reaches nobody else: set AMQP_URL to a RabbitMQ, or run all roles with `skopos serve`"
            );
        }
        Ok(())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(|role| role.to_string()).collect();
        f.write_str(&names.join(" and "))
    }
}
