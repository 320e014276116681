use base64::engine::general_purpose::URL_SAFE;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SECRET: &str = "p@ss \"w/ö\\rd+";

fn masked(text: &str) -> String {
    Masker::new([SECRET]).text(text).into_owned()
}

#[test]
fn a_secret_is_masked_wherever_it_stands() {
    assert_eq!(masked(SECRET), "***");
    assert_eq!(masked(&format!("a {SECRET}, b {SECRET}")), "a ***, b ***");
    assert_eq!(masked("nothing"), "nothing");
}

#[test]
fn a_secret_is_masked_in_every_encoding_a_request_carries_it_in() {
    for carried in [
        json!({ "password": SECRET }).to_string(),
        r#"{"password":"p@ss \"w/\u00f6\\rd+"}"#.to_owned(),
        r#"{"password":"p@ss \"w\/ö\\rd+"}"#.to_owned(),
        format!("?q={}", utf8_percent_encode(SECRET, &UNRESERVED)),
        format!("?q={}", utf8_percent_encode(SECRET, &UNRESERVED).to_string().to_lowercase()),
        url::Url::parse_with_params("https://a.example", [("q", SECRET)]).unwrap().to_string(),
        hex(SECRET),
        hex(SECRET).to_uppercase(),
        SECRET.to_uppercase().replace('Ö', "ö"),
    ] {
        let shown = masked(&carried);
        assert!(shown.contains(MASK), "{carried} is shown as {shown}");
        assert!(
            !shown.to_lowercase().contains("rd+") && !shown.contains("%2b"),
            "{carried} is shown as {shown}"
        );
    }
}

#[test]
fn a_secret_in_a_url_is_masked_as_the_url_parser_writes_it() {
    let mut url = url::Url::parse("https://a.example/x").unwrap();
    url.set_password(Some(SECRET)).unwrap();
    assert_eq!(masked(url.as_str()), "https://:***@a.example/x");
    url.set_password(None).unwrap();
    url.set_query(Some(SECRET));
    assert_eq!(masked(url.as_str()), "https://a.example/x?***");
}

#[test]
fn basic_credentials_are_masked_whatever_the_length_of_the_user() {
    for user in ["", "u", "us", "use", "user", "ärger"] {
        for engine in [&STANDARD, &URL_SAFE] {
            let header = engine.encode(format!("{user}:{SECRET}"));
            let shown = masked(&header);
            assert!(shown.contains(MASK), "{header} is shown as {shown}");
            let left = shown.replace(MASK, "").replace('=', "");
            let of_user = (user.len() + 1) * 8 / 6 + 1;
            assert!(left.len() <= of_user, "{left} is more than the user");
        }
    }
}

#[test]
fn base64_of_the_secret_alone_leaves_nothing() {
    for secret in ["four", "fives", "sixsix", "seven77"] {
        let masker = Masker::new([secret]);
        assert_eq!(masker.text(&STANDARD.encode(secret)), MASK);
        assert_eq!(masker.text(&URL_SAFE_NO_PAD.encode(secret)), MASK);
    }
}

#[test]
fn overlapping_secrets_leave_no_tail() {
    let masker = Masker::new(["abcdef", "defghi", "abcd"]);
    assert_eq!(masker.text("xabcdefghiy"), "x***y");
}

#[test]
fn the_longer_secret_wins_over_its_prefix() {
    assert_eq!(Masker::new(["token", "token-long"]).text("a token-long b"), "a *** b");
}

#[test]
fn a_short_secret_does_not_black_out_everything() {
    let masker = Masker::new(["", "a", "abc"]);
    assert_eq!(masker.text("an abc of a thing"), "an abc of a thing");
    assert!(matches!(masker.text("abc"), Cow::Borrowed(_)));
}

#[test]
fn values_are_masked_in_texts_keys_and_numbers() {
    let masker = Masker::new(["hunter22", "12345678"]);
    let value =
        json!({ "hunter22": ["my hunter22", 12_345_678, 1234, null, true], "n": { "x": "12345678" } });
    let expected = json!({ "***": ["my ***", "***", 1234, null, true], "n": { "x": "***" } });
    assert_eq!(masker.value(&value), expected);
}

#[test]
fn a_captured_secret_is_masked_from_then_on() {
    let mut masker = Masker::default();
    assert_eq!(masker.text("csrf-token"), "csrf-token");
    masker.add("csrf-token");
    assert_eq!(masker.text("csrf-token"), MASK);
}

#[test]
fn debug_output_names_no_secret() {
    assert!(!format!("{:?}", Masker::new(["hunter22"])).contains("hunter22"));
}

proptest! {
    #[test]
    fn no_secret_survives_in_any_carrier(secret in "\\PC{4,24}", before in "\\PC{0,9}", after in "\\PC{0,9}") {
        let masker = Masker::new([secret.as_str()]);
        let whole = format!("{before}{secret}{after}");
        prop_assert!(masker.text(&whole).contains(MASK));
        let json = Value::from(whole.as_str()).to_string();
        prop_assert!(masker.text(&json).contains(MASK));
        prop_assert!(masker.text(&Value::from(json).to_string()).contains(MASK));
        let markup = whole.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert!(masker.text(&markup).contains(MASK));
        prop_assert!(masker.text(&markup.replace('"', "&quot;").replace('\'', "&#39;")).contains(MASK));
        prop_assert!(masker.text(&STANDARD.encode(&whole)).contains(MASK));
        prop_assert!(masker.text(&hex(&whole)).contains(MASK));
        let percent = utf8_percent_encode(&whole, &UNRESERVED).to_string();
        prop_assert!(masker.text(&percent).contains(MASK));
    }
}
