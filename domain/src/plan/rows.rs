//! Whether the rows of `each` have what steps refer to. They are the document's own, so this is known before anything
//! runs: no run finds out in its middle that a row lacks a value.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    problem::{Problem, nearest},
    reference::{Filter, Path, Reference, Root, Segment},
};

/// Columns that are named in a message.
const SHOWN: usize = 10;

/// The problem of a reference to a row, if it has one: without a `default`, all rows have what it names; with one, some
/// row has at least its first name, which would be a mistake otherwise. No rows at all are told where they should be.
pub(super) fn problem(pointer: &str, reference: &Reference, rows: Option<&[Value]>) -> Option<Problem> {
    if *reference.root() != Root::Row {
        return None;
    }
    let Some(rows) = rows else {
        return Some(Problem::error(pointer, "`row` has no values: the collection has no `each`"));
    };
    let path = reference.path();
    let first = path.segments().first()?;
    let name = Path::from(vec![first.clone()]);
    if !rows.is_empty() && !rows.iter().any(|row| name.find(row).is_ok()) {
        return Some(in_no_row(pointer, first, rows));
    }
    if reference.filters().iter().any(|filter| matches!(filter, Filter::Default(_))) {
        return None;
    }
    let (number, missing) =
        (1..).zip(rows).find_map(|(number, row)| Some((number, path.find(row).err()?)))?;
    let number: u32 = number;
    let problem = Problem::error(pointer, format!("row {number} of `each` lacks `{path}`: {missing}"));
    Some(problem.help("give it to that row, or say what stands in for it: `| default(\"…\")`"))
}

fn in_no_row(pointer: &str, wanted: &Segment, rows: &[Value]) -> Problem {
    let shown = Path::from(vec![wanted.clone()]);
    let problem = Problem::error(pointer, format!("no row of `each` has `{shown}`"));
    let mut seen = HashSet::new();
    let names = rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys());
    let columns: Vec<_> = names.map(String::as_str).filter(|name| seen.insert(*name)).collect();
    match nearest(wanted.name().unwrap_or_default(), columns.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if columns.is_empty() => problem.help("its rows are empty"),
        None => problem.help(format!("rows have `{}`", columns[..columns.len().min(SHOWN)].join("`, `"))),
    }
}
