//! Channels by themselves: which keys belong to which type, and whether what they say can be used.

use email_address::{EmailAddress, Options};

use crate::{
    document::{Channel, ChannelType, SigningSecrets, TextSort},
    problem::Problem,
    template,
};

use super::url_problem;

/// One key that not all channels have.
struct Key {
    name: &'static str,
    there: bool,
    owners: &'static [ChannelType],
    required: bool,
}

pub(super) fn check(channel: &Channel) -> Vec<Problem> {
    let mut problems = keys(channel);
    problems.extend(slack(channel));
    let foreign: Vec<String> = problems.iter().map(|problem| problem.pointer.clone()).collect();
    for (pointer, text, sort) in channel.texts().filter(|(pointer, ..)| !foreign.contains(pointer)) {
        problems.extend(text_problem(channel, &pointer, text, sort));
    }
    if matches!(&channel.secret, Some(SigningSecrets::Several(secrets)) if secrets.is_empty()) {
        let problem = Problem::error("/secret", "a list of secrets has at least one");
        problems.push(problem.help("leave `secret` out to send without a signature"));
    }
    problems.extend(body(channel));
    problems
}

/// Every key but those of all channels belongs to some types.
fn keys(channel: &Channel) -> Vec<Problem> {
    use ChannelType::{Email, Pagerduty, Slack, Webhook};
    let mine = channel.channel_type;
    let key = |name, there, owners, required| Key { name, there, owners, required };
    let keys = [
        key("routing_key", channel.routing_key.is_some(), &[Pagerduty], true),
        key("api_url", channel.api_url.is_some(), &[Pagerduty, Slack], false),
        key("webhook_url", channel.webhook_url.is_some(), &[Slack], false),
        key("token", channel.token.is_some(), &[Slack], false),
        key("channel", channel.channel.is_some(), &[Slack], false),
        key("to", !channel.to.is_empty(), &[Email], true),
        key("url", channel.url.is_some(), &[Webhook], true),
        key("secret", channel.secret.is_some(), &[Webhook], false),
        key("template", channel.template.is_some(), &[Webhook], false),
        key("content_type", channel.content_type.is_some(), &[Webhook], false),
    ];
    let wrong = |key: &Key| {
        let (name, own) = (key.name, key.owners.contains(&mine));
        if key.there && !own {
            let owners: Vec<_> = key.owners.iter().map(|owner| format!("`{owner}`")).collect();
            let message = format!(
                "`{name}` belongs to channels of type {}, and this is `{mine}`",
                owners.join(" and ")
            );
            return Some(Problem::error(format!("/{name}"), message));
        }
        let missing = own && key.required && !key.there;
        missing.then(|| Problem::error("", format!("a channel of type `{mine}` needs `{name}`")))
    };
    keys.iter().filter_map(wrong).collect()
}

/// An incoming webhook, or a bot and where it speaks.
fn slack(channel: &Channel) -> Option<Problem> {
    if channel.channel_type != ChannelType::Slack {
        return None;
    }
    let keys = (channel.webhook_url.is_some(), channel.token.is_some(), channel.channel.is_some());
    let (pointer, message) = match keys {
        (true, false, false) | (false, true, true) => return None,
        (false, false, _) => ("", "a channel of type `slack` needs `webhook_url`, or `token` and `channel`"),
        (false, true, false) => ("", "a bot's `token` needs the `channel` that it writes to"),
        (true, true, _) => ("/token", "a channel has `webhook_url` or `token`, not both"),
        (true, false, true) => ("/channel", "an incoming webhook has its channel already"),
    };
    let problem = Problem::error(pointer, message);
    Some(if pointer.is_empty() { problem } else { problem.help("remove one of them") })
}

fn text_problem(channel: &Channel, pointer: &str, text: &str, sort: TextSort) -> Option<Problem> {
    let referring = text.contains("@{{");
    let key = pointer.split('/').nth(1).unwrap_or_default();
    match sort {
        TextSort::Url if key == "webhook_url" && !referring => {
            // Whoever has it can write to the channel.
            url_problem(pointer, text).or_else(|| Some(in_clear(pointer, key)))
        }
        TextSort::Url => url_problem(pointer, text),
        TextSort::Secret if !referring => Some(in_clear(pointer, key)),
        TextSort::Plain if channel.channel_type == ChannelType::Email && !referring => mailbox(pointer, text),
        TextSort::Secret | TextSort::Plain => None,
    }
}

fn in_clear(pointer: &str, key: &str) -> Problem {
    Problem::warning(pointer, format!("`{key}` is kept and shown as it stands here"))
        .help("name an `environment`, put the value under its `secrets`, and write `@{{secrets.NAME}}`")
}

fn mailbox(pointer: &str, text: &str) -> Option<Problem> {
    let read = EmailAddress::parse_with_options(text, Options::default());
    let wrong = read.err().map(|error| error.to_string().to_lowercase());
    let wrong = wrong.or_else(|| text.contains(char::is_control).then(|| "control characters".to_owned()))?;
    let problem =
        Problem::error(pointer, format!("`{}` is not an e-mail address: {wrong}", text.escape_debug()));
    Some(problem.help("write `team@example.com` or `On call <team@example.com>`"))
}

/// What a webhook says in its own words.
fn body(channel: &Channel) -> Vec<Problem> {
    let mut problems = Vec::new();
    let content_type = channel.content_type.as_deref().unwrap_or(template::JSON);
    if channel.content_type.is_some() && channel.template.is_none() {
        let problem = Problem::error("/content_type", "it says what a `template` makes, and there is none");
        problems.push(problem.help("without a template the body is JSON"));
    }
    if !is_media_type(content_type) {
        let message = format!("`{}` is not a media type", content_type.escape_debug());
        problems
            .push(Problem::error("/content_type", message).help("for example `text/plain; charset=utf-8`"));
    }
    if let Some(Err(problem)) = channel.template.as_deref().map(|text| template::check(text, content_type)) {
        problems.push(problem);
    }
    problems
}

/// RFC 9110, section 8.3.1, as far as a header stands: `type/subtype`, and parameters of visible characters.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let visible = parameters.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    essence.trim().split_once('/').is_some_and(|(kind, of)| token(kind) && token(of)) && visible
}
