//! Reads settings from where they stand: a file and the environment, with the files that it names. Each keeps its origin,
//! and everything that is wrong is collected, not only the first.

use std::{collections::BTreeMap, fmt, path::Path};

use domain::problem::nearest;
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
};

use super::{Config, reference};

/// Everything that is wrong with a configuration, a sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<String>);

impl Problems {
    /// `Ok` when there is none.
    pub(super) fn none(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Problems {}

/// One setting that somebody gave.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) key: String,
    pub(super) origin: String,
    pub(super) value: Value,
}

/// What was given, in the order in which it counts: the last of a key wins.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(super) given: Vec<Given>,
    problems: Problems,
}

impl Settings {
    /// Reads `file`, then `environment`.
    pub(crate) fn read(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut settings = Self::default();
        if let Some(path) = file {
            settings.read_file(path);
        }
        settings.read_environment(environment.into_iter().collect());
        settings
    }

    /// All of it as one configuration.
    pub(crate) fn config(mut self) -> Result<Config, Problems> {
        for Given { key, origin, value } in &self.given {
            let alone = reference::defaults().merge(Serialized::default(key, value));
            if let Err(error) = alone.extract_lossy::<Config>() {
                self.problems.0.push(format!("{origin}: `{key}`: {}", one_line(&error.kind.to_string())));
            }
        }
        self.problems.none()?;
        let mut all = reference::defaults();
        for Given { key, value, .. } in &self.given {
            all = all.merge(Serialized::default(key, value));
        }
        // Lossy: the environment knows only text, so numbers and booleans are read out of it.
        all.extract_lossy().map_err(|error| Problems(vec![one_line(&error.to_string())]))
    }

    fn read_file(&mut self, path: &Path) {
        let origin = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.0.push(format!("cannot read {origin}: {error}")),
        };
        let known: Vec<_> = reference::settings().into_iter().map(|(key, _)| key).collect();
        match Figment::from(Toml::string(&text)).extract::<Dict>() {
            Err(error) => self.problems.0.push(format!("{origin}: {}", one_line(&error.kind.to_string()))),
            Ok(dict) => {
                for (key, value) in reference::flatten(&dict) {
                    if known.contains(&key) {
                        self.given.push(Given { key, origin: origin.clone(), value });
                    } else {
                        let meant = nearest(&key, known.iter().map(String::as_str));
                        self.problems.0.push(unknown(&origin, "key", &key, meant));
                    }
                }
            }
        }
    }

    fn read_environment(&mut self, environment: BTreeMap<String, String>) {
        let names = names();
        let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in &environment {
            let Some((key, from)) = names.get(name.as_str()) else {
                if name.starts_with("SKOPOS__") {
                    let meant = nearest(name, names.keys().map(String::as_str));
                    self.problems.0.push(unknown("the environment", "variable", name, meant));
                }
                continue;
            };
            if let Some(other) = by_key.insert(key, name) {
                self.problems
                    .0
                    .push(format!("{other} and {name} are both set, and mean the same: unset one"));
            }
            match from.value(value) {
                Ok(text) => {
                    let (key, origin) = (key.clone(), name.clone());
                    self.given.push(Given { key, origin, value: Value::from(text) });
                }
                Err(error) => self.problems.0.push(format!("{name}: cannot read {value}: {error}")),
            }
        }
    }
}

/// How a variable gives a value.
#[derive(Debug, Clone, Copy)]
enum From {
    Itself,
    File,
}

impl From {
    /// Of a file everything counts but its last line break, which editors add.
    fn value(self, text: &str) -> std::io::Result<String> {
        match self {
            Self::Itself => Ok(text.to_owned()),
            Self::File => {
                let text = std::fs::read_to_string(text)?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
        }
    }
}

/// Every variable that is a setting, with its key.
fn names() -> BTreeMap<String, (String, From)> {
    let mut names = BTreeMap::new();
    for (key, _) in reference::settings() {
        let ours = format!("SKOPOS__{}", key.replace('.', "__").to_ascii_uppercase());
        if let Some((_, well_known)) = reference::SECRETS.iter().find(|(secret, _)| *secret == key) {
            for name in [Some(ours.as_str()), *well_known].into_iter().flatten() {
                names.insert(format!("{name}_FILE"), (key.clone(), From::File));
                names.insert(name.to_owned(), (key.clone(), From::Itself));
            }
        } else {
            names.insert(ours, (key, From::Itself));
        }
    }
    names
}

fn unknown(origin: &str, what: &str, name: &str, meant: Option<&str>) -> String {
    let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    format!("{origin}: unknown {what} `{name}`{meant}")
}

/// What is wrong, without the excerpt of the text: it may hold a secret.
fn one_line(message: &str) -> String {
    let excerpt = |line: &&str| !line.trim().is_empty() && !line.contains('|');
    message.lines().filter(excerpt).map(str::trim).collect::<Vec<_>>().join(": ")
}
