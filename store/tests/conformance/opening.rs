//! What people are told when PostgreSQL cannot be opened, and with what limits its connections are.

use store::{Error, SecretKey, Store};

use crate::{
    fixtures::{inserted, manual},
    harness::{Bench, Place, execute, postgres},
};

postgres! {
    what_is_wrong_is_told_in_one_sentence
    connections_have_their_limits
}

/// Why a database is not opened. The password is never in it.
async fn told(url: &str) -> String {
    match Store::open_postgres(url, SecretKey::new([7; 32])).await {
        Err(Error::Setup(why)) => {
            assert!(!why.contains("hunter2") && !why.contains('\n'), "{why}");
            why
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{url} was opened"),
    }
}

async fn what_is_wrong_is_told_in_one_sentence(bench: Bench) {
    let Place::Url(url) = &bench.place else { unreachable!() };
    let server = url.split_once('@').unwrap().1.split(['/', '?']).next().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (url, expected) in [
        ("this is no URL hunter2".to_owned(), "DATABASE_URL is not a valid PostgreSQL URL".to_owned()),
        (format!("postgres://me:hunter2@127.0.0.1:{free}/x"), format!("nothing listens at 127.0.0.1:{free}")),
        (
            "postgres://me:hunter2@nowhere.invalid/x".to_owned(),
            "no host of that name: nowhere.invalid".to_owned(),
        ),
        (
            format!("postgres://nobody_of_that_name:hunter2@{server}/postgres"),
            "nobody_of_that_name".to_owned(),
        ),
        (
            format!("postgres://root:hunter2@{server}/no_such_database"),
            "has no database `no_such_database`".to_owned(),
        ),
        (format!("postgres://root:hunter2@{server}/postgres?sslmode=require"), "TLS is required".to_owned()),
    ] {
        let why = told(&url).await;
        assert!(why.contains(&expected), "{why}");
    }
}

async fn connections_have_their_limits(bench: Bench) {
    // A trigger sees the settings of the session that writes.
    let check = "CREATE FUNCTION limits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF current_setting('statement_timeout') || current_setting('lock_timeout') || \
           current_setting('idle_in_transaction_session_timeout') <> '30s10s15s' \
        THEN RAISE EXCEPTION 'other limits'; END IF; RETURN NEW; END $$; \
        CREATE TRIGGER limits BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION limits()";
    execute(&bench.place, check).await.unwrap();
    assert_eq!(inserted(&bench, vec![manual(bench.now())]).await.len(), 1);
}
