//! The names in an XPath that can be checked before there is a body: its functions. Variables have no meaning here.

use xpath_eval::{Expr, FilterExpr, FunctionCall, LocationPath, PathExpr, PrimaryExpr};

use crate::problem::nearest;

/// The core function library (XPath 1.0, section 4).
const FUNCTIONS: [&str; 27] = [
    "last",
    "position",
    "count",
    "id",
    "local-name",
    "namespace-uri",
    "name",
    "string",
    "concat",
    "starts-with",
    "contains",
    "substring-before",
    "substring-after",
    "substring",
    "string-length",
    "normalize-space",
    "translate",
    "boolean",
    "not",
    "true",
    "false",
    "lang",
    "number",
    "sum",
    "floor",
    "ceiling",
    "round",
];

type Wrong = (String, Option<String>);

/// Whether every name in a query means something; else what is wrong, and perhaps what was meant.
pub(super) fn check(query: &Expr) -> Result<(), Wrong> {
    match query {
        Expr::Or(left, right) | Expr::And(left, right) | Expr::Union(left, right) => both(left, right),
        Expr::Equality(left, _, right) => both(left, right),
        Expr::Relational(left, _, right) => both(left, right),
        Expr::Additive(left, _, right) => both(left, right),
        Expr::Multiplicative(left, _, right) => both(left, right),
        Expr::Negate(inner) => check(inner),
        Expr::Path(PathExpr::Location(path)) => location(path),
        Expr::Path(PathExpr::Filter(start)) => filter(start),
        Expr::Path(PathExpr::FilterLocation(start, path)) => filter(start).and_then(|()| location(path)),
    }
}

fn both(left: &Expr, right: &Expr) -> Result<(), Wrong> {
    check(left).and_then(|()| check(right))
}

fn location(path: &LocationPath) -> Result<(), Wrong> {
    path.steps.iter().flat_map(|step| &step.predicates).try_for_each(check)
}

fn filter(start: &FilterExpr) -> Result<(), Wrong> {
    match &start.primary {
        PrimaryExpr::Variable(name) => {
            let help = "write a reference where the expected value stands, not in the query";
            return Err((
                format!("an XPath has no variables here, found `${}`", name.local),
                Some(help.to_owned()),
            ));
        }
        PrimaryExpr::Parenthesized(inner) => check(inner)?,
        PrimaryExpr::Function(call) => function(call)?,
        PrimaryExpr::Literal(_) | PrimaryExpr::Number(_) => {}
    }
    start.predicates.iter().try_for_each(check)
}

fn function(call: &FunctionCall) -> Result<(), Wrong> {
    let name = call.name.local.as_str();
    if call.name.prefix.is_none() && FUNCTIONS.contains(&name) {
        return call.args.iter().try_for_each(check);
    }
    let help = match nearest(name, FUNCTIONS) {
        Some(near) => format!("did you mean `{near}()`?"),
        None => format!("functions are {}", FUNCTIONS.join(", ")),
    };
    Err((format!("XPath 1.0 has no function `{name}()`"), Some(help)))
}
