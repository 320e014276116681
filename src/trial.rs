//! Runs collections here and now, without a server: finds each one's environment among the documents, takes secrets
//! from the process's environment, and lets the worker's own runner do the rest. Shared set-ups are shared by all runs.

mod lanes;
mod set_ups;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use domain::{
    document::{Collection, Document, Environment, Slug},
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode},
    plan::Plan,
    reference::Root,
    result::RunResult,
    run::inputs::{Inputs, RunFacts, Secrets},
};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use worker::runner::{Unguarded, execute};

use crate::{
    documents::Documents,
    report::{Source, Tested},
};
pub(crate) use lanes::{Arrival, Ended, InOrder, Series};
pub(crate) use set_ups::SetUps;

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

/// Which collections are run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Found in the id or the name.
    pub(crate) pattern: Option<regex::Regex>,
    /// All of them.
    pub(crate) labels: Vec<(String, String)>,
}

impl Selection {
    fn takes(&self, collection: &Collection) -> bool {
        let named = |pattern: &regex::Regex| {
            let names = [Some(collection.id.as_str()), collection.name.as_deref()];
            names.into_iter().flatten().any(|name| pattern.is_match(name))
        };
        let labelled = |(key, value): &(String, String)| collection.labels.get(key) == Some(value);
        self.pattern.as_ref().is_none_or(named) && self.labels.iter().all(labelled)
    }
}

/// One collection, ready to run.
#[derive(Debug)]
pub(crate) struct Trial {
    collection: Slug,
    name: String,
    place: String,
    source: Arc<Source>,
    environment: Option<Slug>,
    plan: Arc<Plan>,
    vars: Vec<Map<String, Value>>,
    secrets: Secrets,
    /// What it uses, by id.
    set_ups: BTreeMap<Slug, Arc<Plan>>,
    /// Secrets that the collection uses and that have no value here, with the reason.
    pub(crate) missing: Vec<String>,
}

/// The selected collections of valid documents.
///
/// # Errors
///
/// When there is none, or one needs an environment that is not among the documents.
pub(crate) fn prepare(
    documents: &Documents,
    selection: &Selection,
    overrides: &Overrides,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Vec<Trial>> {
    let collections = documents.iter().filter_map(|(number, document)| match document {
        Document::Collection(collection) => Some((number, collection)),
        _ => None,
    });
    let collections: Vec<_> = collections.collect();
    if collections.is_empty() {
        bail!("there is no collection among these documents");
    }
    let mut trials = Vec::new();
    for (number, collection) in collections.iter().filter(|(_, collection)| selection.takes(collection)) {
        let place = documents.place(*number);
        let trial =
            prepare_one(documents, collection, overrides, &variable).with_context(|| place.clone())?;
        let source = Arc::new(source(documents, *number, collection));
        trials.push(Trial { place, source, ..trial });
    }
    if trials.is_empty() {
        let ids: Vec<_> = collections.iter().map(|(_, collection)| collection.id.as_str()).collect();
        bail!("no collection is selected by --grep and --label; there is {}", ids.join(", "));
    }
    Ok(trials)
}

/// Where a collection and its steps are written.
fn source(documents: &Documents, number: usize, collection: &Collection) -> Source {
    let steps = collection.steps.iter().enumerate();
    let line = |(index, id): (usize, &String)| {
        let line = documents.line(number, &format!("/steps/{index}/id"));
        (id.clone(), line)
    };
    let steps: BTreeMap<_, _> = steps.map(|(index, step)| line((index, &step.id))).collect();
    Source { path: documents.path(number).to_owned(), line: documents.line(number, ""), steps }
}

fn prepare_one(
    documents: &Documents,
    collection: &Collection,
    overrides: &Overrides,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Trial> {
    let plan = compile(collection)?;
    let mut set_ups = BTreeMap::new();
    for used in &plan.uses {
        let set_up = find_collection(documents, &used.collection)?;
        set_ups.insert(used.collection.clone(), Arc::new(compile(set_up)?));
    }
    let name = overrides.environment.as_ref().or(collection.environment.as_ref());
    let environment = name.map(|name| find(documents, name)).transpose()?;
    let (mut secrets, mut missing) = (Vec::new(), Vec::new());
    let plans = set_ups.values().map(Arc::as_ref).chain([&plan]);
    for name in plans.flat_map(used_secrets).collect::<BTreeSet<_>>() {
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
        source: Arc::default(),
        environment: name.cloned(),
        plan: Arc::new(plan),
        vars: std::iter::once(overrides.vars.clone()).chain(vars).collect(),
        secrets: secrets.into_iter().collect(),
        set_ups,
        missing,
    })
}

fn compile(collection: &Collection) -> anyhow::Result<Plan> {
    Plan::compile(collection).map_err(|problems| {
        let first = problems.into_iter().next().map(|problem| problem.message);
        anyhow::anyhow!(first.unwrap_or_else(|| "the collection does not compile".to_owned()))
    })
}

/// The collection of that id, whether or not it is selected.
fn find_collection<'d>(documents: &'d Documents, id: &Slug) -> anyhow::Result<&'d Collection> {
    let found = documents.iter().find_map(|(_, document)| match document {
        Document::Collection(collection) if collection.id == *id => Some(collection),
        _ => None,
    });
    found.with_context(|| format!("the collection `{id}`, which is used here, is not among these documents"))
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
    fn inputs(&self, id: RunId, started_at: DateTime<Utc>) -> Inputs {
        let location = "default".parse().expect("`default` is a slug");
        Inputs {
            facts: RunFacts { id, started_at, attempt: 1, location },
            vars: self.vars.clone(),
            secrets: self.secrets.clone(),
            seed: rand::random(),
        }
    }

    /// Runs it to its end. A cancel still lets clean-up steps run.
    pub(crate) async fn run(
        &self,
        repetition: Option<u32>,
        set_ups: &SetUps,
        cancel: &CancellationToken,
    ) -> Tested {
        let started_at = set_ups.clock.now();
        let inputs = self.inputs(RunId::random(started_at), started_at);
        let (plan, session) = (Arc::clone(&self.plan), set_ups.outbound.session());
        let mine = set_ups.of(self, inputs.facts.id);
        let result = execute(plan, inputs, session, &mut Unguarded, &mine, cancel).await;
        let result = result.unwrap_or_else(|| RunResult {
            outcome: Outcome::Inconclusive,
            reason: Some(Reason::new(ReasonCode::Internal, "the run was given up")),
            duration_ms: 0.0,
            set_ups: Vec::new(),
            steps: Vec::new(),
            rows: Vec::new(),
        });
        Tested {
            collection: self.collection.clone(),
            name: self.name.clone(),
            place: self.place.clone(),
            repetition,
            environment: self.environment.clone(),
            source: Arc::clone(&self.source),
            result,
        }
    }
}
