//! From a check as written to an [`Assertion`].

use serde_json::{Map, Value};

use super::{
    Assertion, Comparisons, Form, build::all_under, original::Original, rule::compile_all, source::Source,
};
use crate::{
    document::Check,
    problem::{Problem, nearest, pointer_token},
};

impl Assertion {
    /// Compiles one check: `{ status: 201 }`, `{ body.total: { gt: 10 } }`, or the original's object.
    ///
    /// # Errors
    /// Everything that is wrong with it; pointers are relative to the check.
    pub fn compile(check: &Check) -> Result<Self, Vec<Problem>> {
        let members = &check.0;
        if Original::is_meant(members) {
            return Original::compile(members).map(|original| Self(Form::Original(original)));
        }
        let (key, written) = only_member(members)?;
        let pointer = format!("/{}", pointer_token(key));
        match comparisons(&pointer, key, written) {
            Ok(comparisons) => Ok(Self(Form::Comparisons(comparisons))),
            Err(problems) => Err(all_under(&pointer, problems)),
        }
    }
}

fn only_member(members: &Map<String, Value>) -> Result<(&String, &Value), Vec<Problem>> {
    let mut members = members.iter();
    match (members.next(), members.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(vec![
            Problem::error("", "an assertion is empty")
                .help("write what is looked at, as in `- status: 200`"),
        ]),
        (Some((first, _)), Some((second, _))) => Err(vec![
            Problem::error("", format!("an assertion looks at one thing, found `{first}` and `{second}`"))
                .help("write each as its own list item; `retry`, `capture` and the like belong to the step"),
        ]),
    }
}

/// What is written under a source: its options taken off, the rest are comparisons. Without the source their unit
/// is not known, so they are not looked at.
fn comparisons(pointer: &str, key: &str, written: &Value) -> Result<Comparisons, Vec<Problem>> {
    let mut rest = written.clone();
    let (source, label) = source(key, &mut rest).map_err(|problem| vec![problem])?;
    let warning = warning(&mut rest);
    match (compile_all(&rest, source.unit()), warning) {
        (Ok(rules), Ok(warning)) => {
            Ok(Comparisons { pointer: pointer.to_owned(), label, source, rules, warning })
        }
        (rules, warning) => Err(rules.err().into_iter().flatten().chain(warning.err()).collect()),
    }
}

/// The source that a key names, with how it is shown; takes its own option from what is written under it.
fn source(key: &str, written: &mut Value) -> Result<(Source, String), Problem> {
    let option = match key {
        "jsonpath" | "xpath" => "path",
        "regex" => "pattern",
        _ => {
            let source = Source::property(key).map_err(Problem::of_key);
            return source.map(|source| (source, key.to_owned()));
        }
    };
    let text = written.as_object_mut().and_then(|members| members.shift_remove(option));
    let Some(Value::String(text)) = text else {
        let example = match key {
            "jsonpath" => "$.items[*].id",
            "xpath" => "//h1/text()",
            _ => "id=([0-9]+)",
        };
        return Err(Problem::error("", format!("`{key}` needs a `{option}`"))
            .help(format!("as in `{key}: {{ {option}: \"{example}\", exists: true }}`")));
    };
    let source = match key {
        "jsonpath" => Source::json_path(&text),
        "xpath" => Source::xpath(&text),
        _ => Source::regex(&text),
    };
    let source = source.map_err(|problem| problem.under(&format!("/{option}")))?;
    Ok((source, format!("{key} {text}")))
}

/// Takes `severity` from what is written under a source.
fn warning(written: &mut Value) -> Result<bool, Problem> {
    const KNOWN: [&str; 2] = ["error", "warning"];
    let severity = written.as_object_mut().and_then(|members| members.shift_remove("severity"));
    match severity.as_ref().map(Value::as_str) {
        None | Some(Some("error")) => Ok(false),
        Some(Some("warning")) => Ok(true),
        Some(other) => {
            let problem = Problem::error("/severity", "`severity` is `error` or `warning`");
            Err(match other.and_then(|word| nearest(word, KNOWN)) {
                Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                None => problem,
            })
        }
    }
}
