//! Brings documents to a server: one PUT each, those first that others name. What the server refuses is shown where it
//! stands in the file. It keeps no state of its own: what the server has is what was applied.

use std::io::Write;

use anyhow::{Context, bail};
use domain::{
    document::{Document, Environment, Kind, to_value},
    problem::Problem,
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    documents::Documents,
};

/// Environments and channels are named by the others, collections by monitors; those that use others come after them.
const ORDER: [Kind; 4] = [Kind::Environment, Kind::Channel, Kind::Collection, Kind::Monitor];

/// Whether the server took everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Everything is as the files say.
    Everything,
    /// Some documents were refused; [`Documents::report`] shows why.
    NotAll,
}

/// Applies every document and prints one line for each. Valid documents follow refused ones, so that all problems
/// are known at once.
///
/// # Errors
///
/// When a secret's environment variable is not set (then nothing was sent), or the server does not answer as it should.
pub(crate) async fn apply(
    documents: &mut Documents,
    client: &mut Client,
    environment: impl Fn(&str) -> Option<String>,
    out: &mut impl Write,
) -> anyhow::Result<Applied> {
    let mut bodies = Vec::new();
    for (number, document) in documents.iter() {
        let body = body(document, &environment).with_context(|| documents.place(number))?;
        let place = (ORDER.iter().position(|one| *one == document.kind()), uses_others(document));
        bodies.push((place, number, document.kind(), document.id().to_string(), body));
    }
    bodies.sort_by_key(|(place, ..)| *place);
    let mut applied = Applied::Everything;
    for (_, number, kind, id, body) in bodies {
        let path = format!("/v1/{kind}s/{id}");
        let before = client.get(&path).await?;
        let answer = client.put(&path, &body).await?;
        match change(&before, &answer) {
            Ok(change) => writeln!(out, "{change:<9} {kind} {id}")?,
            Err(refusal) => {
                writeln!(out, "{:<9} {kind} {id}", "refused")?;
                documents.add(number, problems(refusal, &answer).with_context(|| format!("{kind} {id}"))?);
                applied = Applied::NotAll;
            }
        }
    }
    Ok(applied)
}

fn uses_others(document: &Document) -> bool {
    matches!(document, Document::Collection(collection) if !collection.uses.is_empty())
}

/// The document as the API takes it: the command line's own `from_env` becomes the value.
fn body(document: &Document, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Value> {
    let mut body = to_value(document);
    if let Document::Environment(Environment { secrets, .. }) = document {
        for (name, secret) in secrets {
            let value = match (&secret.value, &secret.from_env) {
                (Some(value), _) => value.clone(),
                (None, Some(from)) => variable(from)
                    .with_context(|| format!("the secret `{name}` comes from ${from}, which is not set"))?,
                (None, None) => continue,
            };
            body["secrets"][name] = json!({ "value": value });
        }
    }
    Ok(body)
}

/// What the server did with a document it took: one that is as it was keeps the instant of its last change.
fn change(before: &Answer, after: &Answer) -> Result<&'static str, u16> {
    let changed_at = |answer: &Answer| answer.body.get("updated_at").cloned();
    match after.status {
        201 => Ok("created"),
        200 if changed_at(after).is_some() && changed_at(before) == changed_at(after) => Ok("unchanged"),
        200 => Ok("updated"),
        status => Err(status),
    }
}

/// The problems of a document that was refused.
fn problems(status: u16, answer: &Answer) -> anyhow::Result<Vec<Problem>> {
    let text = |key: &str| answer.body.get(key).and_then(Value::as_str);
    let summary = text("detail").or_else(|| text("title")).unwrap_or("the server gave no reason");
    if !(400..500).contains(&status) {
        bail!("the server answered {status}: {summary}");
    }
    let listed = answer.body.get("errors").cloned().unwrap_or_default();
    let listed: Vec<Problem> = serde_json::from_value(listed).unwrap_or_default();
    Ok(if listed.is_empty() { vec![Problem::error("", summary)] } else { listed })
}

#[cfg(test)]
mod tests {
    use domain::document::Known;
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_partial_json, method, path},
    };

    use super::*;
    use crate::terminal::Style;

    const TEXT: &str = "
kind: monitor
version: 1
id: watch
collections: [checkout]
schedule: { every: 1m }
---
kind: collection
version: 1
id: checkout
steps: [{ id: a, request: { url: https://shop.test } }]
---
kind: environment
version: 1
id: demo
secrets: { PASSWORD: { from_env: SHOP_PASSWORD } }
";

    /// What was printed, and how it ended.
    async fn run(server: &MockServer, password: Option<&str>) -> (String, anyhow::Result<Applied>, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("all.yaml"), TEXT).unwrap();
        let mut documents = Documents::read(&[folder.path().to_owned()]).unwrap();
        documents.check(&Known::default());
        assert!(!documents.have_errors());
        let variable = |name: &str| password.filter(|_| name == "SHOP_PASSWORD").map(str::to_owned);
        let (mut out, mut report) = (Vec::new(), Vec::new());
        let applied =
            apply(&mut documents, &mut Client::new(&server.uri()).unwrap(), variable, &mut out).await;
        documents.report(&mut report, Style::Plain).unwrap();
        (String::from_utf8(out).unwrap(), applied, String::from_utf8(report).unwrap())
    }

    #[tokio::test]
    async fn what_others_name_goes_first_and_secrets_are_resolved() {
        let server = MockServer::start().await;
        Mock::given(method("PUT"))
            .and(path("/v1/environments/demo"))
            .and(body_partial_json(json!({ "secrets": { "PASSWORD": { "value": "hunter2" } } })))
            .respond_with(ResponseTemplate::new(201))
            .mount(&server)
            .await;
        let changed_at = |at: &str| ResponseTemplate::new(200).set_body_json(json!({ "updated_at": at }));
        Mock::given(path("/v1/collections/checkout")).respond_with(changed_at("monday")).mount(&server).await;
        let get = Mock::given(method("GET")).and(path("/v1/monitors/watch"));
        get.respond_with(changed_at("monday")).mount(&server).await;
        Mock::given(path("/v1/monitors/watch")).respond_with(changed_at("tuesday")).mount(&server).await;

        let (printed, applied, _) = run(&server, Some("hunter2")).await;
        assert_eq!(applied.unwrap(), Applied::Everything);
        let expected = "created   environment demo\nunchanged collection checkout\nupdated   monitor watch\n";
        assert_eq!(printed, expected);
    }

    #[tokio::test]
    async fn nothing_is_sent_when_a_secret_is_not_set() {
        let server = MockServer::start().await;
        let (_, applied, _) = run(&server, None).await;
        let message = format!("{:#}", applied.unwrap_err());
        assert!(
            message.ends_with("the secret `PASSWORD` comes from $SHOP_PASSWORD, which is not set"),
            "{message}"
        );
        assert!(server.received_requests().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_shown_in_the_file_and_the_rest_is_applied() {
        let server = MockServer::start().await;
        let refusal = json!({
            "title": "the document is invalid",
            "errors": [{ "pointer": "/steps/0/request/url", "message": "not this one", "severity": "error" }],
        });
        let refused =
            ResponseTemplate::new(422).set_body_raw(refusal.to_string(), "application/problem+json");
        Mock::given(path("/v1/collections/checkout")).respond_with(refused).mount(&server).await;
        Mock::given(method("PUT")).respond_with(ResponseTemplate::new(201)).mount(&server).await;

        let (printed, applied, report) = run(&server, Some("hunter2")).await;
        assert_eq!(applied.unwrap(), Applied::NotAll);
        assert!(printed.contains("refused   collection checkout\ncreated   monitor watch\n"), "{printed}");
        assert!(report.contains("all.yaml:11:34: error: not this one"), "{report}");
    }

    #[tokio::test]
    async fn a_server_that_breaks_ends_it() {
        let server = MockServer::start().await;
        Mock::given(method("PUT")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
        let (_, applied, _) = run(&server, Some("hunter2")).await;
        assert!(format!("{:#}", applied.unwrap_err()).contains("the server answered 500"));
    }
}
