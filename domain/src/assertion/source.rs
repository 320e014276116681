//! Where a value to be compared comes from: a property of the answer, a JSONPath or XPath query, a regular
//! expression.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use super::{jsonpath::JsonQuery, pattern, unit::Unit, xpath::XPathQuery};
use crate::{
    answer::{self, Answer},
    problem::{self, Problem},
    reference::{Missing, Path, Segment, There},
};

/// What was read, or what was there instead, as half a sentence.
pub(crate) type Reading<'a> = Result<Cow<'a, Value>, String>;

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A property of the answer.
    Property(Path),
    /// Over the body as JSON.
    JsonPath(JsonQuery),
    /// Over the body as HTML or XML.
    XPath(XPathQuery),
    /// Over the body as text: the first group of the first match, or the whole match.
    Regex(Regex),
}

impl Source {
    /// A source that is written as a path: `status`, `headers.etag`, `body.items[0].id`.
    pub(crate) fn property(text: &str) -> Result<Self, Problem> {
        let path = Path::parse(text).map_err(|error| super::syntax_problem(&error))?;
        match answer::check(&path) {
            Ok(()) => Ok(Self::Property(path)),
            Err(missing) => Err(unknown(text, &path, &missing)),
        }
    }

    /// A response header, whatever characters are in its name.
    pub(crate) fn header(name: &str) -> Self {
        let segments = ["headers", name].map(|name| Segment::Name(name.to_owned()));
        Self::Property(Path::from(segments.to_vec()))
    }

    /// A JSONPath query.
    pub(crate) fn json_path(text: &str) -> Result<Self, Problem> {
        JsonQuery::parse(text).map(Self::JsonPath).map_err(|message| Problem::error("", message))
    }

    /// An XPath query.
    pub(crate) fn xpath(text: &str) -> Result<Self, Problem> {
        XPathQuery::parse(text).map(Self::XPath).map_err(|(message, help)| {
            let problem = Problem::error("", message);
            help.into_iter().fold(problem, Problem::help)
        })
    }

    /// A regular expression.
    pub(crate) fn regex(text: &str) -> Result<Self, Problem> {
        pattern::compile(text).map(Self::Regex).map_err(|message| Problem::error("", message))
    }

    /// What its numbers count.
    pub(super) fn unit(&self) -> Unit {
        let Self::Property(path) = self else { return Unit::None };
        let names: Vec<_> =
            path.segments().iter().map(|segment| segment.name().unwrap_or_default()).collect();
        match names.as_slice() {
            ["latency"] | ["timing", _] | ["tls", "expires_in"] => Unit::Milliseconds,
            ["size"] => Unit::Bytes,
            _ => Unit::None,
        }
    }

    /// Whether it looks for nodes, of which there may be one or several.
    pub(super) fn is_nodes(&self) -> bool {
        matches!(self, Self::XPath(_))
    }

    /// Whether it is the whole body, which is a text and, if it is JSON, that too.
    pub(super) fn is_body(&self) -> bool {
        matches!(self, Self::Property(path) if path.first() == Some("body") && path.segments().len() == 1)
    }

    /// What is there.
    pub(crate) fn read<'a>(&self, answer: &'a Answer) -> Reading<'a> {
        match self {
            Self::Property(path) => answer.find(path).map_err(|missing| missing.to_string()),
            Self::JsonPath(query) => match answer.json() {
                Some(body) => query.read(body),
                None => Err("the body is not JSON".to_owned()),
            },
            Self::XPath(query) => query.read(answer.markup()?),
            Self::Regex(regex) => {
                let text = answer.text();
                let found = regex.captures(&text).and_then(|groups| groups.get(1).or_else(|| groups.get(0)));
                match found {
                    Some(found) => Ok(Cow::Owned(Value::from(found.as_str()))),
                    None => Err(format!("the body has no match of `{regex}`")),
                }
            }
        }
    }
}

/// A path that no answer has, and what was probably meant.
fn unknown(text: &str, path: &Path, missing: &Missing) -> Problem {
    let There::Keys { names, nearest, .. } = &missing.there else {
        return Problem::error("", format!("there is no `{text}`: {missing}"));
    };
    let of =
        if missing.reached.is_empty() { "an answer".to_owned() } else { format!("`{}`", missing.reached) };
    let wanted = Path::from(vec![missing.wanted.clone()]);
    let problem = Problem::error("", format!("{of} has no `{wanted}`"));
    let all_of_body = format!("body.{path}");
    const QUERIES: [&str; 3] = ["jsonpath", "xpath", "regex"];
    let nearest = match &missing.wanted {
        Segment::Name(name) if missing.reached.is_empty() => {
            problem::nearest(name, QUERIES).or(nearest.as_deref())
        }
        _ => nearest.as_deref(),
    };
    match nearest {
        Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
        None if missing.reached.is_empty() => problem.help(format!(
            "write `{all_of_body}` for a value of a JSON body; sources are {}",
            names.join(", ")
        )),
        None => problem.help(format!("it has {}", names.join(", "))),
    }
}
