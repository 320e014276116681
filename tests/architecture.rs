//! The dependency table of the architecture, held against what `cargo metadata` says. A crate earns its place by an
//! invariant: this is where it is kept.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which of our crates each of our crates may use: no more and no less.
const OURS: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("queue", &["domain"]),
    ("outbound", &["domain"]),
    ("scheduler", &["domain", "queue", "store"]),
    ("worker", &["domain", "outbound", "queue", "store"]),
    ("notifier", &["domain", "outbound", "queue", "store"]),
    ("api", &["domain", "store"]),
    ("skopos", &["api", "domain", "notifier", "outbound", "queue", "scheduler", "store", "worker"]),
    // What checks the others must not share their code.
    ("bench", &["chaos", "domain"]),
    ("chaos", &[]),
];

/// What each crate must not use, whoever wrote it.
const FORBIDDEN: [(&str, &[&str]); 8] = [
    (
        "domain",
        &["axum", "diesel", "diesel-async", "hyper", "lapin", "reqwest", "tokio", "tracing-subscriber"],
    ),
    ("store", &["axum", "lapin", "reqwest"]),
    ("queue", &["axum", "diesel", "diesel-async", "reqwest"]),
    ("outbound", &["axum", "diesel", "diesel-async", "lapin"]),
    ("scheduler", &["axum", "reqwest"]),
    ("worker", &["axum", "notifier"]),
    ("notifier", &["axum", "worker"]),
    ("api", &["lapin", "outbound", "queue", "reqwest"]),
];

/// Crates that only one of ours may use, because it is the home of what they do.
const ONE_HOME: [(&str, &str); 4] =
    [("diesel", "store"), ("diesel-async", "store"), ("lapin", "queue"), ("ipnet", "outbound")];

#[test]
fn each_crate_uses_exactly_those_of_ours_that_the_table_gives_it() {
    let actual = dependencies();
    let ours: BTreeSet<String> = actual.keys().cloned().collect();
    let expected: BTreeMap<String, BTreeSet<String>> =
        OURS.iter().map(|(name, uses)| ((*name).to_owned(), owned(uses))).collect();
    let actual = actual.into_iter().map(|(name, uses)| (name, &uses & &ours)).collect::<BTreeMap<_, _>>();
    assert_eq!(actual, expected);
}

#[test]
fn no_crate_uses_what_the_table_forbids_it() {
    let actual = dependencies();
    for (name, forbidden) in FORBIDDEN {
        let found = &actual[name] & &owned(forbidden);
        assert!(found.is_empty(), "{name} must not depend on {found:?}");
    }
}

#[test]
fn what_has_one_home_is_used_nowhere_else() {
    for (name, uses) in dependencies() {
        for (dependency, home) in ONE_HOME {
            assert!(
                name == home || !uses.contains(dependency),
                "only {home} may use {dependency}, not {name}"
            );
        }
    }
}

/// The direct, normal dependencies of every crate of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata reads this workspace");
    metadata.packages.iter().map(|package| (package.name.to_string(), normal(package))).collect()
}

fn normal(package: &Package) -> BTreeSet<String> {
    let dependencies = package.dependencies.iter();
    dependencies.filter(|used| used.kind == DependencyKind::Normal).map(|used| used.name.clone()).collect()
}

fn owned(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
