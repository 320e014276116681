//! XPath (1.0) over an HTML or XML body: a lone node gives its text, several give the list of their texts, functions
//! give their value. What one evaluation may do is bounded, whatever the query and the body are.

use std::borrow::Cow;

use serde_json::{Number, Value};
use xpath_eval::{EvaluationContext, Expr, Node, Value as Found, evaluate};

use super::{source::Reading, xpath_words};
use crate::markup::{Budget, Handle, Tree};

/// A query may be this long, in bytes: the evaluator calls itself for each operator.
const MAX_LENGTH: usize = 512;
/// Its brackets may be nested this deep: the parser calls itself for each.
const MAX_DEPTH: usize = 12;

/// A compiled query.
#[derive(Debug, Clone)]
pub(crate) struct XPathQuery {
    text: String,
    query: Expr,
}

impl XPathQuery {
    /// Compiles a query, or says in one sentence why it is none, and perhaps what was meant.
    pub(super) fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        if text.len() > MAX_LENGTH || depth(text) > MAX_DEPTH {
            return Err(("this XPath is too long or too deeply nested".to_owned(), None));
        }
        let query = xpath_eval::parse(text).map_err(|error| {
            let rest = text.get(error.position..).filter(|rest| !rest.is_empty());
            let place = rest.map_or_else(|| "at its end".to_owned(), |rest| format!("at `{rest}`"));
            (format!("not an XPath (1.0), {place}: {}", error.message), None)
        })?;
        xpath_words::check(&query)?;
        Ok(Self { text: text.to_owned(), query })
    }

    /// What is there.
    pub(super) fn read(&self, tree: &Tree) -> Reading<'static> {
        let budget = Budget::new(self.text.len());
        let namespaces = |prefix: &str| tree.namespace(prefix).map(str::to_owned);
        let mut context = EvaluationContext::new(Handle::root(tree, &budget));
        context.namespaces = Some(&namespaces);
        let found = evaluate(&self.query, &context).map_err(|error| error.to_string());
        let value = found.and_then(|found| self.value(found));
        if budget.is_spent() {
            return Err(format!("`{}` takes too long over this body", self.text));
        }
        value.map(Cow::Owned)
    }

    fn value(&self, found: Found<Handle<'_>>) -> Result<Value, String> {
        Ok(match found {
            Found::NodeSet(nodes) => match nodes.as_slice() {
                [] => return Err(format!("nothing is at `{}`", self.text)),
                [one] => one.string_value().into(),
                several => several.iter().map(|node| Value::from(node.string_value())).collect(),
            },
            Found::Boolean(truth) => truth.into(),
            Found::String(text) => text.into(),
            Found::Number(number) => match whole(number) {
                Some(number) => number.into(),
                None => Number::from_f64(number)
                    .map(Value::Number)
                    .ok_or_else(|| format!("`{}` gives {number}, which is no number", self.text))?,
            },
        })
    }
}

/// XPath's only numbers are floating-point; a count is a whole one all the same.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// How deep brackets, parentheses and signs go. Those inside quotes count too: better safe than exact.
fn depth(text: &str) -> usize {
    let (mut deepest, mut now, mut signs) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' => now += 1,
            b')' | b']' => now = now.saturating_sub(1),
            b'-' => signs += 1,
            b' ' => continue,
            _ => signs = 0,
        }
        deepest = deepest.max(now + signs);
    }
    deepest
}
