//! From a channel's document to the receiver that it describes: references are resolved, and what the type needs is
//! there. Holds secrets, so nothing here prints.

use std::borrow::Cow;

use domain::{
    document::{Channel, ChannelType, SigningSecrets},
    masking::Masker,
    reference::{Function, NoValue, Path, Root, Scope, Template, Unresolved},
};
use lettre::message::Mailbox;
use secrecy::ExposeSecret;
use serde_json::Value;
use store::{environments::Values, paces::Pace};

use crate::{
    channels::{
        email::Email,
        pagerduty::Pagerduty,
        slack::Slack,
        webhook::{self, Template as Body, Webhook},
    },
    smtp::Smtp,
};

/// A channel, ready to be written to.
pub(crate) enum Receiver {
    Pagerduty(Pagerduty),
    Slack(Slack),
    Email(Email),
    Webhook(Webhook),
}

/// Why a channel cannot be written to. Names references, never values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsendable {
    #[error("the channel has no `{0}`")]
    Lacks(&'static str),
    #[error("the channel's `{0}` is empty")]
    Empty(&'static str),
    #[error("the channel has neither `webhook_url` nor `token` and `channel`")]
    NoSlack,
    #[error("no mail server is configured: set `smtp.url` for the notifiers")]
    NoSmtp,
    #[error("the channel's `{0}` cannot be read: {1}")]
    Unreadable(&'static str, String),
    #[error("the channel's `{0}` refers to what is not there: {1}")]
    Unresolved(&'static str, Unresolved),
}

type Render = fn(&Template, &dyn Scope) -> Result<String, Unresolved>;

impl Receiver {
    /// # Errors
    /// What somebody has to change first.
    pub(crate) fn resolve(
        channel: &Channel,
        values: &Values,
        smtp: Option<&Smtp>,
    ) -> Result<Self, Unsendable> {
        let text = |key, written: &Option<String>| resolve(key, written, Template::render_text, values);
        let url = |key, written: &Option<String>| resolve(key, written, Template::render_url, values);
        match channel.channel_type {
            ChannelType::Pagerduty => Ok(Self::Pagerduty(Pagerduty {
                routing_key: needed("routing_key", text("routing_key", &channel.routing_key)?)?,
                api_url: url("api_url", &channel.api_url)?,
            })),
            ChannelType::Slack => {
                let (token, place) = (text("token", &channel.token)?, text("channel", &channel.channel)?);
                match (url("webhook_url", &channel.webhook_url)?, token.zip(place)) {
                    (Some(url), _) => Ok(Self::Slack(Slack::Webhook { url })),
                    (None, Some((token, place))) => {
                        let api_url = url("api_url", &channel.api_url)?;
                        Ok(Self::Slack(Slack::Bot { token, channel: place, api_url }))
                    }
                    (None, None) => Err(Unsendable::NoSlack),
                }
            }
            ChannelType::Email => email(channel, values, smtp).map(Self::Email),
            ChannelType::Webhook => {
                let mut secrets = Vec::new();
                for secret in channel.secret.as_ref().map(SigningSecrets::all).unwrap_or_default() {
                    secrets.extend(text("secret", &Some(secret.clone()))?);
                }
                let content_type = channel.content_type.as_deref().unwrap_or(domain::template::JSON);
                let body = |text: &String| Body { text: text.clone(), content_type: content_type.to_owned() };
                Ok(Self::Webhook(Webhook {
                    url: needed("url", url("url", &channel.url)?)?,
                    secrets,
                    template: channel.template.as_ref().map(body),
                }))
            }
        }
    }

    /// How fast it may be written to, by all notifiers together.
    pub(crate) fn pace(&self) -> Option<Pace> {
        match self {
            Self::Pagerduty(pagerduty) => Some(pagerduty.pace()),
            Self::Slack(slack) => Some(slack.pace()),
            Self::Email(_) | Self::Webhook(_) => None,
        }
    }

    /// How fast first messages may be brought up to date, where there is such a thing.
    pub(crate) fn pace_of_updates(&self) -> Option<Pace> {
        match self {
            Self::Slack(slack) => slack.pace_of_updates(),
            Self::Pagerduty(_) | Self::Email(_) | Self::Webhook(_) => None,
        }
    }
}

fn email(channel: &Channel, values: &Values, smtp: Option<&Smtp>) -> Result<Email, Unsendable> {
    let smtp = smtp.ok_or(Unsendable::NoSmtp)?;
    let mut to = Vec::new();
    for written in &channel.to {
        let text = needed("to", resolve("to", &Some(written.clone()), Template::render_text, values)?)?;
        let mailbox: Result<Mailbox, _> = text.parse();
        to.push(mailbox.map_err(|error| Unsendable::Unreadable("to", error.to_string()))?);
    }
    if to.is_empty() { Err(Unsendable::Lacks("to")) } else { Ok(Email { from: smtp.from.clone(), to }) }
}

/// Knows every secret of the channel: those of its environment, and what the document holds in clear.
pub(crate) fn masker(receiver: &Receiver, values: &Values) -> Masker {
    let mut masker = Masker::new(values.secrets.values().map(|secret| secret.expose_secret()));
    match receiver {
        Receiver::Pagerduty(pagerduty) => masker.add(&pagerduty.routing_key),
        Receiver::Slack(Slack::Webhook { url }) => masker.add(url),
        Receiver::Slack(Slack::Bot { token, .. }) => masker.add(token),
        // The server's password is the operator's, and masked where the server is talked to.
        Receiver::Email(_) => {}
        Receiver::Webhook(webhook) => webhook.secrets.iter().for_each(|secret| {
            masker.add(secret);
            masker.add(webhook::without_prefix(secret));
        }),
    }
    masker
}

fn needed(key: &'static str, value: Option<String>) -> Result<String, Unsendable> {
    value.ok_or(Unsendable::Lacks(key))
}

/// An empty value is none that somebody meant: an empty signing secret would sign nothing.
fn resolve(
    key: &'static str,
    written: &Option<String>,
    render: Render,
    values: &Values,
) -> Result<Option<String>, Unsendable> {
    let Some(written) = written else { return Ok(None) };
    let template = Template::parse(written).map_err(|error| Unsendable::Unreadable(key, error.message))?;
    let foreign = |root: &Root| !matches!(root, Root::Vars | Root::Secrets);
    if template.references().any(|reference| foreign(reference.root())) {
        return Err(Unsendable::Unreadable(key, "it can refer to `vars` and `secrets` only".to_owned()));
    }
    let rendered =
        render(&template, &Surroundings(values)).map_err(|why| Unsendable::Unresolved(key, why))?;
    if rendered.is_empty() { Err(Unsendable::Empty(key)) } else { Ok(Some(rendered)) }
}

/// Where a channel's references find their values.
struct Surroundings<'v>(&'v Values);

impl Scope for Surroundings<'_> {
    fn value(&self, root: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        let name = path.first().unwrap_or_default();
        match root {
            Root::Vars => {
                let value = self.0.vars.get(name);
                let value = value.ok_or_else(|| NoValue::gone(format!("there is no variable `{name}`")))?;
                path.find_after(1, value).map(Cow::Borrowed).map_err(NoValue::gone)
            }
            Root::Secrets => {
                let value = self.0.secrets.get(name);
                let value = value.ok_or_else(|| NoValue::gone(format!("there is no secret `{name}`")))?;
                Ok(Cow::Owned(value.expose_secret().into()))
            }
            other => Err(NoValue::gone(format!("a channel has no `{other}`"))),
        }
    }

    /// Never asked: a channel that calls a function is refused before it is rendered.
    fn call(&self, _: &Function) -> Value {
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(channel: Value) -> Result<Receiver, String> {
        let vars = json!({ "host": "hooks.example.com", "team": { "path": "a b" } });
        let values = Values {
            updated_at: None,
            vars: vars.as_object().unwrap().clone(),
            secrets: [("KEY", "hunter22"), ("NONE", "")].map(|(k, v)| (k.to_owned(), v.into())).into(),
        };
        let channel = serde_json::from_value(channel).unwrap();
        Receiver::resolve(&channel, &values, None).map_err(|unsendable| unsendable.to_string())
    }

    fn webhook(url: &str, secret: &str) -> Result<Receiver, String> {
        resolved(json!({ "id": "hook", "type": "webhook", "url": url, "secret": secret }))
    }

    #[test]
    fn references_find_variables_and_secrets() {
        let receiver = webhook("https://@{{vars.host}}/@{{vars.team.path}}", "whsec_@{{secrets.KEY}}");
        let Ok(Receiver::Webhook(webhook)) = receiver else { panic!("not a webhook") };
        assert_eq!(webhook.url, "https://hooks.example.com/a%20b");
        assert_eq!(webhook.secrets, ["whsec_hunter22"]);
    }

    #[test]
    fn what_cannot_be_resolved_is_named() {
        let why = |url, secret| webhook(url, secret).err().unwrap();
        assert_eq!(
            why("https://a", "@{{secrets.KEI}}"),
            "the channel's `secret` refers to what is not there: `@{{secrets.KEI}}`: there is no secret `KEI`"
        );
        assert!(why("https://a/@{{vars.team.url}}", "x").contains("`@{{vars.team.url}}`"));
        assert_eq!(why("https://a", "@{{secrets.NONE}}"), "the channel's `secret` is empty");
        assert!(why("https://a/@{{login.body}}", "x").ends_with("it can refer to `vars` and `secrets` only"));
        assert!(why("https://a/@{{vars.@", "x").starts_with("the channel's `url` cannot be read: "));
        let unkeyed = resolved(json!({ "id": "page", "type": "pagerduty" }));
        assert_eq!(unkeyed.err().unwrap(), "the channel has no `routing_key`");
    }

    #[test]
    fn a_secret_in_clear_is_masked_with_its_prefix_and_without() {
        let receiver = webhook("https://a", "whsec_c2VjcmV0IHZhbHVl").ok().unwrap();
        let masker = masker(&receiver, &Values::default());
        assert_eq!(masker.text("got whsec_c2VjcmV0IHZhbHVl"), "got ***");
        assert_eq!(masker.text("key c2VjcmV0IHZhbHVl"), "key ***");
    }
}
