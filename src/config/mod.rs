//! The executable's configuration: the sum of what each part owns, read from the embedded defaults, a file and the
//! environment, in that order. Unknown keys are errors. Nothing here opens a port or a file of data.

mod sections;

use std::path::Path;

use anyhow::Context;
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use serde::Deserialize;

use crate::{demo, health, logging};

/// The commented reference of every setting, and the defaults.
const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Environment variables that other tools know by another name than ours would be.
const WELL_KNOWN: [(&str, &str); 2] = [("DATABASE_URL", "database.url"), ("AMQP_URL", "amqp.url")];

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
    pub(crate) amqp: sections::Amqp,
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
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(path) = file {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            figment = figment.merge(Toml::string(&text));
        }
        for (name, value) in environment {
            if let Some(key) = setting(&name) {
                figment = figment.merge(Serialized::default(&key, value));
            }
        }
        // Lossy: the environment knows only text, so numbers and booleans are read out of it.
        figment.extract_lossy().map_err(|error| explain(&error))
    }

    /// What outgoing requests may reach in `dev` and `test`, where the target is often on the same machine.
    pub(crate) fn outbound_with_loopback(&self) -> outbound::Config {
        let mut outbound = self.outbound.clone();
        for block in LOOPBACK {
            outbound.allow.push(block.parse().expect("these are CIDR blocks"));
        }
        outbound
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

/// The key that an environment variable sets: `SKOPOS__DEMO__LISTEN` sets `demo.listen`.
fn setting(variable: &str) -> Option<String> {
    if let Some((_, key)) = WELL_KNOWN.iter().find(|(name, _)| *name == variable) {
        return Some((*key).to_owned());
    }
    Some(variable.strip_prefix("SKOPOS__")?.to_ascii_lowercase().replace("__", "."))
}

/// Names the key and what is wrong with it; where it was set is usually plain from that.
fn explain(error: &figment::Error) -> anyhow::Error {
    let key = error.path.join(".");
    if key.is_empty() {
        anyhow::anyhow!("{}", error.kind)
    } else {
        anyhow::anyhow!("`{key}`: {}", error.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skopos.toml");
        std::fs::write(&path, file.unwrap_or_default()).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), environment).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_reference_file_states_the_defaults() {
        let stated: Config = toml_of(DEFAULTS).extract().unwrap();
        assert_eq!(stated, Config::default());
    }

    #[test]
    fn what_the_reference_file_comments_out_can_be_set() {
        // `#key = value` is a setting without a default; prose has a space after the `#`.
        let uncomment =
            |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        let everything = DEFAULTS.lines().map(uncomment).collect::<Vec<_>>().join("\n");
        let config: Config = toml_of(&everything).extract().unwrap();
        assert!(config.database.url.is_some() && config.amqp.url.is_some() && config.smtp.url.is_some());
        config.store().unwrap();
    }

    #[test]
    fn names_that_scripts_rely_on_are_settings() {
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let config = load(
            None,
            &[
                ("DATABASE_URL", "postgres://user:hunter2@db.test/skopos"),
                ("AMQP_URL", "amqp://guest:hunter2@mq.test/"),
                ("SKOPOS__API__LISTEN", "127.0.0.1:1"),
                ("SKOPOS__OUTBOUND__ALLOW", "127.0.0.0/8,::1/128"),
                ("SKOPOS__SECRETS__KEY", key),
                ("SKOPOS__DATA__DIR", "/tmp/skopos"),
                ("SKOPOS__WORKER__LOCATION", "paris"),
                ("SKOPOS__DEMO__LISTEN", "127.0.0.1:2"),
                ("SKOPOS__SMTP__URL", "smtp://mail.test"),
                ("SKOPOS__LOG__FORMAT", "json"),
            ],
        )
        .unwrap();
        assert_eq!((config.outbound.allow.len(), config.worker.location.as_str()), (2, "paris"));
        assert!(config.store().unwrap().secrets_key.is_some());
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter2") && !printed.contains(key), "{printed}");
    }

    #[test]
    fn a_secrets_key_of_the_wrong_length_is_refused() {
        let config = load(None, &[("SKOPOS__SECRETS__KEY", "c2hvcnQ=")]).unwrap();
        assert!(format!("{:#}", config.store().unwrap_err()).contains("32 bytes in base64"));
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "[demo]\nlisten = \"127.0.0.1:1\"\n[log]\nformat = \"json\"";
        let config = load(Some(file), &[("SKOPOS__DEMO__LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(config.demo.listen.port(), 2);
        assert_eq!(config.log.format, logging::Format::Json);
        assert_eq!(load(None, &[]).unwrap(), Config::default());
    }

    #[test]
    fn unknown_keys_are_errors_that_name_the_key() {
        let message = load(Some("[demo]\nlisen = 1"), &[]).unwrap_err();
        assert!(message.contains("lisen") && message.contains("listen"), "{message}");
        let message = load(None, &[("SKOPOS__DMEO__LISTEN", "127.0.0.1:2")]).unwrap_err();
        assert!(message.contains("dmeo"), "{message}");
    }

    #[test]
    fn a_value_that_cannot_be_read_names_its_key() {
        let message = load(None, &[("SKOPOS__DEMO__LISTEN", "nowhere")]).unwrap_err();
        assert!(message.contains("demo.listen"), "{message}");
    }

    #[test]
    fn other_variables_are_not_settings() {
        load(None, &[("SKOPOS_CONFIG", "x"), ("SKOPOS_LOG", "debug"), ("SHOP_PASSWORD", "y")]).unwrap();
    }

    fn toml_of(text: &str) -> Figment {
        Figment::from(Toml::string(text))
    }
}
