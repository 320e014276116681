//! Runs collections here and now, without a server: finds each one's environment among the documents, takes secrets
//! from the process's environment, and lets the worker's own runner do the rest.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, bail};
use domain::{
    clock::Clock,
    document::{Collection, Document, Environment, Slug},
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode},
    plan::Plan,
    reference::Root,
    result::RunResult,
    run::inputs::{Inputs, RunFacts, Secrets},
};
use outbound::Outbound;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use worker::runner::{Unguarded, execute};

use crate::{documents::Documents, report::Tested};

/// What the command line says besides the documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// The environment of all collections, whatever they say.
    pub(crate) environment: Option<Slug>,
    /// Variables above all others.
    pub(crate) vars: Map<String, Value>,
    /// Secrets above all others, by name.
    pub(crate) secrets: Vec<(String, String)>,
}

/// One collection, ready to run.
#[derive(Debug)]
pub(crate) struct Trial {
    collection: Slug,
    name: String,
    place: String,
    environment: Option<Slug>,
    plan: Arc<Plan>,
    vars: Vec<Map<String, Value>>,
    secrets: Secrets,
    /// Secrets that the collection uses and that have no value here, with the reason.
    pub(crate) missing: Vec<String>,
}

/// Every collection of valid documents.
///
/// # Errors
///
/// When there is none, or one needs an environment that is not among the documents.
pub(crate) fn prepare(
    documents: &Documents,
    overrides: &Overrides,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for (number, document) in documents.iter() {
        if let Document::Collection(collection) = document {
            let place = documents.place(number);
            let trial = prepare_one(documents, collection, overrides, &variable);
            trials.push(Trial { place: place.clone(), ..trial.context(place)? });
        }
    }
    if trials.is_empty() {
        bail!("there is no collection among these documents");
    }
    Ok(trials)
}

fn prepare_one(
    documents: &Documents,
    collection: &Collection,
    overrides: &Overrides,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Trial> {
    let plan = Plan::compile(collection).map_err(|problems| {
        let first = problems.into_iter().next().map(|problem| problem.message);
        anyhow::anyhow!(first.unwrap_or_else(|| "the collection does not compile".to_owned()))
    })?;
    let name = overrides.environment.as_ref().or(collection.environment.as_ref());
    let environment = name.map(|name| find(documents, name)).transpose()?;
    let (mut secrets, mut missing) = (Vec::new(), Vec::new());
    for name in used_secrets(&plan) {
        match secret(&name, environment, overrides, &variable) {
            Ok(value) => secrets.push((name, value)),
            Err(reason) => missing.push(reason),
        }
    }
    let vars = environment.map(|environment| environment.vars.clone());
    Ok(Trial {
        collection: collection.id.clone(),
        name: plan.name.clone(),
        place: String::new(),
        environment: name.cloned(),
        plan: Arc::new(plan),
        vars: std::iter::once(overrides.vars.clone()).chain(vars).collect(),
        secrets: secrets.into_iter().collect(),
        missing,
    })
}

/// The environment of that id.
pub(crate) fn find<'d>(documents: &'d Documents, id: &Slug) -> anyhow::Result<&'d Environment> {
    let environments = documents.iter().filter_map(|(_, document)| match document {
        Document::Environment(environment) => Some(environment),
        _ => None,
    });
    let mut ids = Vec::new();
    for environment in environments {
        if environment.id == *id {
            return Ok(environment);
        }
        ids.push(environment.id.as_str());
    }
    let known =
        if ids.is_empty() { "there is none".to_owned() } else { format!("there is {}", ids.join(", ")) };
    bail!("the environment `{id}` is not among these documents: {known}")
}

fn used_secrets(plan: &Plan) -> BTreeSet<String> {
    let references = plan.references.iter().map(|(_, reference)| reference);
    let secrets = references.filter(|reference| *reference.root() == Root::Secrets);
    secrets.filter_map(|reference| reference.path().first()).map(str::to_owned).collect()
}

/// The value of a secret, or why there is none.
fn secret(
    name: &str,
    environment: Option<&Environment>,
    overrides: &Overrides,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    if let Some((_, value)) = overrides.secrets.iter().find(|(given, _)| given == name) {
        return Ok(value.clone());
    }
    let declared = environment.and_then(|environment| environment.secrets.get(name));
    match declared.map(|secret| (&secret.value, &secret.from_env)) {
        Some((Some(value), _)) => Ok(value.clone()),
        Some((None, Some(from))) => {
            variable(from).ok_or_else(|| format!("the secret `{name}` comes from ${from}, which is not set"))
        }
        _ => Err(format!("the secret `{name}` has no value here: give it with --secret {name}=VARIABLE")),
    }
}

impl Trial {
    /// Runs it to its end. A cancel still lets clean-up steps run.
    pub(crate) async fn run(
        self,
        outbound: &Outbound,
        clock: &dyn Clock,
        cancel: &CancellationToken,
    ) -> Tested {
        let started_at = clock.now();
        let location = "default".parse().expect("`default` is a slug");
        let inputs = Inputs {
            facts: RunFacts { id: RunId::random(started_at), started_at, attempt: 1, location },
            vars: self.vars,
            secrets: self.secrets,
            seed: rand::random(),
        };
        let result = execute(self.plan, inputs, outbound.session(), &mut Unguarded, cancel).await;
        let result = result.unwrap_or_else(|| RunResult {
            outcome: Outcome::Inconclusive,
            reason: Some(Reason::new(ReasonCode::Internal, "the run was given up")),
            duration_ms: 0.0,
            steps: Vec::new(),
        });
        let (collection, name) = (self.collection, self.name);
        Tested { collection, name, place: self.place, environment: self.environment, result }
    }
}
