//! The executable's configuration: the sum of what each part owns, read from the embedded defaults, a file and the
//! environment, in that order. Unknown keys are errors. Nothing here opens a port or a file of data.

mod print;
mod reference;
mod sections;
mod sources;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

pub(crate) use self::{
    print::print,
    sources::{Problems, Settings},
};
use crate::{demo, health, logging};

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// What `dev` and `test` say about it, once.
pub(crate) const LOOPBACK_IS_ALLOWED: &str = "note: requests to this machine (127.0.0.0/8, ::1) are allowed";

/// Every setting of every part. A process accepts all of it and uses its part.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where people and scripts reach Skopos.
    pub(crate) api: api::Config,
    /// PostgreSQL instead of the embedded database.
    pub(crate) database: sections::Database,
    /// RabbitMQ instead of the in-process queue.
    pub(crate) amqp: queue::Config,
    /// The embedded database.
    pub(crate) data: sections::Data,
    /// Secrets at rest.
    pub(crate) secrets: sections::Secrets,
    /// What outgoing requests may reach.
    pub(crate) outbound: outbound::Config,
    /// What decides what runs, and when.
    pub(crate) scheduler: scheduler::Config,
    /// Who runs collections.
    pub(crate) worker: worker::Config,
    /// Who tells people.
    pub(crate) notifier: notifier::Config,
    /// The server for e-mail channels.
    pub(crate) smtp: sections::Smtp,
    /// Whether a process lives and can work, for those who watch it.
    pub(crate) health: health::Config,
    /// The demo shop.
    pub(crate) demo: demo::Config,
    /// What the log looks like.
    pub(crate) log: logging::Config,
}

impl Config {
    /// Defaults, then `file`, then `environment`.
    ///
    /// # Errors
    ///
    /// Everything that cannot be read. Whether the settings can work together is [`Self::check`]'s.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        Settings::read(file, environment).config()
    }

    /// Whether roles can work with it, as far as the settings alone tell. Commands that open no database do not ask:
    /// somebody else's DATABASE_URL is none of their business.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub(crate) fn check(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        let database = self.database.url.as_ref();
        if database.is_some_and(|url| !begins_with(url.expose(), &["postgres://", "postgresql://"])) {
            problems.push("`database.url` (DATABASE_URL) has to begin with postgres://".to_owned());
        }
        if self.amqp.url.as_ref().is_some_and(|url| !begins_with(url, &["amqp://", "amqps://"])) {
            problems.push("`amqp.url` (AMQP_URL) has to begin with amqp:// or amqps://".to_owned());
        }
        if database.is_some() && self.secrets.key.is_none() {
            let sentence = "with DATABASE_URL, SKOPOS__SECRETS__KEY has to be set: 32 bytes in base64, the same for \
                            all processes (`openssl rand -base64 32`)";
            problems.push(sentence.to_owned());
        }
        if let Err(error) = self.store() {
            problems.push(format!("{error:#}"));
        }
        // Without its file: where this is checked need not be where it is used.
        let url = self.smtp.url.as_ref().map(sections::Hidden::expose);
        if let Some(Err(error)) = url.map(|url| notifier::Smtp::new(url, self.smtp.from.as_deref(), None)) {
            problems.push(error.to_string());
        }
        if let Err(error) = api::check(&self.api) {
            problems.push(error.to_string());
        }
        Problems(problems).none()
    }

    /// What outgoing requests may reach in `dev` and `test`, where the target is often on the same machine.
    pub(crate) fn outbound_with_loopback(&self) -> outbound::Config {
        let mut outbound = self.outbound.clone();
        for block in LOOPBACK {
            outbound.allow.push(block.parse().expect("these are CIDR blocks"));
        }
        outbound
    }

    /// The server for e-mail; `None` when there is none.
    pub(crate) fn smtp(&self) -> anyhow::Result<Option<notifier::Smtp>> {
        let Some(url) = &self.smtp.url else { return Ok(None) };
        let ca = self.smtp.ca.as_ref().map(|path| {
            std::fs::read(path).with_context(|| format!("`smtp.ca` cannot be read: {}", path.display()))
        });
        let ca = ca.transpose()?;
        Ok(Some(notifier::Smtp::new(url.expose(), self.smtp.from.as_deref(), ca.as_deref())?))
    }

    /// What the store needs to know.
    pub(crate) fn store(&self) -> anyhow::Result<store::Config> {
        let key = self.secrets.key.as_ref().map(|key| key.expose().parse());
        Ok(store::Config {
            database_url: self.database.url.as_ref().map(|url| url.expose().to_owned()),
            data_dir: self.data.dir.clone(),
            secrets_key: key.transpose().context("`secrets.key` is wrong")?,
            ..store::Config::default()
        })
    }
}

fn begins_with(url: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| url.starts_with(scheme))
}
