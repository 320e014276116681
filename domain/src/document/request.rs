//! What a step sends. Who is asking is `auth`'s, how the connection is made is `network`'s.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Auth, ByteSize, HttpVersion, IpFamily, Multipart, Span, TlsOptions};

/// What is sent. Every text may hold references.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Any method token. Default GET; POST for `graphql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Absolute, or starting with a reference that is.
    pub url: String,
    /// Added to the URL's own query; a list repeats its key.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub query: Map<String, Value>,
    /// Names and values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: Map<String, Value>,
    /// At most one way to say who is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// A JSON body; a lone reference keeps its type. `json: null` is the four letters.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// A text body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// An `application/x-www-form-urlencoded` body; a list repeats its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Map<String, Value>>,
    /// A `multipart/form-data` body (RFC 7578); a list repeats its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart: Option<Multipart>,
    /// A GraphQL operation, sent as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graphql: Option<GraphQl>,
    /// A body of any bytes, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// A body from a file beside the document; the command line reads it and sends `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Headers and body together. Default 10s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Whether and how far redirects are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirects: Option<Redirects>,
    /// Certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Which version of HTTP is spoken. Default `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_version: Option<HttpVersion>,
    /// Through which proxy: a URL with `http`, `https` or `socks5`, or `direct` for none. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Addresses of names, instead of what the resolver says: `{ api.example.com: 203.0.113.7 }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, String>,
    /// Over which version of IP. Default `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// One jar per run, with `each` one per row; false sends and keeps none. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<bool>,
    /// Cap on decompressed bytes of the answer. Default 10MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<ByteSize>,
}

impl Request {
    /// The keys of its bodies that are given, in the order in which they are documented; more than one is a mistake.
    #[must_use]
    pub fn bodies(&self) -> Vec<&'static str> {
        let bodies = [
            ("json", self.json.is_some()),
            ("text", self.text.is_some()),
            ("form", self.form.is_some()),
            ("multipart", self.multipart.is_some()),
            ("graphql", self.graphql.is_some()),
            ("base64", self.base64.is_some()),
            ("file", self.file.is_some()),
        ];
        bodies.into_iter().filter_map(|(key, given)| given.then_some(key)).collect()
    }
}

/// `json: null` is a body, no `json` is none.
pub(super) fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A GraphQL operation (GraphQL over HTTP, section 5.4). What varies goes into `variables`, never into the query's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraphQl {
    /// The document; without references.
    pub query: String,
    /// By name; a lone reference keeps its type.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// Which of the document's operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
}

/// Redirects (RFC 9110, section 15.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirects {
    /// Default true.
    #[serde(default = "yes")]
    pub follow: bool,
    /// Default 10, at most 20.
    #[serde(default = "ten")]
    pub max: u16,
}

const fn yes() -> bool {
    true
}

const fn ten() -> u16 {
    10
}
