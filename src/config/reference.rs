//! The reference of every setting, `config.default.toml`: which keys there are, and which one somebody meant.

use figment::{
    Figment,
    providers::{Format, Toml},
    value::{Dict, Value},
};

/// The commented reference, and the defaults.
pub(super) const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Settings that hold a secret: by which name other tools know them, if they do. Each can come from a file, too, whose
/// path is in the variable of that name with `_FILE`.
pub(super) const SECRETS: [(&str, Option<&str>); 4] = [
    ("database.url", Some("DATABASE_URL")),
    ("amqp.url", Some("AMQP_URL")),
    ("secrets.key", None),
    ("smtp.url", None),
];

/// The defaults as what other settings are laid over.
pub(super) fn defaults() -> Figment {
    Figment::from(Toml::string(DEFAULTS))
}

/// Every key of the reference, in its order, with its default or the example that is commented out.
pub(super) fn settings() -> Vec<(String, Value)> {
    // `#key = value` is a setting without a default; prose has a space after the `#`.
    let uncomment =
        |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
    let everything = DEFAULTS.lines().map(uncomment).collect::<Vec<_>>().join("\n");
    let everything: Dict = Figment::from(Toml::string(&everything))
        .extract()
        .expect("the reference is TOML with every line of it");
    let mut settings = flatten(&everything);
    let place = |key: &str| place(key).unwrap_or(usize::MAX);
    settings.sort_by_key(|(key, _)| place(key));
    settings
}

/// Where a key stands in the reference.
fn place(key: &str) -> Option<usize> {
    let (section, name) = key.split_once('.')?;
    let section = DEFAULTS.find(&format!("[{section}]\n"))?;
    let within = &DEFAULTS[section..];
    let found = within.find(&format!("\n{name} =")).or_else(|| within.find(&format!("\n#{name} =")))?;
    Some(section + found)
}

/// Every value with its dotted key.
pub(super) fn flatten(dict: &Dict) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in dict {
        match value {
            Value::Dict(_, inner) => {
                let inner = flatten(inner).into_iter();
                found.extend(inner.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            _ => found.push((name.clone(), value.clone())),
        }
    }
    found
}
