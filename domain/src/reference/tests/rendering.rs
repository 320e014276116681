use super::*;

#[test]
fn a_lone_reference_keeps_its_type() {
    assert_eq!(value("@{{login.body.id}}"), 42);
    assert_eq!(value("@{{ login.body.ok }}"), true);
    assert_eq!(value("@{{login.body.none}}"), Value::Null);
    assert_eq!(value("@{{login.body.items}}"), json!([{ "sku": "A" }, { "sku": "B" }]));
    assert_eq!(value("@{{login.body.big}}"), 9_007_199_254_740_993_u64);
}

#[test]
fn inside_longer_text_a_value_becomes_text() {
    assert_eq!(value("n=@{{login.body.big}}"), "n=9007199254740993");
    assert_eq!(value("@{{login.body.ratio}} "), "0.5 ");
    assert_eq!(value("@{{login.body.ok}}/@{{login.body.none}}"), "true/null");
    assert_eq!(value("@{{login.body.items[0]}}!"), r#"{"sku":"A"}!"#);
    assert_eq!(value("in @{{login.body.text}}"), "in Zürich 東京 🦀");
}

#[test]
fn a_value_is_never_expanded_again() {
    let fixture = Fixture::with("@{{secrets.KEY}}");
    assert_eq!(template("@{{vars.v}}").render_value(&fixture).unwrap(), "@{{secrets.KEY}}");
    assert_eq!(template("<@{{vars.v}}>").render_text(&fixture).unwrap(), "<@{{secrets.KEY}}>");
    assert_eq!(template("@{{vars.v}}").render_header(&fixture).unwrap(), "@{{secrets.KEY}}");
}

#[test]
fn what_is_missing_says_whose_fault_it_is_and_names_the_reference() {
    let missing = problem("@{{login.body.items[0].price}}");
    assert_eq!(missing.cause, UnresolvedCause::MissingValue);
    assert_eq!(
        missing.to_string(),
        "`@{{login.body.items[0].price}}`: `body.items[0]` has no `price`, only `sku`"
    );
    assert_eq!(problem("@{{vars.gone}}").cause, UnresolvedCause::Gone);
    assert_eq!(problem("@{{secrets.GONE}}").cause, UnresolvedCause::Gone);
    assert_eq!(problem("@{{later.body}}").cause, UnresolvedCause::NeverRan);
    assert_eq!(problem("@{{login.body.items | lower}}").cause, UnresolvedCause::Invalid);
}

#[test]
fn no_message_holds_a_value() {
    for text in [
        "@{{secrets.KEY | int}}",
        "@{{secrets.KEY | float}}",
        "@{{secrets.KEY | date('%Y')}}",
        "@{{secrets.KEY | first}}",
        "@{{secrets.KEY | regex('no')}}",
        "@{{secrets.KEY | base64 | join(',')}}",
        "@{{secrets.KEY | add(1)}}",
        "@{{vars.v | join(secrets.KEY)}}",
        "@{{secrets.NO}}",
    ] {
        assert!(!problem(text).to_string().contains("s3cr3t"), "{text}");
    }
}

#[test]
fn a_default_answers_what_is_missing_or_null_and_nothing_else() {
    assert_eq!(value("@{{login.body.nope | default(7)}}"), 7);
    assert_eq!(value("@{{login.body.none | default(false)}}"), false);
    assert_eq!(value("@{{login.body.nope | lower | default('N') | lower}}"), "n");
    assert_eq!(value("@{{later.body | default(vars.limits.max)}}"), 5);
    assert_eq!(value("@{{vars.gone | default('x')}}"), "x");
    assert_eq!(value("@{{vars.empty | default('x')}}"), "");
    assert_eq!(value("@{{login.body.empty | first | default('none')}}"), "none");
    assert_eq!(value("@{{login.body.token | regex('x+') | default('none')}}"), "none");
    assert_eq!(problem("@{{secrets.GONE | default('x')}}").cause, UnresolvedCause::Gone);
    assert_eq!(problem("@{{login.body.items | lower | default('x')}}").cause, UnresolvedCause::Invalid);
    let chained = problem("@{{login.body.nope | default(vars.gone)}}");
    assert_eq!(chained.cause, UnresolvedCause::Gone);
    assert!(chained.message.contains("vars.gone"), "{chained}");
}

#[test]
fn a_header_cannot_hold_a_line_break() {
    for (held, named) in [("a\r\nX: b", "(CR)"), ("a\nb", "(LF)"), ("a\0", "NUL"), ("a\u{7f}", "U+007F")] {
        let refused = template("x @{{vars.v}}").render_header(&Fixture::with(held)).unwrap_err();
        assert_eq!(refused.cause, UnresolvedCause::Invalid);
        assert_eq!(refused.reference, "vars.v");
        assert!(refused.message.contains(named), "{refused}");
    }
    assert!(template("a\nb").render_header(&Fixture::new()).is_err());
    assert_eq!(template("@{{vars.v}}").render_header(&Fixture::with("tab\té")).unwrap(), "tab\té");
}

#[test]
fn functions_are_repeatable_from_a_seed() {
    assert_eq!(value("@{{uuid()}}"), value("@{{uuid()}}"));
    assert_eq!(value("@{{now()}}"), "1970-01-01T00:00:00.000Z");
    assert_eq!(value("@{{timestamp()}}"), 0);
    assert_eq!(value("@{{random_int(3, 3)}}"), 3);
    assert_eq!(value("@{{random_string(12)}}").as_str().unwrap().len(), 12);
    let mut rng = StdRng::seed_from_u64(1);
    let mut roll = || Function::RandomInt(-1, 1).evaluate(DateTime::UNIX_EPOCH, &mut rng).as_i64().unwrap();
    let rolled: std::collections::BTreeSet<_> = (0..100).map(|_| roll()).collect();
    assert_eq!(rolled.into_iter().collect::<Vec<_>>(), [-1, 0, 1]);
    let text = Function::Uuid.evaluate(DateTime::UNIX_EPOCH, &mut rng);
    assert_eq!(uuid::Uuid::parse_str(text.as_str().unwrap()).unwrap().get_version_num(), 4);
}
