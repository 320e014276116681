//! Reading a filter: its name, and whether its arguments are what it takes.

use chrono::format::{Item, StrftimeItems};
use serde_json::Value;

use super::{
    super::syntax::{Cursor, SyntaxError, is_bare},
    Amount, Argument, Filter, Pattern,
    argument::{self, Written},
};
use crate::problem::nearest;

/// Every filter, as people write it.
const USAGES: [&str; 24] = [
    "default(\"none\")",
    "json",
    "raw",
    "urlencode",
    "base64",
    "base64_decode",
    "hex",
    "sha256",
    "hmac_sha256(secrets.KEY)",
    "lower",
    "upper",
    "trim",
    "length",
    "first",
    "last",
    "split(\",\")",
    "join(\",\")",
    "replace(\"a\", \"b\")",
    "regex(\"id=([0-9]+)\")",
    "int",
    "float",
    "string",
    "date(\"%Y-%m-%d\")",
    "add(5m)",
];

fn name_of(usage: &str) -> &str {
    usage.split('(').next().unwrap_or(usage)
}

impl Filter {
    /// How every filter is written.
    pub(crate) fn usages() -> impl Iterator<Item = &'static str> {
        USAGES.into_iter()
    }

    /// Parses what follows a `|`.
    pub(in super::super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        cursor.skip_space();
        let start = cursor.at();
        let name = cursor.take_while(is_bare);
        let names = || USAGES.into_iter().map(name_of);
        let Some(usage) = USAGES.into_iter().find(|usage| name_of(usage) == name) else {
            if name.is_empty() {
                return Err(
                    cursor.error(format!("expected a filter after `|`, found {}", cursor.next_shown()))
                );
            }
            let help = nearest(name, names()).map_or_else(
                || format!("filters are `{}`", names().collect::<Vec<_>>().join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(cursor.error_since(start, format!("there is no filter `{name}`")).help(help));
        };
        let arguments = argument::parse_all(cursor)?;
        build(name, arguments).map_err(|wrong| {
            let (at, length) = wrong.place.unwrap_or((start, cursor.at() - start));
            SyntaxError::new(at, length, wrong.message).help(format!("write `{usage}`"))
        })
    }
}

/// What is wrong with the arguments; without a place, all of the filter.
struct Wrong {
    place: Option<(usize, usize)>,
    message: String,
}

type Placed = (usize, usize, Written);

fn build(name: &str, mut arguments: Vec<Placed>) -> Result<Filter, Wrong> {
    let wanted = match name {
        "replace" => 2,
        "default" | "hmac_sha256" | "split" | "join" | "regex" | "date" | "add" => 1,
        _ => 0,
    };
    if arguments.len() != wanted {
        let takes = ["no arguments", "one argument", "two arguments"][wanted];
        return Err(Wrong {
            place: None,
            message: format!("`{name}` takes {takes}, not {}", arguments.len()),
        });
    }
    let last = arguments.pop();
    let first = arguments.pop();
    match (last, first) {
        (None, _) => Ok(plain(name)),
        (Some(only), None) => with_one(name, only),
        (Some(last), Some(first)) => {
            not_empty(name, &first)?;
            Ok(Filter::Replace(value(name, first)?, value(name, last)?))
        }
    }
}

fn plain(name: &str) -> Filter {
    match name {
        "json" => Filter::Json,
        "raw" => Filter::Raw,
        "urlencode" => Filter::UrlEncode,
        "base64" => Filter::Base64,
        "base64_decode" => Filter::Base64Decode,
        "hex" => Filter::Hex,
        "sha256" => Filter::Sha256,
        "lower" => Filter::Lower,
        "upper" => Filter::Upper,
        "trim" => Filter::Trim,
        "length" => Filter::Length,
        "first" => Filter::First,
        "last" => Filter::Last,
        "int" => Filter::Int,
        "float" => Filter::Float,
        "string" => Filter::String,
        other => unreachable!("`{other}` is not in the table of filters without arguments"),
    }
}

fn with_one(name: &str, argument: Placed) -> Result<Filter, Wrong> {
    Ok(match name {
        "default" => Filter::Default(value(name, argument)?),
        "hmac_sha256" => Filter::HmacSha256(value(name, argument)?),
        "join" => Filter::Join(value(name, argument)?),
        "split" => {
            not_empty(name, &argument)?;
            Filter::Split(value(name, argument)?)
        }
        "regex" => {
            let place = Some((argument.0, argument.1));
            let pattern = Pattern::new(&literal_text(name, argument)?);
            Filter::Regex(pattern.map_err(|message| Wrong { place, message })?)
        }
        "date" => {
            let place = Some((argument.0, argument.1));
            let format = literal_text(name, argument)?;
            if StrftimeItems::new(&format).any(|item| item == Item::Error) {
                return Err(Wrong { place, message: "this is not a strftime format".to_owned() });
            }
            Filter::Date(format)
        }
        _ => Filter::Add(amount(argument)?),
    })
}

fn value(name: &str, (at, length, written): Placed) -> Result<Argument, Wrong> {
    match written {
        Written::Argument(argument) => Ok(argument),
        Written::Duration { .. } => {
            Err(Wrong { place: Some((at, length)), message: format!("`{name}` takes no duration") })
        }
    }
}

/// A pattern or a format must be known when the document is read, so that it can be checked then.
fn literal_text(name: &str, (at, length, written): Placed) -> Result<String, Wrong> {
    match written {
        Written::Argument(Argument::Value(Value::String(text))) => Ok(text),
        _ => Err(Wrong { place: Some((at, length)), message: format!("`{name}` takes a text in quotes") }),
    }
}

fn not_empty(name: &str, (at, length, written): &Placed) -> Result<(), Wrong> {
    match written {
        Written::Argument(Argument::Value(Value::String(text))) if text.is_empty() => Err(Wrong {
            place: Some((*at, *length)),
            message: format!("`{name}` cannot look for an empty text"),
        }),
        _ => Ok(()),
    }
}

fn amount((at, length, written): Placed) -> Result<Amount, Wrong> {
    match written {
        Written::Duration { negative, span } => Ok(Amount::Span { negative, span }),
        Written::Argument(Argument::Value(Value::Number(number))) => Ok(Amount::Number(number)),
        Written::Argument(_) => {
            Err(Wrong { place: Some((at, length)), message: "`add` takes a duration or a number".to_owned() })
        }
    }
}
