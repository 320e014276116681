//! The configuration from outside: what is checked, what is printed, and whether a process says that it lives.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod fleet;

use fleet::{KEY, Role, skopos};

/// Exit code, stdout and stderr.
fn run(arguments: &[&str], settings: &[(&str, String)]) -> (Option<i32>, String, String) {
    let output = skopos(arguments, settings).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn config_check_says_ok_or_every_problem() {
    assert_eq!(run(&["config", "check"], &[]), (Some(0), "ok\n".to_owned(), String::new()));
    let settings = [
        ("SKOPOS__WORKER__SLOTS", "many".to_owned()),
        ("SKOPOS__WROKER__SLOTS", "8".to_owned()),
        ("AMQP_URL_FILE", "/no/such/file".to_owned()),
    ];
    let (code, out, err) = run(&["config", "check"], &settings);
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(4), "", 3), "{err}");
    assert!(err.contains("did you mean `SKOPOS__WORKER__SLOTS`?"), "{err}");
}

#[test]
fn config_print_shows_where_a_value_comes_from_and_no_secret() {
    let settings = [
        ("DATABASE_URL", "postgres://skopos:hunter2@db.test/skopos".to_owned()),
        ("SKOPOS__SECRETS__KEY", KEY.to_owned()),
    ];
    let (code, out, err) = run(&["config", "print"], &settings);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("url = \"postgres://skopos:***@db.test/skopos\"  # DATABASE_URL\n"), "{out}");
    assert!(!out.contains("hunter2") && !out.contains(KEY), "{out}");
}

#[test]
fn config_print_tells_what_is_wrong_besides() {
    let (code, out, err) = run(&["--config", "/no/such/file", "config", "print"], &[]);
    assert_eq!((code, err.lines().count()), (Some(4), 1), "{err}");
    assert!(err.contains("cannot read /no/such/file") && out.contains("# default"), "{err}{out}");
}

#[test]
fn healthcheck_tells_a_process_that_lives_from_one_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = vec![
        ("SKOPOS__DATA__DIR", folder.path().to_str().unwrap().to_owned()),
        ("SKOPOS__API__LISTEN", "127.0.0.1:0".to_owned()),
        ("SKOPOS__HEALTH__LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let mut process = Role::start(&["serve"], &settings);
    let api = process.url();
    let lines: Vec<_> = std::iter::repeat_with(|| process.says()).take(4).collect();
    let health = lines[3].strip_prefix("health  http://").unwrap().trim_end_matches('/').to_owned();
    settings[1].1 = api.trim_start_matches("http://").to_owned();
    settings[2].1.clone_from(&health);
    for arguments in [&["healthcheck"][..], &["healthcheck", "--ready"]] {
        for settings in [&settings[..], &settings[..2]] {
            let (code, out, err) = run(arguments, settings);
            assert_eq!((code, out.lines().count()), (Some(0), 1), "{arguments:?}: {err}");
        }
    }
    let (_, out, _) = run(&["healthcheck"], &settings);
    assert_eq!(out, format!("ok: http://{health}/healthz\n"));
    assert_eq!(process.stop(), Some(0));
    let (code, out, err) = run(&["healthcheck"], &settings);
    assert_eq!((code, out.as_str(), err.lines().count()), (Some(1), "", 1), "{err}");
}
