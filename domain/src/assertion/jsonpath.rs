//! JSONPath (RFC 9535) over a JSON body: a singular query gives the value, any other the array of matches.

use std::borrow::Cow;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::source::Reading;

/// A query may be this long, in bytes.
const MAX_LENGTH: usize = 1024;
/// Its brackets may be nested this deep: the parser calls itself for each.
const MAX_DEPTH: usize = 16;

/// A compiled query.
#[derive(Debug, Clone)]
pub(crate) struct JsonQuery {
    text: String,
    query: JsonPath,
    singular: bool,
}

impl JsonQuery {
    /// Compiles a query, or says in one sentence why it is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH || depth(text) > MAX_DEPTH {
            return Err("this JSONPath is too long or too deeply nested".to_owned());
        }
        let query = JsonPath::parse(text).map_err(|error| format!("not a JSONPath (RFC 9535): {error}"))?;
        // A comparison in a filter takes singular queries only, so the parser knows what is one.
        let singular = JsonPath::parse(&format!("$[?{text} == 0]")).is_ok();
        Ok(Self { text: text.to_owned(), query, singular })
    }

    /// What matches.
    pub(super) fn read<'a>(&self, body: &'a Value) -> Reading<'a> {
        let matches = self.query.query(body);
        if !self.singular {
            return Ok(Cow::Owned(matches.iter().map(|&one| one.clone()).collect()));
        }
        matches.first().map(Cow::Borrowed).ok_or_else(|| format!("nothing is at `{}`", self.text))
    }
}

/// How deep brackets and parentheses go. Those inside quotes count too: better safe than exact.
fn depth(text: &str) -> usize {
    let mut deepest = 0_usize;
    let mut now = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'!' => now += 1,
            b')' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parser_knows_which_queries_are_singular() {
        for text in ["$", "$.a", "$['a b']", "$[ \"a\" ][0]", "$.a[-1].b"] {
            assert!(JsonQuery::parse(text).unwrap().singular, "{text}");
        }
        for text in ["$.*", "$..a", "$[0, 1]", "$[1:2]", "$.a[?@.b == 1]", "$['a','b']"] {
            assert!(!JsonQuery::parse(text).unwrap().singular, "{text}");
        }
    }

    #[test]
    fn a_singular_query_gives_the_value_and_any_other_the_matches() {
        let body = json!({ "items": [{ "sku": "A" }, { "sku": "B" }] });
        let read = |text: &str| JsonQuery::parse(text).unwrap().read(&body).map(Cow::into_owned);
        assert_eq!(read("$.items[1].sku"), Ok(json!("B")));
        assert_eq!(read("$.items[*].sku"), Ok(json!(["A", "B"])));
        assert_eq!(read("$.items[?@.sku == 'C']"), Ok(json!([])));
        assert_eq!(read("$.nothing"), Err("nothing is at `$.nothing`".to_owned()));
    }

    #[test]
    fn a_query_cannot_exhaust_the_stack() {
        assert!(JsonQuery::parse(&format!("$[?{}1", "(".repeat(1000))).is_err());
        assert!(JsonQuery::parse(&format!("$[?{}@.a]", "!".repeat(1000))).is_err());
        assert!(JsonQuery::parse("items[*]").unwrap_err().starts_with("not a JSONPath"));
    }
}
