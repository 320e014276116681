//! Environments and channels by themselves.

use crate::{
    document::{Channel, ChannelType, Environment},
    problem::{Problem, pointer_token},
};

use super::{name_problem, url_problem};

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

/// Every key but those of all channels belongs to one type.
pub(super) fn channel(channel: &Channel) -> Vec<Problem> {
    use ChannelType::{Pagerduty, Webhook};
    let mine = channel.channel_type;
    let keys = [
        ("routing_key", &channel.routing_key, Pagerduty, true),
        ("api_url", &channel.api_url, Pagerduty, false),
        ("url", &channel.url, Webhook, true),
        ("secret", &channel.secret, Webhook, false),
    ];
    let mut problems = Vec::new();
    for (key, text, owner, required) in keys {
        match text {
            Some(_) if owner != mine => {
                let message = format!("`{key}` belongs to channels of type `{owner}`, and this is `{mine}`");
                problems.push(Problem::error(format!("/{key}"), message));
            }
            None if owner == mine && required => {
                problems.push(Problem::error("", format!("a channel of type `{mine}` needs `{key}`")));
            }
            Some(text) if !key.ends_with("url") && !text.contains("@{{") => {
                let message = format!("`{key}` is kept and shown as it stands here");
                problems.push(Problem::warning(format!("/{key}"), message).help(
                    "name an `environment`, put the value under its `secrets`, and write `@{{secrets.NAME}}`",
                ));
            }
            Some(text) if key.ends_with("url") => problems.extend(url_problem(&format!("/{key}"), text)),
            _ => {}
        }
    }
    problems
}
