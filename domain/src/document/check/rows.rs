//! `each` by itself: how many rows there are, and what all of them would do alike. What steps refer to in them is the
//! plan's.

use serde_json::{Map, Value};

use crate::{
    document::{Collection, Each, MAX_ROWS},
    problem::{Problem, pointer_token},
    reference::{Root, Template},
    run::machine::MAX_REQUESTS,
};

pub(super) fn check(collection: &Collection) -> Vec<Problem> {
    let Some(Each::Rows(rows)) = &collection.each else { return Vec::new() };
    let mut problems = Vec::new();
    if rows.is_empty() {
        let problem = Problem::error("/each", "a collection with `each` has at least one row");
        problems.push(problem.help("add one, or remove `each`"));
    }
    if rows.len() > MAX_ROWS {
        let message = format!("a collection has at most {MAX_ROWS} rows, not {}", rows.len());
        problems.push(Problem::error("/each", message));
    }
    let requests = rows.len() * collection.steps.len();
    if requests > MAX_REQUESTS as usize && rows.len() <= MAX_ROWS {
        let message = format!(
            "{} rows of {} steps are {requests} requests, and a run sends at most {MAX_REQUESTS}",
            rows.len(),
            collection.steps.len()
        );
        problems.push(Problem::warning("/each", message).help("spread them over several collections"));
    }
    if rows.len() > 1 {
        problems.extend(same_key("/defaults/headers", &collection.defaults.headers));
        for (index, step) in collection.steps.iter().enumerate() {
            problems.extend(same_key(&format!("/steps/{index}/request/headers"), &step.request.headers));
        }
    }
    problems
}

/// A key that tells requests apart and is the same in all rows makes all but the first do nothing.
fn same_key(at: &str, headers: &Map<String, Value>) -> Option<Problem> {
    let (name, key) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"))?;
    let template = Template::parse(key.as_str()?).ok()?;
    let differs = |root: &Root| !matches!(root, Root::Run | Root::Vars | Root::Secrets);
    if template.references().any(|reference| differs(reference.root())) {
        return None;
    }
    let message = "every row sends this key, so a target takes their requests for one";
    let problem = Problem::warning(format!("{at}/{}", pointer_token(name)), message);
    Some(problem.help("add what tells rows apart, as in `@{{run.id}}-@{{row.sku}}`, or write `@{{uuid()}}`"))
}
