//! The names that a document uses, against those that exist: environments, collections, channels, variables, secrets.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    document::{AlertRule, Channel, Collection, Monitor, Slug, Use},
    problem::{Problem, nearest, pointer_token},
    reference::{Filter, Reference, Root, Template},
};

use super::{EnvironmentNames, Known, uses};

pub(super) fn collection(collection: &Collection, known: &Known) -> Vec<Problem> {
    let mut problems: Vec<_> = environment(collection.environment.as_ref(), known).into_iter().collect();
    problems.extend(alerts(&collection.alerts, known));
    problems.extend(uses::names(collection, known));
    let scope = Scope {
        vars: collection.vars.keys().map(String::as_str).collect(),
        environment: collection.environment.as_ref(),
        uses: &collection.uses,
        known,
    };
    each_reference(collection, &mut |pointer, reference| problems.extend(scope.problem(pointer, reference)));
    problems
}

/// Every reference of a collection's steps and of their defaults, with its pointer.
pub(super) fn each_reference(collection: &Collection, found: &mut impl FnMut(&str, &Reference)) {
    let (Ok(defaults), Ok(steps)) =
        (serde_json::to_value(&collection.defaults), serde_json::to_value(&collection.steps))
    else {
        return;
    };
    for (pointer, tree) in [("/defaults", defaults), ("/steps", steps)] {
        texts(pointer.to_owned(), &tree, &mut |pointer, text| {
            // What is no template is told where it is compiled.
            let template = Template::parse(text).unwrap_or_default();
            template.references().for_each(|reference| found(pointer, reference));
        });
    }
}

pub(super) fn monitor(monitor: &Monitor, known: &Known) -> Vec<Problem> {
    let mut problems: Vec<_> = environment(monitor.environment.as_ref(), known).into_iter().collect();
    for (index, slug) in monitor.collections.iter().enumerate() {
        problems.extend(known.missing(
            format!("/collections/{index}"),
            "collection",
            slug,
            known.collections.keys(),
        ));
    }
    problems.extend(alerts(&monitor.alerts, known));
    problems
}

/// A channel's texts can refer to variables and secrets, and to nothing else: there is no run.
pub(super) fn channel(channel: &Channel, known: &Known) -> Vec<Problem> {
    let mut problems: Vec<_> = environment(channel.environment.as_ref(), known).into_iter().collect();
    let scope = Scope { vars: BTreeSet::new(), environment: channel.environment.as_ref(), uses: &[], known };
    for (pointer, text, _) in channel.texts() {
        let pointer = pointer.as_str();
        match Template::parse(text) {
            Ok(template) => {
                problems.extend(template.references().filter_map(|reference| {
                    match reference.root() {
                        Root::Vars | Root::Secrets => scope.problem(pointer, reference),
                        _ => Some(
                            Problem::error(pointer, "a channel can refer to `vars` and `secrets` only")
                                .offset(reference.span().start),
                        ),
                    }
                }));
            }
            Err(error) => {
                let problem = Problem::error(pointer, error.message).offset(error.offset);
                problems.push(Problem { help: error.help, ..problem });
            }
        }
    }
    problems
}

fn environment(slug: Option<&Slug>, known: &Known) -> Option<Problem> {
    known.missing("/environment".to_owned(), "environment", slug?, known.environments.keys())
}

fn alerts<'a>(rules: &'a [AlertRule], known: &'a Known) -> impl Iterator<Item = Problem> {
    rules.iter().enumerate().flat_map(move |(rule, alert)| {
        alert.channels.iter().enumerate().filter_map(move |(index, slug)| {
            let pointer = format!("/alerts/{rule}/channels/{index}");
            known.missing(pointer, "channel", slug, known.channels.iter())
        })
    })
}

impl Known {
    /// The problem that a document which is named is not there.
    pub(super) fn missing<'k>(
        &self,
        pointer: String,
        what: &str,
        slug: &Slug,
        mut there: impl Iterator<Item = &'k Slug> + Clone,
    ) -> Option<Problem> {
        let all = there.clone();
        if there.any(|candidate| candidate == slug) {
            return None;
        }
        let problem = if self.complete {
            Problem::error(pointer, format!("there is no {what} `{slug}`"))
        } else {
            Problem::warning(pointer, format!("the {what} `{slug}` is not among these documents"))
        };
        Some(match nearest(slug.as_str(), all.map(Slug::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        })
    }
}

/// The variables, secrets and shared captures that a document's references can name.
struct Scope<'d> {
    /// The document's own.
    vars: BTreeSet<&'d str>,
    /// The environment that the document names.
    environment: Option<&'d Slug>,
    /// The shared set-ups that it names.
    uses: &'d [Use],
    known: &'d Known,
}

impl Scope<'_> {
    fn problem(&self, pointer: &str, reference: &Reference) -> Option<Problem> {
        let name = reference.path().first()?;
        if reference.filters().iter().any(|filter| matches!(filter, Filter::Default(_))) {
            return None;
        }
        let known = self.known;
        let problem = match reference.root() {
            Root::Vars if !self.vars.contains(name) && !known.vars.contains(name) => {
                let own = self.vars.iter().copied().chain(known.vars.iter().map(String::as_str));
                self.absent(pointer, "variable", name, own.collect(), |names| &names.vars)?
            }
            Root::Secrets if !known.secrets.contains(name) => {
                let own = known.secrets.iter().map(String::as_str);
                self.absent(pointer, "secret", name, own.collect(), |names| &names.secrets)?
            }
            Root::Step(id) if self.uses.iter().any(|used| used.collection.as_str() == id) => {
                uses::capture_problem(pointer, id, reference, known)?
            }
            _ => return None,
        };
        Some(problem.offset(reference.span().start))
    }

    /// The problem of a name that the document and the command line do not have; nothing if an environment has it.
    fn absent(
        &self,
        pointer: &str,
        what: &str,
        name: &str,
        own: Vec<&str>,
        of: fn(&EnvironmentNames) -> &BTreeSet<String>,
    ) -> Option<Problem> {
        let environments = &self.known.environments;
        let mine = self.environment.and_then(|slug| Some((slug, environments.get(slug)?)));
        let elsewhere = environments.iter().find(|(_, names)| of(names).contains(name)).map(|(slug, _)| slug);
        match (mine, elsewhere) {
            (Some((_, names)), _) if of(names).contains(name) => return None,
            (None, Some(_)) => return None,
            // A monitor may run it with the environment that has the name.
            (Some((slug, _)), Some(elsewhere)) => {
                let message = format!("the environment `{slug}` has no {what} `{name}`");
                return Some(Problem::warning(pointer, message).help(format!("`{elsewhere}` has it")));
            }
            (_, None) => {}
        }
        let nobody_knows = environments.is_empty() || (self.environment.is_some() && mine.is_none());
        let problem = if what == "secret" && nobody_knows {
            let message = format!("no environment is known that has the secret `{name}`");
            Problem::warning(pointer, message)
        } else {
            Problem::error(pointer, format!("there is no {what} `{name}`"))
        };
        let names = environments.values().flat_map(|names| of(names).iter().map(String::as_str));
        Some(match nearest(name, own.into_iter().chain(names)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if what == "variable" => {
                problem.help("define it under `vars`, of the collection or of its environment")
            }
            None => problem.help("define it under `secrets` of the environment"),
        })
    }
}

/// Every text of a tree with its pointer, keys as well: a key's pointer is that of its value.
fn texts(pointer: String, value: &Value, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => found(&pointer, text),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| texts(format!("{pointer}/{index}"), item, found));
        }
        Value::Object(map) => {
            for (key, value) in map {
                let pointer = format!("{pointer}/{}", pointer_token(key));
                found(&pointer, key);
                texts(pointer, value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
