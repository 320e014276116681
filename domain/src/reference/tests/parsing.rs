use super::*;

/// What is marked as wrong, why, and the hint.
fn wrong(text: &str) -> (&str, String, String) {
    let problem = Template::parse(text).expect_err(text);
    let marked = &text[problem.offset..problem.offset + problem.length];
    (marked, problem.message, problem.help.unwrap_or_default())
}

#[test]
fn roots_are_recognised() {
    for (text, root) in [
        ("@{{login.body}}", Root::Step("login".into())),
        ("@{{session-login.captures.token}}", Root::Step("session-login".into())),
        ("@{{step12.body}}", Root::StepNumber(12)),
        ("@{{ 2.body }}", Root::StepNumber(2)),
        ("@{{vars.a}}", Root::Vars),
        ("@{{secrets.a}}", Root::Secrets),
        ("@{{row.a}}", Root::Row),
        ("@{{row}}", Root::Row),
        ("@{{run.id}}", Root::Run),
        ("@{{uuid()}}", Root::Call(Function::Uuid)),
        ("@{{random_int( -3, 5 )}}", Root::Call(Function::RandomInt(-3, 5))),
    ] {
        assert_eq!(*template(text).references().next().unwrap().root(), root, "{text}");
    }
}

#[test]
fn names_with_a_meaning_cannot_be_step_ids() {
    for id in ["vars", "secrets", "row", "run", "uuid", "now", "random_int", "step1", "step0", "12"] {
        assert!(Root::is_reserved(id), "{id}");
    }
    for id in ["login", "step", "steps", "step-1", "runs"] {
        assert!(!Root::is_reserved(id), "{id}");
    }
}

#[test]
fn text_around_references_is_kept_and_escapes_are_undone() {
    assert_eq!(value("a@{{login.body.token}}b @{{login.status}}"), "at0kb 200");
    assert_eq!(value("write @@{{name}} and @ and @{ and {{x}}"), "write @{{name}} and @ and @{ and {{x}}");
    assert_eq!(value("@@@{{x}}"), "@@{{x}}");
    assert_eq!(value(""), "");
}

#[test]
fn canonical_text_reads_back_as_the_same_template() {
    for (text, canonical) in [
        ("@{{1.body.items.0.sku}}", "@{{step1.body.items[0].sku}}"),
        (
            "@{{ login.body['odd key'][\"a.b\"]|default( 'x' )|lower }}",
            r#"@{{login.body["odd key"]["a.b"] | default("x") | lower}}"#,
        ),
        ("@{{login.body['0']['007'].x-y.é}}", r#"@{{login.body["0"].007.x-y.é}}"#),
        (
            "@@{{x}} @{{now()|add(-60s)|date('%d \"}}\"')}}",
            r#"@@{{x}} @{{now() | add(-1m) | date("%d \"}}\"")}}"#,
        ),
        (
            "@{{vars.a | hmac_sha256(secrets.K) | replace(1.5, null)}}",
            "@{{vars.a | hmac_sha256(secrets.K) | replace(1.5, null)}}",
        ),
    ] {
        let parsed = template(text);
        assert_eq!(parsed.to_string(), canonical);
        assert_eq!(template(canonical).to_string(), canonical);
    }
}

#[test]
fn a_span_covers_the_reference_in_what_was_written() {
    let text = "é@{{ login.body }}!";
    assert_eq!(&text[template(text).references().next().unwrap().span()], "@{{ login.body }}");
}

#[test]
fn references_in_arguments_count() {
    let signed = template("@{{login.body | hmac_sha256(secrets.KEY)}}");
    assert_eq!(signed.references().map(ToString::to_string).collect::<Vec<_>>()[1], "secrets.KEY");
    assert!(signed.touches_secrets());
    assert!(!template("@{{login.body | default(vars.x)}}").touches_secrets());
}

#[test]
fn errors_about_roots_mark_the_place_and_say_what_was_meant() {
    for (text, marked, message, help) in [
        (
            "a @{{login.body",
            "@{{login.body",
            "the reference is not closed",
            "write `}}` at its end, or `@@{{` for a literal `@{{`",
        ),
        (
            "@{{ }}",
            "@{{ }}",
            "the reference is empty",
            "name a value, as in `@{{vars.base_url}}` or `@{{login.body.token}}`",
        ),
        ("@{{login.body}", "}", "expected `}}`, found a single `}`", ""),
        (
            "@{{login}}",
            "login",
            "`login` needs a part of the step's answer",
            "as in `login.body`; an answer has `status`, `latency`, `url`, `headers`, `cookies`, `body`, `captures`, `timing`, `request`",
        ),
        ("é @{{login.bdy.x}}", "login.bdy.x", "an answer has no `bdy`", "did you mean `body`?"),
        ("@{{env.API_KEY}}", "env.API_KEY", "there is no step `env`", "did you mean `vars.API_KEY`?"),
        ("@{{secret.K}}", "secret.K", "there is no step `secret`", "did you mean `secrets.K`?"),
        ("@{{login.status.code}}", "login.status.code", "`status` has no parts", "write `status` alone"),
        ("@{{login.timing.tsl}}", "login.timing.tsl", "`timing` has no `tsl`", "did you mean `tls`?"),
        ("@{{run.ids}}", "run.ids", "a run has no `ids`", "did you mean `id`?"),
        ("@{{secrets}}", "secrets", "`secrets` needs a name", "as in `secrets.name`"),
        ("@{{secrets.K.x}}", "secrets.K.x", "a secret is text, `secrets.K` has no parts", ""),
        (
            "@{{step0.body}}",
            "step0",
            "`step0` is not the number of a step",
            "steps are counted from 1: `step1`",
        ),
        (
            "@{{login.body @{{x}}",
            "@",
            "a reference cannot stand inside another",
            "close the first one with `}}`",
        ),
    ] {
        assert_eq!(wrong(text), (marked, message.to_owned(), help.to_owned()), "{text}");
    }
}

#[test]
fn errors_about_paths_mark_the_place_and_say_what_was_meant() {
    for (text, marked, message, help) in [
        (
            "@{{login.body.a:b}}",
            ":",
            "`:` cannot stand in a bare name",
            "put the name in quotes: `[\"a:b\"]`",
        ),
        (
            "@{{login.body.$ref}}",
            "$",
            "`$` cannot stand here",
            "a name with other characters than letters, digits, `_` and `-` is written in quotes: `[\"$ref\"]`",
        ),
        (
            "@{{login.body[name]}}",
            "name",
            "`name` is neither an index nor a key in quotes",
            "write `[\"name\"]`",
        ),
        ("@{{login.body..id}}", ".", "a reference leads to one value, `..` selects many", ""),
        ("@{{login.body['x}}", "'x}}", "the quote is not closed", ""),
        ("@{{login.body.}}", "}", "a name is missing after the dot", ""),
    ] {
        assert_eq!(wrong(text), (marked, message.to_owned(), help.to_owned()), "{text}");
    }
}

#[test]
fn errors_about_functions_and_filters_mark_the_place_and_say_what_was_meant() {
    for (text, marked, message, help) in [
        ("@{{uuid}}", "uuid", "`uuid` is a function and needs parentheses", "write `uuid()`"),
        ("@{{uid()}}", "uid", "there is no function `uid`", "did you mean `uuid()`?"),
        (
            "@{{random_int(5, 1)}}",
            "random_int(5, 1)",
            "`random_int` takes the smaller number first",
            "write `random_int(1, 100)`",
        ),
        ("@{{login.body | lowr}}", "lowr", "there is no filter `lowr`", "did you mean `lower`?"),
        (
            "@{{login.body | default}}",
            "default",
            "`default` takes one argument, not 0",
            "write `default(\"none\")`",
        ),
        ("@{{login.body | lower(1)}}", "lower(1)", "`lower` takes no arguments, not 1", "write `lower`"),
        (
            "@{{login.body | split('')}}",
            "''",
            "`split` cannot look for an empty text",
            "write `split(\",\")`",
        ),
        (
            "@{{login.body | date('%Q')}}",
            "'%Q'",
            "this is not a strftime format",
            "write `date(\"%Y-%m-%d\")`",
        ),
        ("@{{login.body | add(5w)}}", "5w", "`5w` is neither a number nor a duration", ""),
        ("@{{login.body | add(-x)}}", "-x", "`-x` is neither a number nor a duration", ""),
        ("@{{login.body | default(5m)}}", "5m", "`default` takes no duration", "write `default(\"none\")`"),
        (
            "@{{login.body | default(none)}}",
            "none",
            "`none` needs a part of the step's answer",
            "text is written in quotes: `\"none\"`",
        ),
        ("@{{login.body | }}", "}", "expected a filter after `|`, found `}`", ""),
        (
            "@{{login.body.first name}}",
            "n",
            "expected `|` or `}}`, found `n`",
            "a name with spaces is written in quotes, as in `body[\"first name\"]`; a filter follows `|`",
        ),
        (
            "@{{login.body[*]}}",
            "*",
            "a reference leads to one value: no wildcards or filters in brackets",
            "",
        ),
    ] {
        assert_eq!(wrong(text), (marked, message.to_owned(), help.to_owned()), "{text}");
    }
}

#[test]
fn a_pattern_is_checked_when_it_is_read() {
    let (marked, message, _) = wrong("@{{login.body | regex('(')}}");
    assert_eq!(
        (marked, message.as_str()),
        ("'('", "the pattern is not a regular expression: unclosed group")
    );
    let (_, message, _) = wrong("@{{login.body | regex(vars.p)}}");
    assert_eq!(message, "`regex` takes a text in quotes");
}
