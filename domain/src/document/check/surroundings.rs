//! Environments by themselves.

use crate::{
    document::Environment,
    problem::{Problem, pointer_token},
};

use super::name_problem;

pub(super) fn environment(environment: &Environment) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in environment.vars.keys() {
        problems.extend(name_problem("/vars", "a variable", name));
    }
    for (name, secret) in &environment.secrets {
        problems.extend(name_problem("/secrets", "a secret", name));
        if secret.value.is_some() && secret.from_env.is_some() {
            let at = format!("/secrets/{}", pointer_token(name));
            problems.push(
                Problem::error(at, "a secret has `value` or `from_env`, not both").help("remove one of them"),
            );
        }
    }
    problems
}
