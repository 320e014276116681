//! What is sent along, as templates. Every kind is put together from parsed parts: no value can add a field or a part.

use base64::{Engine, alphabet, engine};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::reference::{Function, JsonTemplate, Scope, Template, Unresolved};

use super::{
    connection::render,
    request::{Headers, encode, pairs},
};

/// What is sent along.
#[derive(Debug)]
pub enum BodyPlan {
    /// Nothing.
    None,
    /// `application/json`.
    Json(JsonTemplate),
    /// The same without any reference in it: its text.
    FixedJson(Bytes),
    /// `text/plain` unless a header says otherwise.
    Text(Template),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(Template, Template)>),
    /// `multipart/form-data`.
    Multipart(Vec<PartPlan>),
    /// A GraphQL operation as `application/json`.
    GraphQl {
        /// The document, which holds no references.
        query: String,
        /// An object.
        variables: JsonTemplate,
        /// Which of the document's operations.
        operation_name: Option<Template>,
    },
    /// Any bytes, in Base64; `application/octet-stream` unless a header says otherwise.
    Base64(Template),
}

/// One part of a `multipart/form-data` body.
#[derive(Debug)]
pub struct PartPlan {
    /// The field's name.
    pub name: Template,
    /// What is in it.
    pub content: Content,
    /// The name of the file that it is said to be.
    pub filename: Option<Template>,
    /// Its type.
    pub content_type: Option<Template>,
}

/// What is in a part.
#[derive(Debug)]
pub enum Content {
    /// A text.
    Text(Template),
    /// JSON.
    Json(JsonTemplate),
    /// Any bytes, in Base64.
    Base64(Template),
}

impl BodyPlan {
    pub(super) fn render(&self, scope: &dyn Scope, headers: &mut Headers) -> Result<Bytes, Unresolved> {
        let (content_type, bytes): (_, Bytes) = match self {
            Self::None => return Ok(Bytes::new()),
            Self::Json(template) => ("application/json", template.render(scope)?.to_string().into()),
            Self::FixedJson(text) => ("application/json", text.clone()),
            Self::Text(template) => ("text/plain; charset=utf-8", template.render_text(scope)?.into()),
            Self::Form(fields) => {
                ("application/x-www-form-urlencoded", encode(&pairs(fields, scope)?).into())
            }
            Self::Multipart(parts) => return multipart(parts, scope, headers),
            Self::GraphQl { query, variables, operation_name } => {
                let operation_name =
                    operation_name.as_ref().map(|name| name.render_text(scope)).transpose()?;
                ("application/json", graphql(query, variables.render(scope)?, operation_name).into())
            }
            Self::Base64(text) => ("application/octet-stream", render(text, scope, base64)?.into()),
        };
        headers.push_default("Content-Type", content_type);
        Ok(bytes)
    }
}

fn graphql(query: &str, variables: Value, operation_name: Option<String>) -> String {
    let mut body = Map::new();
    body.insert("query".to_owned(), query.into());
    if variables.as_object().is_some_and(|variables| !variables.is_empty()) {
        body.insert("variables".to_owned(), variables);
    }
    if let Some(name) = operation_name {
        body.insert("operationName".to_owned(), name.into());
    }
    Value::Object(body).to_string()
}

/// Bytes from Base64 in either alphabet, with or without padding, over any number of lines.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text.split_ascii_whitespace().collect();
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let lenient =
        engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    engine::GeneralPurpose::new(alphabet, lenient)
        .decode(text)
        .map_err(|error| format!("it is not Base64: {error}"))
}

/// RFC 7578, with names spelled as browsers do (HTML, "multipart/form-data encoding algorithm").
fn multipart(parts: &[PartPlan], scope: &dyn Scope, headers: &mut Headers) -> Result<Bytes, Unresolved> {
    // Nobody can foresee it, so no value can hold it.
    let unique = scope.call(&Function::Uuid);
    let boundary = format!("skopos-{}", unique.as_str().unwrap_or_default());
    let mut body = Vec::new();
    for part in parts {
        let (content_type, content) = part.content.render(scope)?;
        let content_type = match &part.content_type {
            Some(own) => Some(own.render_header(scope)?),
            None => content_type.map(str::to_owned),
        };
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&part.name.render_text(scope)?)
        );
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(&filename.render_text(scope)?)));
        }
        if let Some(content_type) = content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    headers.push_boundary(&boundary);
    Ok(Bytes::from(body))
}

/// What would end a quoted name, percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

impl Content {
    /// The type that it has if nobody says otherwise, and its bytes.
    fn render(&self, scope: &dyn Scope) -> Result<(Option<&'static str>, Vec<u8>), Unresolved> {
        Ok(match self {
            Self::Text(text) => (None, text.render_text(scope)?.into()),
            Self::Json(json) => (Some("application/json"), json.render(scope)?.to_string().into()),
            Self::Base64(text) => (Some("application/octet-stream"), render(text, scope, base64)?),
        })
    }
}
