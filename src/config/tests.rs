//! Settings from everywhere, and what is said about them.

use figment::{
    Figment,
    providers::{Format, Toml},
};

use super::{reference::DEFAULTS, *};

fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("skopos.toml");
    std::fs::write(&path, file.unwrap_or_default()).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), environment).map_err(|error| error.to_string())
}

#[test]
fn the_reference_file_states_the_defaults() {
    let stated: Config = toml_of(DEFAULTS).extract().unwrap();
    assert_eq!(stated, Config::default());
}

#[test]
fn what_the_reference_file_comments_out_can_be_set() {
    let settings = reference::settings();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.toml");
    let text: Vec<_> = DEFAULTS
        .lines()
        .map(|line| line.strip_prefix('#').filter(|l| !l.starts_with(' ')).unwrap_or(line))
        .collect();
    std::fs::write(&file, text.join("\n")).unwrap();
    let read = Settings::read(Some(&file), []);
    assert_eq!(read.given.len(), settings.len());
    let config = read.config().unwrap();
    assert!(config.database.url.is_some() && config.amqp.url.is_some() && config.smtp.url.is_some());
    config.check().unwrap();
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
    assert!(message.contains("SKOPOS__DEMO__LISTEN"), "{message}");
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

#[test]
fn every_problem_is_told_with_its_origin_and_what_was_meant() {
    let file = "[worker]\nslots = \"many\"\nlocatoin = \"x\"\n[api]\nlisten = \"127.0.0.1:1\"";
    let message = load(Some(file), &[("SKOPOS__LOG__FROMAT", "json")]).unwrap_err();
    for part in [
        "skopos.toml: `worker.slots`: ",
        "skopos.toml: unknown key `worker.locatoin`, did you mean `worker.location`?",
        "unknown variable `SKOPOS__LOG__FROMAT`, did you mean `SKOPOS__LOG__FORMAT`?",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[test]
fn secrets_can_come_from_files_without_their_last_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let (database, key) = (
        file("url", "postgres://u:hunter2@db/x\n"),
        file("key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"),
    );
    let (amqp, smtp) = (file("amqp", "amqp://mq/"), file("smtp", "smtp://mail\n\n"));
    let environment = [
        ("DATABASE_URL_FILE", database.as_str()),
        ("SKOPOS__SECRETS__KEY_FILE", &key),
        ("AMQP_URL_FILE", &amqp),
        ("SKOPOS__SMTP__URL_FILE", &smtp),
    ];
    let config = load(None, &environment).unwrap();
    config.check().unwrap();
    assert_eq!(config.database.url.unwrap().expose(), "postgres://u:hunter2@db/x");
    assert_eq!(config.smtp.url.unwrap().expose(), "smtp://mail\n", "only the last line break goes");
}

#[test]
fn two_names_of_one_setting_at_once_are_an_error() {
    for other in ["DATABASE_URL_FILE", "SKOPOS__DATABASE__URL", "SKOPOS__DATABASE__URL_FILE"] {
        let message = load(None, &[("DATABASE_URL", "postgres://db/x"), (other, "/dev/null")]).unwrap_err();
        assert!(message.contains("DATABASE_URL and ") && message.contains(other), "{message}");
    }
    let message = load(None, &[("AMQP_URL_FILE", "/no/such/file")]).unwrap_err();
    assert!(message.contains("AMQP_URL_FILE: cannot read /no/such/file"), "{message}");
}

#[test]
fn a_file_that_is_no_toml_is_told_without_its_text() {
    let message = load(Some("[secrets]\nkey = hunter2"), &[]).unwrap_err();
    assert!(message.contains("line 2") && !message.contains("hunter2"), "{message}");
}

#[test]
fn what_cannot_work_together_is_told_all_at_once() {
    let environment =
        [("DATABASE_URL", "mysql://db/x"), ("AMQP_URL", "http://mq"), ("SKOPOS__API__LISTEN", "0.0.0.0:1")];
    let config = load(None, &environment).unwrap();
    assert_eq!(config.check().unwrap_err().0.len(), 4);
    Config::default().check().unwrap();
}

#[test]
fn the_configuration_is_printed_with_origins_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("skopos.toml");
    std::fs::write(&path, "[worker]\nlocation = \"paris\"").unwrap();
    let environment = [
        ("DATABASE_URL", "postgres://u:hunter2@db/x?password=hunter2"),
        ("SKOPOS__SECRETS__KEY", "hunter2"),
        ("SKOPOS__WORKER__SLOTS", "8"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let printed = print(&Settings::read(Some(&path), environment));
    for line in [
        "url = \"postgres://u:***@db/x?***\"  # DATABASE_URL".to_owned(),
        "key = \"***\"  # SKOPOS__SECRETS__KEY".to_owned(),
        "slots = 8  # SKOPOS__WORKER__SLOTS".to_owned(),
        "listen = \"127.0.0.1:8080\"  # default".to_owned(),
        format!("location = \"paris\"  # {}", path.display()),
        "#url is not set".to_owned(),
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in\n{printed}");
    }
    assert!(!printed.contains("hunter2"), "{printed}");
    let toml: figment::value::Dict = toml_of(&printed).extract().unwrap();
    assert!(toml.contains_key("demo"));
}
