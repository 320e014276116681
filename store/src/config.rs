//! Where the database is. Read by the executable from `DATABASE_URL`, `SKOPOS__DATA__DIR`, `SKOPOS__SECRETS__KEY`.

use std::{fmt, path::PathBuf};

use crate::SecretKey;

/// Which database, and the key of what is secret in it.
#[derive(Clone)]
pub struct Config {
    /// `postgres://…`; the embedded database when absent.
    pub database_url: Option<String>,
    /// The folder of the embedded database: `skopos.db`, `lock`, `secrets.key`. Made when it is not there.
    pub data_dir: PathBuf,
    /// Required with `database_url`; in embedded mode made on first start and kept in the data folder.
    pub secrets_key: Option<SecretKey>,
    /// Connections to PostgreSQL, or readers of SQLite, at the most.
    pub connections: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { database_url: None, data_dir: "skopos-data".into(), secrets_key: None, connections: 8 }
    }
}

/// The URL may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database_url", &self.database_url.as_ref().map(|_| "***"))
            .field("data_dir", &self.data_dir)
            .field("secrets_key", &self.secrets_key)
            .field("connections", &self.connections)
            .finish()
    }
}
