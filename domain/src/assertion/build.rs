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
    use Comparison as C;
    let predicate = match comparison {
        C::Equals | C::NotEquals => unit.read(operand).map(Predicate::Equals),
        C::Gt => bound(Relation::Above, operand, unit),
        C::Gte => bound(Relation::AtLeast, operand, unit),
        C::Lt => bound(Relation::Below, operand, unit),
        C::Lte | C::Degraded => bound(Relation::AtMost, operand, unit),
        C::Between => between(operand, unit),
        C::In | C::NotIn => one_of(comparison, operand, unit),
        C::Contains | C::NotContains => Ok(Predicate::Contains(operand.clone())),
        C::StartsWith => text(comparison, operand).map(Predicate::StartsWith),
        C::EndsWith => text(comparison, operand).map(Predicate::EndsWith),
        C::Matches | C::NotMatches => {
            text(comparison, operand).and_then(|text| pattern::compile(&text)).map(Predicate::Matches)
        }
        C::Exists => truth(comparison, operand).map(Predicate::Exists),
        C::IsNull => truth(comparison, operand).map(Predicate::IsNull),
        C::IsEmpty => truth(comparison, operand).map(Predicate::IsEmpty),
        C::Schema => schema::compile(operand).map(|schema| Predicate::Schema(schema.into())),
        C::Type => return types(operand).map(Predicate::Type),
        C::Length => return nested(operand, Unit::None).map(Predicate::Length),
        C::All => return nested(operand, unit).map(Predicate::All),
        C::Any => return nested(operand, unit).map(Predicate::Any),
        C::None => return nested(operand, unit).map(Predicate::None),
    };
    match predicate {
        Ok(predicate) if comparison.is_negation() => Ok(Predicate::Not(Box::new(predicate))),
        Ok(predicate) => Ok(predicate),
        Err(message) => Err(vec![Problem::error("", message)]),
    }
}

/// The comparison of that name.
pub(super) fn named(name: &str) -> Result<Comparison, Problem> {
    name.parse().map_err(|_| {
        let known = Comparison::ALL.iter().map(|comparison| comparison.as_str());
        let problem =
            Problem::error(format!("/{}", pointer_token(name)), format!("there is no comparison `{name}`"))
                .of_key();
        match alias(name).or_else(|| nearest(name, known.clone())) {
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
        "greater_than" | ">" => "gt",
        "less_than" | "<" => "lt",
        ">=" | "min" => "gte",
        "<=" | "max" => "lte",
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
    for (comparison, pointer, operand) in members(operand, unit)? {
        match build(comparison, operand, unit) {
            Ok(predicate) => predicates.push(predicate),
            Err(inner) => problems.extend(all_under(&pointer, inner)),
        }
    }
    if problems.is_empty() { Ok(predicates) } else { Err(problems) }
}

/// One comparison of a set: its pointer and its operand.
type Member<'v> = (Comparison, String, &'v Value);

/// A set of comparisons as written, or a scalar that is meant to be equal.
pub(super) fn members(written: &Value, unit: Unit) -> Result<Vec<Member<'_>>, Vec<Problem>> {
    match written {
        Value::Object(members) if members.is_empty() => {
            let problem = Problem::error("", "nothing is compared");
            Err(vec![problem.help("write a comparison, as in `{ equals: 1 }`")])
        }
        Value::Object(members) => comparisons(members, unit),
        Value::Array(_) => {
            let problem = Problem::error("", "a list says neither that one of it is meant nor all of it");
            Err(vec![problem.help("write `in: […]` for one of these, `equals: […]` for exactly this list")])
        }
        scalar => Ok(vec![(Comparison::Equals, String::new(), scalar)]),
    }
}

fn comparisons(members: &Map<String, Value>, unit: Unit) -> Result<Vec<Member<'_>>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut known = Vec::new();
    for (name, operand) in members {
        match named(name) {
            Ok(Comparison::Degraded) if unit == Unit::None => problems.push(
                Problem::error("/degraded", "`degraded` is a limit of a measure, and this is none").help(
                    "write `severity: warning` beside a comparison to degrade the run instead of failing it",
                ),
            ),
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

fn one_of(comparison: Comparison, operand: &Value, unit: Unit) -> Result<Predicate, String> {
    let Value::Array(list) = operand else {
        return Err(format!("`{comparison}` takes a list, found {}", value::shown(operand)));
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
