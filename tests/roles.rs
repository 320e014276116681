//! Roles as processes: what stops a start, what they say, and how they end.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod fleet;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use fleet::{KEY, Role, on_servers, skopos};

/// The one line on stderr of a start that did not succeed.
fn refusal(arguments: &[&str], settings: &[(&str, String)]) -> String {
    let output = skopos(arguments, settings).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), out.as_str()), (Some(4), ""), "{arguments:?}: {err}");
    assert_eq!(err.lines().count(), 1, "one sentence: {err}");
    assert!(err.starts_with("error: "), "{err}");
    err
}

fn embedded(folder: &tempfile::TempDir) -> Vec<(&'static str, String)> {
    let data = folder.path().to_str().unwrap().to_owned();
    vec![("SKOPOS__DATA__DIR", data), ("SKOPOS__API__LISTEN", "127.0.0.1:0".to_owned())]
}

#[test]
fn a_part_of_the_roles_without_a_shared_database_or_broker_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = embedded(&folder);
    for arguments in
        [&["api"][..], &["scheduler"], &["worker"], &["notifier"], &["serve", "--role", "api,scheduler"]]
    {
        let err = refusal(arguments, &settings);
        assert!(err.contains("set DATABASE_URL"), "{err}");
    }
    settings.push(("DATABASE_URL", "postgres://127.0.0.1:1/skopos".to_owned()));
    settings.push(("SKOPOS__SECRETS__KEY", KEY.to_owned()));
    for arguments in [&["worker"][..], &["serve", "--role", "worker", "--role", "notifier"]] {
        let err = refusal(arguments, &settings);
        assert!(err.contains("set AMQP_URL"), "{err}");
    }
}

#[test]
fn all_roles_asked_for_by_name_need_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut all =
        Role::start(&["serve", "--role", "worker,notifier,scheduler,api,worker"], &embedded(&folder));
    assert!(all.says().starts_with("skopos api  http://127.0.0.1:"));
    assert_eq!(all.says(), "skopos scheduler  history of 30 days");
    assert_eq!(all.says(), "skopos worker  location default, 64 slots");
    assert_eq!(all.says(), "skopos notifier  16 slots");
    assert_eq!(all.stop(), Some(0));
}

#[tokio::test]
async fn a_database_that_cannot_be_used_stops_the_start_with_one_sentence() {
    on_servers(|servers| async move {
        let without_broker = servers.settings_without(&["AMQP_URL"]);
        let err = refusal(&["serve"], &without_broker);
        assert!(err.contains("run `skopos migrate`"), "{err}");

        servers.migrate();
        let keyless = servers.settings_without(&["AMQP_URL", "SKOPOS__SECRETS__KEY"]);
        let err = refusal(&["serve"], &keyless);
        assert!(err.contains("SKOPOS__SECRETS__KEY"), "{err}");

        servers.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')").await;
        let err = refusal(&["serve"], &without_broker);
        assert!(err.contains("newer than this executable"), "{err}");

        let mut nowhere = servers.settings_without(&["AMQP_URL", "DATABASE_URL"]);
        nowhere.push(("DATABASE_URL", "postgres://skopos:hunter2@127.0.0.1:1/skopos".to_owned()));
        let err = refusal(&["serve"], &nowhere);
        assert!(err.contains("database") && !err.contains("hunter2"), "{err}");
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_cannot_be_used_stops_the_start_with_one_sentence() {
    on_servers(|servers| async move {
        servers.migrate();
        for (url, part) in [
            ("amqp://guest:hunter2@127.0.0.1:1/%2f", "the broker cannot be reached"),
            ("amqp://guest:hunter2@127.0.0.1:5672/%2f", "does not let in user \"guest\""),
            ("http://127.0.0.1:5672", "has to begin with amqp://"),
        ] {
            let mut settings = servers.settings_without(&["AMQP_URL"]);
            settings.push(("AMQP_URL", url.to_owned()));
            for role in ["scheduler", "worker", "notifier"] {
                let err = refusal(&[role], &settings);
                assert!(err.contains(part) && !err.contains("hunter2"), "{role}: {err}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_api_alone_works_while_the_broker_is_down() {
    on_servers(|servers| async move {
        servers.migrate();
        let mut settings = servers.settings_without(&["AMQP_URL"]);
        settings.push(("AMQP_URL", "amqp://127.0.0.1:1/%2f".to_owned()));
        let mut api = Role::start(&["api"], &settings);
        assert!(api.says().starts_with("skopos api  http://127.0.0.1:"));
        assert_eq!(api.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn all_roles_in_one_process_run_on_postgresql_without_a_broker() {
    on_servers(|servers| async move {
        servers.migrate();
        let mut all = Role::start(&["serve"], &servers.settings_without(&["AMQP_URL"]));
        assert!(all.says().starts_with("skopos api  http://"));
        assert_eq!(all.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn all_roles_in_one_process_run_on_the_embedded_database_with_a_broker() {
    on_servers(|servers| async move {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = servers.settings_without(&["DATABASE_URL", "SKOPOS__SECRETS__KEY"]);
        settings.push(("SKOPOS__DATA__DIR", folder.path().to_str().unwrap().to_owned()));
        let mut all = Role::start(&["serve"], &settings);
        assert!(all.says().starts_with("skopos api  http://"));
        assert_eq!(all.stop(), Some(0));
    })
    .await;
}

#[test]
fn a_second_signal_ends_a_process_that_still_drains() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Role::start(&["serve"], &embedded(&folder));
    let address = all.url().trim_start_matches("http://").to_owned();
    // A request whose body never comes keeps the API busy, and the answer says that it is in hand.
    let mut request = TcpStream::connect(&address).unwrap();
    let head = format!(
        "PUT /v1/channels/hook HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    );
    request.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    request.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");

    all.signal("TERM");
    all.logs("stopping");
    all.signal("INT");
    let (code, rest) = all.ended();
    assert_eq!(code, Some(4), "{rest}");
    assert!(rest.contains("ended at once by a second signal"), "{rest}");
}

#[test]
fn a_process_that_still_waits_for_its_database_ends_at_the_first_signal() {
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://{}/skopos", database.local_addr().unwrap());
    let settings = [("DATABASE_URL", url), ("SKOPOS__SECRETS__KEY", KEY.to_owned())];
    let process = Role::start(&["serve"], &settings);
    // It is connected, and nobody answers.
    let _silent = database.accept().unwrap();
    process.signal("TERM");
    assert_eq!(process.ended(), (Some(0), String::new()));
}
