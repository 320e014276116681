//! Against the examples of RFC 7616, section 3.9; whole conversations are in `tests/digest.rs`.

use super::*;

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::try_from(*value).unwrap())).collect()
}

fn answer(challenges: &[&str], credentials: &Credentials, target: &str) -> String {
    let challenge = Challenge::choose(&headers(challenges)).expect("a challenge that can be answered");
    let message = Message { method: "GET", target, body: b"" };
    let value = challenge.answer(credentials, &message, 1).unwrap();
    String::from_utf8(value.as_bytes().to_vec()).unwrap()
}

fn credentials(username: &str, password: &str, nonce: &str) -> Credentials {
    let [username, password, nonce] = [username, password, nonce].map(str::to_owned);
    Credentials { username, password, nonce }
}

const SHA256: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

#[test]
fn the_examples_of_the_rfc_come_out() {
    let mufasa = credentials("Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    let md5 = SHA256.replace("SHA-256", "MD5");
    for (challenge, algorithm, response) in [
        (SHA256, "SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (&md5, "MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let expected = format!(
            r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        );
        assert_eq!(answer(&[challenge], &mufasa, "/dir/index.html"), expected);
    }
}

/// The example of section 3.9.2, with the values of erratum 4897: the printed ones are of another hash.
#[test]
fn a_user_may_be_hashed_and_need_not_be_ascii() {
    let challenge = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true"#;
    let jason = credentials("Jäsøn Doe", "Secret, or not?", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
    let hashed = answer(&[challenge], &jason, "/doe.json");
    let username = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    assert!(hashed.contains(&format!("username=\"{username}\"")), "{hashed}");
    assert!(
        hashed.contains(&format!("response=\"{response}\"")) && hashed.ends_with("userhash=true"),
        "{hashed}"
    );
    let plain = answer(&[&challenge.replace("userhash=true", "userhash=false")], &jason, "/doe.json");
    assert!(plain.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), "{plain}");
}

#[test]
fn the_strongest_of_several_challenges_is_answered() {
    let md5 = SHA256.replace("SHA-256", "MD5");
    let choose = |values: &[&str]| Challenge::choose(&headers(values)).map(|challenge| challenge.hash);
    assert_eq!(choose(&[&md5, SHA256]), Some(Hash::Sha256));
    assert_eq!(choose(&[&format!("Basic realm=\"a, b\", {SHA256}, Negotiate, {md5}")]), Some(Hash::Sha256));
    assert_eq!(choose(&["Basic realm=\"Digest\"", "Negotiate YWJj=="]), None);
    assert_eq!(
        choose(&[&SHA256.replace("SHA-256", "SHA-1"), &SHA256.replace("auth, auth-int", "new")]),
        None
    );
    let first = SHA256.replace("http-auth", "first");
    assert_eq!(Challenge::choose(&headers(&[&first, SHA256])).unwrap().realm, "first@example.org");
}

#[test]
fn quotes_in_a_realm_are_kept() {
    let challenge = r#"Digest realm="a \"b\" \\ c, d", nonce="n""#;
    let said = answer(&[challenge], &credentials("u\"", "p", "c"), "/");
    assert!(
        said.starts_with(r#"Digest username="u\"", realm="a \"b\" \\ c, d", uri="/", nonce="n", response="#),
        "{said}"
    );
    assert!(!said.contains("qop") && !said.contains("algorithm"), "{said}");
}
