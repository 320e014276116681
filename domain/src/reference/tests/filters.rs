use super::*;

#[test]
fn filters_do_what_they_are_called() {
    for (text, expected) in [
        ("@{{login.body.items | json}}", json!(r#"[{"sku":"A"},{"sku":"B"}]"#)),
        ("@{{login.body.token | json}}", json!(r#""t0k""#)),
        ("@{{login.body.items | raw}}", json!([{ "sku": "A" }, { "sku": "B" }])),
        ("@{{vars.base_url | urlencode}}", json!("https%3A%2F%2Fshop.example%2Fapi")),
        ("@{{login.body.text | base64}}", json!("WsO8cmljaCDmnbHkuqwg8J+mgA==")),
        ("@{{login.body.text | base64 | base64_decode}}", json!("Zürich 東京 🦀")),
        ("@{{login.body.token | hex}}", json!("74306b")),
        (
            "@{{login.body.token | sha256}}",
            json!("98e4e27695754ae0d421e3a5a48b69d8fab2b3af4383a5c318201f8a92eb9fd0"),
        ),
        ("@{{login.body.text | upper}}", json!("ZÜRICH 東京 🦀")),
        ("@{{login.body.text | lower}}", json!("zürich 東京 🦀")),
        ("@{{login.body.ok | upper}}", json!("TRUE")),
        ("@{{login.body.text | length}}", json!(11)),
        ("@{{login.body.items | length}}", json!(2)),
        ("@{{login.body.items[0] | length}}", json!(1)),
        ("@{{login.body.items | first}}", json!({ "sku": "A" })),
        ("@{{login.body.items | last}}", json!({ "sku": "B" })),
        ("@{{login.body.text | split(' ') | last}}", json!("🦀")),
        ("@{{login.body.text | split(' ') | join(', ')}}", json!("Zürich, 東京, 🦀")),
        ("@{{login.body.items | join('+')}}", json!(r#"{"sku":"A"}+{"sku":"B"}"#)),
        ("@{{login.body.text | replace('東京', '$&$1')}}", json!("Zürich $&$1 🦀")),
        ("@{{login.body.at | regex('T([0-9]+)')}}", json!("23")),
        ("@{{login.body.at | regex('[0-9]{4}')}}", json!("2026")),
        ("@{{login.body.at | regex('[0-9]{4}') | int}}", json!(2026)),
        ("@{{login.body.big | string | int}}", json!(9_007_199_254_740_993_u64)),
        ("@{{login.body.ratio | int}}", json!(0)),
        ("@{{login.body.id | float}}", json!(42.0)),
        ("@{{login.body.id | string}}", json!("42")),
        ("@{{login.body.id | add(-2)}}", json!(40)),
        ("@{{login.body.big | add(1)}}", json!(9_007_199_254_740_994_u64)),
        ("@{{login.body.id | add(0.5)}}", json!(42.5)),
        ("@{{login.body.at | date('%d.%m.%Y %H:%M')}}", json!("31.01.2026 23:30")),
        ("@{{timestamp() | date('%F')}}", json!("1970-01-01")),
        ("@{{login.body.at | add(1h)}}", json!("2026-02-01T00:30:00+01:00")),
        ("@{{now() | add(-250ms)}}", json!("1969-12-31T23:59:59.750Z")),
        ("@{{timestamp() | add(1d)}}", json!(86_400)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn spaces_at_both_ends_are_trimmed() {
    let rendered = template("@{{vars.v | trim}}").render_value(&Fixture::with(" \t é\n")).unwrap();
    assert_eq!(rendered, "é");
}

/// RFC 4231, test case 2.
#[test]
fn hmac_agrees_with_its_standard() {
    let signed = template("@{{vars.v | hmac_sha256('Jefe')}}");
    let rendered = signed.render_value(&Fixture::with("what do ya want for nothing?")).unwrap();
    assert_eq!(rendered, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn base64_is_read_in_either_alphabet_padded_or_not() {
    for written in ["w78_w78=", "w78/w78=", "w78_w78", " w78/w78 \n"] {
        let rendered = template("@{{vars.v | base64_decode}}").render_value(&Fixture::with(written));
        assert_eq!(rendered.unwrap(), "ÿ?ÿ", "{written}");
    }
}

#[test]
fn what_a_filter_cannot_take_is_an_error_and_not_a_silent_answer() {
    for text in [
        "@{{login.body.items | upper}}",
        "@{{login.body.none | trim}}",
        "@{{login.body.id | length}}",
        "@{{login.body.text | first}}",
        "@{{login.body.text | int}}",
        "@{{login.body.text | float}}",
        "@{{login.body.ok | int}}",
        "@{{login.body.text | base64_decode}}",
        "@{{login.body.text | date('%Y')}}",
        "@{{login.body.text | add(1)}}",
        "@{{login.body.text | add(1s)}}",
        "@{{login.body.at | add(99999999d)}}",
        "@{{login.body.text | split(vars.empty)}}",
        "@{{login.body.big | float | add(1e308) | float | add(1.7e308)}}",
    ] {
        assert_eq!(problem(text).cause, UnresolvedCause::Invalid, "{text}");
    }
}
