//! The files of `deploy/`, held against the executable: every variable is a setting, every command exists, every role is
//! there. Whether an engine runs them is not told here: that needs one.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod fleet;

use std::{collections::BTreeSet, path::PathBuf};

use fleet::skopos;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");
const ROLES: [&str; 4] = ["api", "scheduler", "worker", "notifier"];
const FILES: [&str; 5] = [
    "Dockerfile",
    "compose.yaml",
    "compose.fleet.yaml",
    "systemd/skopos@.service",
    "systemd/skopos.env.example",
];

fn read(name: &str) -> String {
    let path = PathBuf::from(FOLDER).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every variable that a file names, in comments, too.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| {
        word.starts_with("SKOPOS__") || word.starts_with("DATABASE_URL") || word.starts_with("AMQP_URL")
    };
    words.filter(ours).map(str::to_owned).collect()
}

/// The words in brackets behind a key, as in `command: ["api"]`.
fn lists<'t>(text: &'t str, key: &str) -> Vec<Vec<&'t str>> {
    let behind = text.lines().filter_map(|line| line.trim().strip_prefix(key));
    let words = |list: &'t str| {
        let list = list.trim().trim_start_matches('[').trim_end_matches(']');
        list.split(',').map(|word| word.trim().trim_matches('"')).collect()
    };
    behind.map(words).collect()
}

fn assert_command_exists(words: &[&str]) {
    let output = skopos(&[words, &["--help"]].concat(), &[]).output().unwrap();
    assert!(output.status.success(), "`skopos {}` does not exist", words.join(" "));
}

#[test]
fn every_variable_is_a_setting() {
    let files: Vec<_> = FILES.into_iter().chain(["../docs/operating.md", "../README.md"]).collect();
    let named: BTreeSet<String> = files.iter().flat_map(|name| variables(&read(name))).collect();
    assert!(named.len() > 8, "{named:?}");
    for name in named {
        let check = skopos(&["config", "check"], &[(&name, "/dev/null".to_owned())]).output().unwrap();
        let said = String::from_utf8(check.stderr).unwrap();
        assert!(!said.contains("unknown variable"), "{name} is no setting: {said}");
    }
    // The check above is worth nothing if nothing is unknown.
    let check = skopos(&["config", "check"], &[("SKOPOS__API__PORT", "1".to_owned())]).output().unwrap();
    assert!(String::from_utf8(check.stderr).unwrap().contains("unknown variable"));
}

#[test]
fn every_command_exists_and_every_role_has_its_container() {
    let fleet = read("compose.fleet.yaml");
    let commands = lists(&fleet, "command:");
    for command in commands.iter().chain(&lists(&read("compose.yaml"), "command:")) {
        assert_command_exists(command);
    }
    let commands: Vec<_> = commands.concat();
    for role in ROLES {
        assert_eq!(commands.iter().filter(|command| **command == role).count(), 1, "{role}");
        assert!(fleet.contains(&format!("\n  {role}:\n")), "{role} is a service");
    }
    assert!(commands.contains(&"migrate"));
}

#[test]
fn the_image_starts_and_asks_what_exists_as_a_user_without_rights() {
    let dockerfile = read("Dockerfile");
    assert_eq!(lists(&dockerfile, "ENTRYPOINT"), [["/usr/local/bin/skopos"]]);
    assert_command_exists(&lists(&dockerfile, "CMD")[0]);
    let health = dockerfile.lines().find(|line| line.starts_with("HEALTHCHECK")).unwrap();
    let asked = &lists(health.split_once(" CMD ").unwrap().1, "")[0];
    assert_eq!(asked[0], "/usr/local/bin/skopos");
    assert_command_exists(&asked[1..]);
    assert!(dockerfile.contains("\nUSER 65532:65532\n"));
}

#[test]
fn the_unit_starts_the_role_that_its_instance_is_named_after() {
    let unit = read("systemd/skopos@.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    for role in ROLES.into_iter().chain(["serve"]) {
        let line = start.replace("%i", role);
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[0], "/usr/local/bin/skopos");
        assert_command_exists(&words[1..]);
    }
}

/// `worker.drain` and what the others get after it are shorter than what the outside world waits.
#[test]
fn whoever_stops_a_role_waits_longer_than_it_drains() {
    let unit = read("systemd/skopos@.service");
    let seconds = |text: &str| text.trim().trim_end_matches('s').parse::<u64>().unwrap();
    let mut waits =
        vec![seconds(unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap())];
    for file in ["compose.yaml", "compose.fleet.yaml"] {
        let text = read(file);
        let grace = text.lines().find_map(|line| line.trim().strip_prefix("stop_grace_period:"));
        waits.push(seconds(grace.unwrap()));
    }
    let printed = skopos(&["config", "print"], &[]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let drain = printed.lines().find_map(|line| line.strip_prefix("drain = \"")).unwrap();
    let drain = seconds(drain.split_once('"').unwrap().0);
    assert!(waits.iter().all(|wait| *wait > drain + 10), "{waits:?} against {drain}");
}
