use proptest::prelude::*;

use super::*;

/// Values that break things: quotes, patterns, line ends, braces, other alphabets.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\"",
        "'",
        "\\",
        "$&",
        "$1",
        "\r\n",
        "\0",
        "@{{vars.v}}",
        "}}",
        "@{{",
        "@@{{",
        "\",\"method\":\"DELETE",
        "/",
        "..",
        ".",
        "?",
        "#",
        "&",
        "=",
        "%2F",
        "%",
        "+",
        " ",
        "@",
        ":",
        "é",
        "東",
        "🦀",
        "a",
        "1",
        "\t",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

/// Texts that look like references.
fn almost() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "@",
        "@{{",
        "@@{{",
        "}}",
        "}",
        "{",
        "login",
        "step1",
        "vars",
        "secrets",
        "body",
        ".",
        "..",
        "[",
        "]",
        "0",
        "-1",
        "\"",
        "'",
        "\\",
        "\\u",
        "d83e",
        "|",
        " ",
        "default",
        "regex",
        "add",
        "(",
        ")",
        ",",
        "5m",
        "1e9",
        "random_int",
        "é",
        "🦀",
        "uuid()",
        "@{{login.body",
        "@{{vars.x | ",
    ]);
    prop::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9_-]{0,6}", "[0-9]{1,3}", "\\PC{0,6}", nasty()]
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![key().prop_map(Segment::Name), (-99_i64..99).prop_map(Segment::Index)]
}

fn no_panic(text: &str) -> Result<(), TestCaseError> {
    if let Err(problem) = Template::parse(text) {
        prop_assert!(text.get(problem.offset..problem.offset + problem.length).is_some(), "{problem:?}");
        prop_assert!(!problem.message.is_empty());
    }
    let _ = Path::parse(text);
    Ok(())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        no_panic(&text)?;
        no_panic(&format!("@{{{{{text}}}}}"))?;
    }

    #[test]
    fn nothing_that_looks_like_a_reference_makes_the_parser_panic(text in almost()) {
        no_panic(&text)?;
    }

    #[test]
    fn a_parsed_template_prints_as_what_reads_back_the_same(text in almost()) {
        if let Ok(parsed) = Template::parse(&text) {
            let canonical = parsed.to_string();
            let again = Template::parse(&canonical);
            prop_assert_eq!(again.map(|again| again.to_string()), Ok(canonical));
        }
    }

    #[test]
    fn a_path_reads_back_as_itself(segments in prop::collection::vec(segment(), 1..6)) {
        let path = Path::from(segments);
        prop_assert_eq!(Path::parse(&path.to_string()), Ok(path.clone()));
        let written: String = path.segments().iter().map(ToString::to_string).collect();
        let text = format!("@{{{{login.body{written}}}}}");
        let parsed = Template::parse(&text).unwrap();
        prop_assert_eq!(&parsed.references().next().unwrap().path().segments()[1..], path.segments());
    }

    #[test]
    fn literal_text_survives_escaping(text in nasty()) {
        let literal = Template::literal(text.clone());
        prop_assert_eq!(Template::parse(&literal.to_string()), Ok(literal));
    }

    #[test]
    fn a_value_in_json_changes_nothing_but_itself(v in nasty()) {
        let body = JsonTemplate::parse(&json!({ "a": "@{{vars.v}}", "b": "<@{{vars.v}}>", "c": 1 })).unwrap();
        let sent = body.render(&Fixture::with(v.as_str())).unwrap();
        let received: Value = serde_json::from_str(&sent.to_string()).unwrap();
        prop_assert_eq!(received, json!({ "a": v, "b": format!("<{v}>"), "c": 1 }));
    }

    #[test]
    fn a_value_in_a_url_changes_nothing_but_itself(v in nasty()) {
        let text = "https://u:@{{vars.v}}@a.example/x/_@{{vars.v}}/y?k=@{{vars.v}}&l=1#f@{{vars.v}}";
        let rendered = template(text).render_url(&Fixture::with(v.as_str())).unwrap();
        let url = ::url::Url::parse(&rendered).unwrap();
        prop_assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("a.example"), None));
        let segments: Vec<_> = url.path_segments().unwrap().collect();
        prop_assert_eq!(segments.len(), 3);
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        prop_assert_eq!(decode(segments[1]), format!("_{v}"));
        prop_assert_eq!(decode(url.password().unwrap_or_default()), v.clone());
        prop_assert_eq!(decode(url.fragment().unwrap()), format!("f{v}"));
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(query, vec![("k".to_owned(), v), ("l".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_whole_path_segment_is_given_back_or_refused(v in nasty()) {
        match template("https://a.example/x/@{{vars.v}}/y").render_url(&Fixture::with(v.as_str())) {
            Ok(rendered) => {
                let url = ::url::Url::parse(&rendered).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, v);
            }
            Err(_) => prop_assert!(v == "." || v == ".."),
        }
    }

    #[test]
    fn a_value_in_the_host_is_the_host_or_refused(v in nasty()) {
        if let Ok(rendered) = template("https://@{{vars.v}}.shop.example/x").render_url(&Fixture::with(v.as_str()))
            && let Ok(url) = ::url::Url::parse(&rendered)
        {
            prop_assert!(url.host_str().unwrap().ends_with(".shop.example"), "{}", url);
            prop_assert_eq!((url.username(), url.path()), ("", "/x"));
        }
    }

    #[test]
    fn a_header_holds_the_value_or_is_refused(v in nasty()) {
        match template("x @{{vars.v}}").render_header(&Fixture::with(v.as_str())) {
            Ok(header) => prop_assert_eq!(header, format!("x {v}")),
            Err(_) => prop_assert!(v.contains(['\r', '\n', '\0'])),
        }
    }
}
