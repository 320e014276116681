//! From a comparison and its operand as written (or as rendered) to a [`Predicate`]. Problems carry JSON pointers
//! relative to the operand.

use serde_json::{Map, Value};

use super::{
    comparison::Comparison,
    json_type::JsonType,
    pattern,
    predicate::{Predicate, Relation},
    schema,
    unit::Unit,
    value,
};
use crate::problem::{Problem, nearest, pointer_token};

type Built = Result<Predicate, Vec<Problem>>;

/// Makes a comparison ready to be asked of values that are measured in `unit`.
pub(super) fn build(comparison: Comparison, operand: &Value, unit: Unit) -> Built {
    if let Some(opposite) = comparison.negates() {
        return build(opposite, operand, unit).map(|inner| Predicate::Not(Box::new(inner)));
    }
    let predicate = match comparison {
        Comparison::Equals => unit.read(operand).map(Predicate::Equals),
        Comparison::Gt => bound(Relation::Above, operand, unit),
        Comparison::Gte => bound(Relation::AtLeast, operand, unit),
        Comparison::Lt => bound(Relation::Below, operand, unit),
        Comparison::Lte | Comparison::Degraded => bound(Relation::AtMost, operand, unit),
        Comparison::Between => between(operand, unit),
        Comparison::In => one_of(operand, unit),
        Comparison::Contains => Ok(Predicate::Contains(operand.clone())),
        Comparison::StartsWith => text(comparison, operand).map(Predicate::StartsWith),
        Comparison::EndsWith => text(comparison, operand).map(Predicate::EndsWith),
        Comparison::Matches => {
            text(comparison, operand).and_then(|text| pattern::compile(&text)).map(Predicate::Matches)
        }
        Comparison::Exists => truth(comparison, operand).map(Predicate::Exists),
        Comparison::IsNull => truth(comparison, operand).map(Predicate::IsNull),
        Comparison::IsEmpty => truth(comparison, operand).map(Predicate::IsEmpty),
        Comparison::Schema => schema::compile(operand).map(|schema| Predicate::Schema(schema.into())),
        Comparison::Type => return types(operand).map(Predicate::Type),
        Comparison::Length => return nested(operand, Unit::None).map(Predicate::Length),
        Comparison::All => return nested(operand, unit).map(Predicate::All),
        Comparison::Any => return nested(operand, unit).map(Predicate::Any),
        Comparison::None => return nested(operand, unit).map(Predicate::None),
        Comparison::NotEquals | Comparison::NotIn | Comparison::NotContains | Comparison::NotMatches => {
            unreachable!("negations were answered above")
        }
    };
    predicate.map_err(|message| vec![Problem::error("", message)])
}

/// The comparison of that name.
pub(super) fn named(name: &str) -> Result<Comparison, Problem> {
    name.parse().map_err(|_| {
        let known = Comparison::ALL.iter().map(|comparison| comparison.as_str());
        let problem =
            Problem::error(format!("/{}", pointer_token(name)), format!("there is no comparison `{name}`"));
        match nearest(name, known.clone()).or_else(|| alias(name)) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem.help(format!("comparisons are {}", known.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// What other tools, and other languages, call ours.
fn alias(name: &str) -> Option<&'static str> {
    Some(match name {
        "eq" | "is" | "equal" | "==" => "equals",
        "ne" | "neq" | "not" | "!=" => "not_equals",
        "greater_than" | ">" | "min" => "gt",
        "less_than" | "<" | "max" => "lt",
        ">=" => "gte",
        "<=" => "lte",
        "one_of" => "in",
        "includes" | "include" | "has" => "contains",
        "regex" | "pattern" => "matches",
        "count" | "size" => "length",
        "empty" => "is_empty",
        "null" => "is_null",
        _ => return None,
    })
}

/// `{ gte: 1, lt: 5 }`, all of which must hold, or a scalar that is meant to be equal.
fn nested(operand: &Value, unit: Unit) -> Result<Vec<Predicate>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut predicates = Vec::new();
    for (comparison, pointer, operand) in members(operand)? {
        match build(comparison, operand, unit) {
            Ok(predicate) => predicates.push(predicate),
            Err(inner) => problems.extend(all_under(&pointer, inner)),
        }
    }
    if problems.is_empty() { Ok(predicates) } else { Err(problems) }
}

/// A set of comparisons as written: each with its pointer and its operand.
pub(super) fn members(written: &Value) -> Result<Vec<(Comparison, String, &Value)>, Vec<Problem>> {
    match written {
        Value::Object(members) => comparisons(members),
        Value::Array(_) => Err(vec![
            Problem::error("", "a list says neither that one of it is meant nor all of it")
                .help("write `in: […]` for one of these, `equals: […]` for exactly this list"),
        ]),
        scalar => Ok(vec![(Comparison::Equals, String::new(), scalar)]),
    }
}

fn comparisons(members: &Map<String, Value>) -> Result<Vec<(Comparison, String, &Value)>, Vec<Problem>> {
    if members.is_empty() {
        return Err(vec![
            Problem::error("", "nothing is compared").help("write a comparison, as in `{ equals: 1 }`"),
        ]);
    }
    let mut problems = Vec::new();
    let mut known = Vec::new();
    for (name, operand) in members {
        match named(name) {
            Ok(comparison) => known.push((comparison, format!("/{name}"), operand)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(known) } else { Err(problems) }
}

/// Problems seen from further up.
pub(super) fn all_under(prefix: &str, problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| problem.under(prefix)).collect()
}

fn bound(relation: Relation, operand: &Value, unit: Unit) -> Result<Predicate, String> {
    unit.read(operand).map(|bound| Predicate::Order(relation, bound))
}

fn between(operand: &Value, unit: Unit) -> Result<Predicate, String> {
    let bounds = operand.as_array().map(Vec::as_slice);
    let Some([low, high]) = bounds else {
        return Err(format!("`between` takes a list of two numbers, found {}", value::shown(operand)));
    };
    let (low, high) = (unit.read(low)?, unit.read(high)?);
    match (&low, &high) {
        (Value::Number(least), Value::Number(most)) if value::order(least, most).is_gt() => {
            Err(format!("`between` takes the smaller number first, found {least} before {most}"))
        }
        _ => Ok(Predicate::Between(low, high)),
    }
}

fn one_of(operand: &Value, unit: Unit) -> Result<Predicate, String> {
    let Value::Array(list) = operand else {
        return Err(format!("`in` takes a list, found {}", value::shown(operand)));
    };
    list.iter().map(|one| unit.read(one)).collect::<Result<_, _>>().map(Predicate::In)
}

fn text(comparison: Comparison, operand: &Value) -> Result<String, String> {
    let found =
        || format!("`{comparison}` takes a text, found {}; write it in quotes", value::shown(operand));
    operand.as_str().map(str::to_owned).ok_or_else(found)
}

fn truth(comparison: Comparison, operand: &Value) -> Result<bool, String> {
    let found = || format!("`{comparison}` takes true or false, found {}", value::shown(operand));
    operand.as_bool().ok_or_else(found)
}

/// One type or several. YAML reads `type: null` as null, which is clear enough.
fn types(operand: &Value) -> Result<Vec<JsonType>, Vec<Problem>> {
    let (list, lone) = match operand {
        Value::Array(list) if !list.is_empty() => (list.as_slice(), false),
        one => (std::slice::from_ref(one), true),
    };
    let mut problems = Vec::new();
    let mut types = Vec::new();
    for (index, one) in list.iter().enumerate() {
        match json_type(one) {
            Ok(one) => types.push(one),
            Err(problem) if lone => problems.push(problem),
            Err(problem) => problems.push(problem.under(&format!("/{index}"))),
        }
    }
    if problems.is_empty() { Ok(types) } else { Err(problems) }
}

fn json_type(operand: &Value) -> Result<JsonType, Problem> {
    let known = JsonType::ALL.iter().map(|one| one.as_str());
    let names = || known.clone().collect::<Vec<_>>().join(", ");
    match operand {
        Value::Null => Ok(JsonType::Null),
        Value::String(name) => name.parse().map_err(|_| {
            let problem = Problem::error("", format!("there is no type `{name}`"));
            match nearest(name, known.clone()) {
                Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                None => problem.help(format!("types are {}", names())),
            }
        }),
        other => {
            Err(Problem::error("", format!("a type is one of {}, found {}", names(), value::shown(other))))
        }
    }
}
