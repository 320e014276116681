//! What can be done with a value on its way: `| default("x") | lower`. Names and arguments are checked when the text is
//! parsed; each family of filters computes in its own file. No message holds a value.

mod argument;
mod encoding;
mod list;
mod number;
mod parse;
mod text;
mod time;

use std::fmt;

use serde_json::Value;

pub use argument::Argument;
pub use number::Amount;
pub use text::Pattern;

pub(super) use encoding::percent;
pub(super) use text::of as text_of;

use super::{NoValue, Reference, Scope, path::quote};

/// One filter with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Another value for one that is missing or null.
    Default(Argument),
    /// As compact JSON text.
    Json,
    /// In a URL: as it is, not percent-encoded.
    Raw,
    /// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
    UrlEncode,
    /// Standard alphabet, padded (RFC 4648, section 4).
    Base64,
    /// Either alphabet, padded or not; must be UTF-8 text.
    Base64Decode,
    /// The bytes of the text as lower-case hexadecimal digits.
    Hex,
    /// SHA-256 of the text in hexadecimal digits.
    Sha256,
    /// HMAC-SHA-256 of the text under a key, in hexadecimal digits.
    HmacSha256(Argument),
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Without white space at both ends.
    Trim,
    /// Characters of a text, items of an array, keys of an object.
    Length,
    /// The first item of an array.
    First,
    /// The last item of an array.
    Last,
    /// A text cut at each separator.
    Split(Argument),
    /// The items of an array with a separator between them.
    Join(Argument),
    /// Every occurrence of a text replaced by another; nothing in either has a special meaning.
    Replace(Argument, Argument),
    /// The first group of the first match, or the whole match; missing when nothing matches.
    Regex(Pattern),
    /// A whole number; decimals are cut off.
    Int,
    /// A number.
    Float,
    /// Text.
    String,
    /// A time (RFC 3339 text, or seconds since 1970) written as strftime says.
    Date(String),
    /// A time moved, or a number raised.
    Add(Amount),
}

impl Filter {
    /// The references among its arguments.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        let arguments: [Option<&Argument>; 2] = match self {
            Self::Default(one) | Self::HmacSha256(one) | Self::Split(one) | Self::Join(one) => {
                [Some(one), None]
            }
            Self::Replace(one, two) => [Some(one), Some(two)],
            _ => [None, None],
        };
        arguments.into_iter().flatten().filter_map(|argument| match argument {
            Argument::Reference(reference) => Some(reference),
            Argument::Value(_) => None,
        })
    }

    /// What becomes of `value`.
    pub(super) fn apply(&self, value: &Value, scope: &dyn Scope) -> Result<Value, NoValue> {
        match self {
            Self::Default(other) if value.is_null() => other.value(scope),
            Self::Default(_) | Self::Raw => Ok(value.clone()),
            Self::Json => Ok(value.to_string().into()),
            Self::UrlEncode => Ok(encoding::percent(&text::of(value)).into()),
            Self::Base64 => Ok(encoding::base64(&text::of(value)).into()),
            Self::Base64Decode => encoding::base64_decode(text::scalar("base64_decode", value)?.trim()),
            Self::Hex => Ok(encoding::hex(text::of(value).as_bytes()).into()),
            Self::Sha256 => Ok(encoding::sha256(&text::of(value)).into()),
            Self::HmacSha256(key) => {
                Ok(encoding::hmac_sha256(&key.text("hmac_sha256", scope)?, &text::of(value)).into())
            }
            Self::Lower => Ok(text::scalar("lower", value)?.to_lowercase().into()),
            Self::Upper => Ok(text::scalar("upper", value)?.to_uppercase().into()),
            Self::Trim => Ok(text::scalar("trim", value)?.trim().into()),
            Self::Replace(from, to) => {
                let (from, to) = (from.text("replace", scope)?, to.text("replace", scope)?);
                Ok(text::scalar("replace", value)?.replace(&from, &to).into())
            }
            Self::Regex(pattern) => pattern.find(&text::scalar("regex", value)?).map(Value::from),
            Self::String => Ok(text::of(value).into_owned().into()),
            Self::Length => list::length(value),
            Self::First => list::end("first", value, <[Value]>::first),
            Self::Last => list::end("last", value, <[Value]>::last),
            Self::Split(separator) => list::split(value, &separator.text("split", scope)?),
            Self::Join(separator) => list::join(value, &separator.text("join", scope)?),
            Self::Int => number::int(value),
            Self::Float => number::float(value),
            Self::Date(format) => time::date(value, format),
            Self::Add(amount) => amount.add_to(value),
        }
    }

    /// How it is written, without arguments.
    fn name(&self) -> &'static str {
        match self {
            Self::Default(_) => "default",
            Self::Json => "json",
            Self::Raw => "raw",
            Self::UrlEncode => "urlencode",
            Self::Base64 => "base64",
            Self::Base64Decode => "base64_decode",
            Self::Hex => "hex",
            Self::Sha256 => "sha256",
            Self::HmacSha256(_) => "hmac_sha256",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Trim => "trim",
            Self::Length => "length",
            Self::First => "first",
            Self::Last => "last",
            Self::Split(_) => "split",
            Self::Join(_) => "join",
            Self::Replace(..) => "replace",
            Self::Regex(_) => "regex",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Date(_) => "date",
            Self::Add(_) => "add",
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Default(one) | Self::HmacSha256(one) | Self::Split(one) | Self::Join(one) => {
                write!(f, "({one})")
            }
            Self::Replace(one, two) => write!(f, "({one}, {two})"),
            Self::Regex(pattern) => write!(f, "({})", quote(pattern.as_str())),
            Self::Date(format) => write!(f, "({})", quote(format)),
            Self::Add(amount) => write!(f, "({amount})"),
            _ => Ok(()),
        }
    }
}
