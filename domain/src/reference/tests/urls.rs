use super::*;

fn url(text: &str, v: impl Into<Value>) -> Result<String, Unresolved> {
    template(text).render_url(&Fixture::with(v))
}

#[test]
fn a_value_is_encoded_for_the_place_where_it_stands() {
    for (text, expected) in [
        ("https://a.example/x/@{{vars.v}}/y", "https://a.example/x/a%2Fb%3F%26%20%23%C3%A9/y"),
        ("https://a.example/?q=@{{vars.v}}&r=1", "https://a.example/?q=a%2Fb%3F%26%20%23%C3%A9&r=1"),
        ("https://a.example/?@{{vars.v}}=1", "https://a.example/?a%2Fb%3F%26%20%23%C3%A9=1"),
        ("https://a.example/#@{{vars.v}}", "https://a.example/#a%2Fb%3F%26%20%23%C3%A9"),
        ("https://u:@{{vars.v}}@a.example/", "https://u:a%2Fb%3F%26%20%23%C3%A9@a.example/"),
        ("https://@{{vars.v}}:p@a.example/", "https://a%2Fb%3F%26%20%23%C3%A9:p@a.example/"),
        ("/x/@{{vars.v}}", "/x/a%2Fb%3F%26%20%23%C3%A9"),
    ] {
        assert_eq!(url(text, "a/b?& #é").unwrap(), expected, "{text}");
    }
}

#[test]
fn a_value_at_the_start_is_a_base_url() {
    assert_eq!(
        url("@{{vars.v}}/x?q=@{{vars.v}}", "https://a.example/api?k=1&").unwrap(),
        "https://a.example/api?k=1&/x?q=https%3A%2F%2Fa.example%2Fapi%3Fk%3D1%26"
    );
    assert_eq!(url("@{{vars.v}}://h/@{{vars.v}}", "https").unwrap(), "https://h/https");
}

#[test]
fn raw_turns_the_encoding_off_and_an_encoded_value_is_not_encoded_twice() {
    assert_eq!(url("https://a.example/@{{vars.v | raw}}", "x/y?z=1").unwrap(), "https://a.example/x/y?z=1");
    assert_eq!(url("https://a.example/@{{vars.v | urlencode}}", "x/y").unwrap(), "https://a.example/x%2Fy");
}

#[test]
fn what_a_url_parser_would_drop_in_silence_is_refused() {
    for text in ["@{{vars.v}}/x", "https://a.example/@{{vars.v | raw}}"] {
        assert_eq!(url(text, "https://a\r\nb").unwrap_err().cause, UnresolvedCause::Invalid, "{text}");
    }
}

#[test]
fn a_value_can_be_a_host_and_a_port_and_nothing_more() {
    for host in ["a.example", "127.0.0.1:8080", "[::1]:80", "bücher.example"] {
        assert_eq!(url("http://@{{vars.v}}/x", host).unwrap(), format!("http://{host}/x"));
    }
    assert_eq!(url("http://h:@{{vars.v}}/", 8080).unwrap(), "http://h:8080/");
    for text in [
        "http://@{{vars.v}}/x",
        "http://@{{vars.v}}.example",
        "https:@{{vars.v}}",
        "https:/@{{vars.v}}",
        "https:\\@{{vars.v}}",
    ] {
        for attack in [
            "evil/", "u@evil", "evil?", "evil#", "evil\\", "evil%2f", "e vil", "evil\t", "", "\u{2100}",
            "/evil",
        ] {
            if attack.is_empty() && text.ends_with(".example") {
                continue;
            }
            assert_eq!(
                url(text, attack).unwrap_err().cause,
                UnresolvedCause::Invalid,
                "{text} with {attack}"
            );
        }
    }
}

#[test]
fn a_value_cannot_extend_the_host_of_a_base_url() {
    let fixture =
        Fixture { vars: json!({ "base": "https://shop.example", "v": ".evil.example" }), ..Fixture::new() };
    let refused = template("@{{vars.base}}@{{vars.v}}").render_url(&fixture).unwrap_err();
    assert_eq!(refused.reference, "vars.v");
    let raw = template("@{{vars.base}}@{{vars.v | raw}}").render_url(&fixture).unwrap();
    assert_eq!(raw, "https://shop.example.evil.example");
    assert_eq!(
        template("@{{vars.base}}/@{{vars.v}}").render_url(&fixture).unwrap(),
        "https://shop.example/.evil.example"
    );
}

#[test]
fn a_value_cannot_climb_in_the_path() {
    for (text, climber) in [
        ("https://a.example/users/@{{vars.v}}/x", ".."),
        ("https://a.example/users/@{{vars.v}}", "."),
        ("https://a.example/users/.@{{vars.v}}?q", "."),
        ("https://a.example/users/%2E@{{vars.v}}#f", "."),
        ("https://a.example/users/@{{vars.v}}@{{vars.v}}", "."),
    ] {
        assert_eq!(url(text, climber).unwrap_err().cause, UnresolvedCause::Invalid, "{text}");
    }
    assert_eq!(url("https://a.example/@{{vars.v}}json", ".").unwrap(), "https://a.example/.json");
    assert_eq!(url("https://a.example/?d=@{{vars.v}}", "..").unwrap(), "https://a.example/?d=..");
}
