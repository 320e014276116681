//! From a check as written to an [`Assertion`].

use serde_json::{Map, Value};

use super::{
    Assertion, Comparison, Comparisons, Form, build::all_under, original::Original, rule::compile_all,
    source::Source,
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
        comparisons(&pointer, key, written)
            .map(|comparisons| Self(Form::Comparisons(comparisons)))
            .map_err(|problems| all_under(&pointer, problems))
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

/// What is written under a source: its options taken off, the rest are comparisons.
fn comparisons(pointer: &str, key: &str, written: &Value) -> Result<Comparisons, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rest = written.clone();
    let source = collect(&mut problems, source(key, &mut rest));
    let warning = collect(&mut problems, warning(&mut rest));
    // Without a source its unit is unknown: operands are then looked at as if it had none.
    let unit = source.as_ref().map_or(super::unit::Unit::None, |(source, _)| source.unit());
    let rules = match compile_all(&rest, unit) {
        Ok(rules) => rules,
        Err(inner) => {
            problems.extend(inner);
            Vec::new()
        }
    };
    let measured = unit != super::unit::Unit::None;
    if !measured && rules.iter().any(|rule| rule.comparison == Comparison::Degraded) {
        problems.push(
            Problem::error("/degraded", format!("`degraded` is a limit of a measure, and `{key}` is none"))
                .help(
                    "write `severity: warning` beside a comparison to degrade the run instead of failing it",
                ),
        );
    }
    match (source, warning) {
        (Some((source, label)), Some(warning)) if problems.is_empty() => {
            Ok(Comparisons { pointer: pointer.to_owned(), label, source, rules, warning })
        }
        _ => Err(problems),
    }
}

fn collect<T>(problems: &mut Vec<Problem>, result: Result<T, Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

/// The source that a key names, with how it is shown; takes its own option from what is written under it.
fn source(key: &str, written: &mut Value) -> Result<(Source, String), Problem> {
    let (option, parse): (_, fn(&str) -> Result<Source, Problem>) = match key {
        "jsonpath" => ("path", Source::json_path),
        "regex" => ("pattern", Source::regex),
        _ => return Source::property(key).map(|source| (source, key.to_owned())),
    };
    let text = written.as_object_mut().and_then(|members| members.shift_remove(option));
    let Some(Value::String(text)) = text else {
        let example = if key == "jsonpath" { "$.items[*].id" } else { "id=([0-9]+)" };
        return Err(Problem::error("", format!("`{key}` needs a `{option}`"))
            .help(format!("as in `{key}: {{ {option}: \"{example}\", exists: true }}`")));
    };
    let source = parse(&text).map_err(|problem| problem.under(&format!("/{option}")))?;
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
