//! What a reference starts from, and which parts each root has. What exists besides (steps, variables, rows) is
//! checked against the collection, not here.

use std::fmt;

use super::{
    Function, Path, Segment,
    syntax::{Cursor, SyntaxError, is_bare},
};
use crate::problem::nearest;

/// What a reference starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A step by its id, or a collection of `uses`.
    Step(String),
    /// A step by its number, counted from 1: `step1` or `1`.
    StepNumber(u32),
    /// Variables of the collection and its environment.
    Vars,
    /// Secrets of the environment.
    Secrets,
    /// The row of `each`.
    Row,
    /// The run itself.
    Run,
    /// A fresh value.
    Call(Function),
}

/// What an answer has.
const ANSWER: [&str; 9] =
    ["status", "latency", "url", "headers", "cookies", "body", "captures", "timing", "request"];
const TIMING: [&str; 5] = ["dns", "connect", "tls", "first_byte", "download"];
const REQUEST: [&str; 4] = ["url", "method", "headers", "body"];
const RUN: [&str; 4] = ["id", "started_at", "attempt", "location"];
const WORDS: [&str; 4] = ["vars", "secrets", "row", "run"];
/// What other tools call our roots.
const ALIASES: [(&str, &str); 7] = [
    ("env", "vars"),
    ("environment", "vars"),
    ("var", "vars"),
    ("variable", "vars"),
    ("variables", "vars"),
    ("secret", "secrets"),
    ("data", "row"),
];

impl Root {
    /// Whether a step cannot have this id, because references read it as something else.
    #[must_use]
    pub fn is_reserved(id: &str) -> bool {
        WORDS.contains(&id) || Function::usage(id).is_some() || step_number(id).is_some()
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let start = cursor.at();
        let name = cursor.take_while(is_bare);
        if name.is_empty() {
            let found = cursor.next_shown();
            return Err(cursor
                .error(format!("a reference starts with a name, not with {found}"))
                .help("start with a step's id, `vars`, `secrets`, `row`, `run` or a function"));
        }
        if cursor.rest().starts_with('(') {
            return Function::parse(cursor, start, name).map(Self::Call);
        }
        if let Some(usage) = Function::usage(name) {
            let message = format!("`{name}` is a function and needs parentheses");
            return Err(cursor.error_since(start, message).help(format!("write `{usage}`")));
        }
        match (name, step_number(name)) {
            ("vars", _) => Ok(Self::Vars),
            ("secrets", _) => Ok(Self::Secrets),
            ("row", _) => Ok(Self::Row),
            ("run", _) => Ok(Self::Run),
            (_, Some(Some(number))) => Ok(Self::StepNumber(number)),
            (_, Some(None)) => Err(cursor
                .error_since(start, format!("`{name}` is not the number of a step"))
                .help("steps are counted from 1: `step1`")),
            _ if name.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Err(cursor
                .error_since(start, format!("`{name}` is neither a step's id nor its number"))
                .help("write the step's id, or its number as in `step1`")),
            _ => Ok(Self::Step(name.to_owned())),
        }
    }

    /// Whether the root has such a part: what can be known without the collection. Offsets are those of the path.
    pub(super) fn check(&self, path: &Path, at: usize, length: usize) -> Result<(), SyntaxError> {
        let wrong = |message: String| SyntaxError::new(at, length, message);
        match (self, path.segments()) {
            (Self::Row | Self::Call(_), []) => Ok(()),
            (Self::Call(function), _) => Err(wrong(format!("what `{function}` makes has no parts"))),
            (Self::Step(_) | Self::StepNumber(_), []) => {
                Err(wrong(format!("`{self}` needs a part of the step's answer"))
                    .help(format!("as in `{self}.body`; an answer has {}", list(&ANSWER))))
            }
            (Self::Vars, [Segment::Name(_), ..]) | (Self::Row, _) => Ok(()),
            (Self::Secrets, [Segment::Name(_)]) => Ok(()),
            (Self::Secrets, [Segment::Name(name), ..]) => {
                Err(wrong(format!("a secret is text, `secrets.{name}` has no parts")))
            }
            (Self::Vars | Self::Secrets, _) => {
                Err(wrong(format!("`{self}` needs a name")).help(format!("as in `{self}.name`")))
            }
            (Self::Run, segments) => {
                parts("a run", segments, &RUN).map_err(|(message, help)| wrong(message).help(help))
            }
            (Self::Step(name), segments) => {
                answer(segments).map_err(|(message, help)| match meant_root(name, segments) {
                    Some(root) => wrong(format!("there is no step `{name}`")).help(root),
                    None => wrong(message).help(help),
                })
            }
            (Self::StepNumber(_), segments) => {
                answer(segments).map_err(|(message, help)| wrong(message).help(help))
            }
        }
    }
}

type Wrong = (String, String);

/// The parts of an answer, and of its parts that are not data.
fn answer(segments: &[Segment]) -> Result<(), Wrong> {
    let (first, rest) = segments.split_first().expect("the caller saw a segment");
    let first = part("an answer", first, &ANSWER)?;
    match (first, rest) {
        ("timing", rest) if !rest.is_empty() => parts("`timing`", rest, &TIMING),
        ("request", [part_of, ..]) => part("`request`", part_of, &REQUEST).map(drop),
        ("status" | "latency" | "url", [_, ..]) => {
            Err((format!("`{first}` has no parts"), format!("write `{first}` alone")))
        }
        _ => Ok(()),
    }
}

/// Exactly one of the known names.
fn parts(whole: &str, segments: &[Segment], known: &[&'static str]) -> Result<(), Wrong> {
    match segments {
        [] => Err((format!("{whole} is not a value"), format!("it has {}", list(known)))),
        [one] => part(whole, one, known).map(drop),
        [one, ..] => {
            let one = part(whole, one, known)?;
            Err((format!("`{one}` has no parts"), format!("write `{one}` alone")))
        }
    }
}

fn part(whole: &str, segment: &Segment, known: &[&'static str]) -> Result<&'static str, Wrong> {
    let name = segment.name().unwrap_or_default();
    if let Some(known) = known.iter().find(|known| **known == name) {
        return Ok(known);
    }
    let shown = Path::from(vec![segment.clone()]);
    let help = nearest(name, known.iter().copied())
        .map_or_else(|| format!("it has {}", list(known)), |near| format!("did you mean `{near}`?"));
    Err((format!("{whole} has no `{shown}`"), help))
}

/// `@{{env.X}}`, `@{{secret.X}}`, `@{{varz.X}}`: not a step at all.
fn meant_root(name: &str, segments: &[Segment]) -> Option<String> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, root)| *root);
    let root = alias.or_else(|| nearest(name, WORDS))?;
    Some(format!("did you mean `{root}.{}`?", Path::from(segments.to_vec())))
}

/// `step12` and `12`; `Some(None)` for a number that no step has.
fn step_number(name: &str) -> Option<Option<u32>> {
    let digits = name.strip_prefix("step").unwrap_or(name);
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().ok().filter(|number| *number > 0))
}

fn list(names: &[&str]) -> String {
    format!("`{}`", names.join("`, `"))
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(id) => f.write_str(id),
            Self::StepNumber(number) => write!(f, "step{number}"),
            Self::Vars => f.write_str("vars"),
            Self::Secrets => f.write_str("secrets"),
            Self::Row => f.write_str("row"),
            Self::Run => f.write_str("run"),
            Self::Call(function) => write!(f, "{function}"),
        }
    }
}
