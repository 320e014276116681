//! Who is asking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is asking: exactly one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// `Authorization: Basic` (RFC 7617).
    Basic(Basic),
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(String),
    /// A key in a header or in the query.
    ApiKey(ApiKey),
    /// HTTP Digest (RFC 7616): the server's question is answered within the step.
    Digest(Digest),
    /// OAuth 2.0 client credentials (RFC 6749, section 4.4): a token of its own for each run.
    #[serde(rename = "oauth2")]
    OAuth2(OAuth2),
    /// AWS Signature Version 4.
    AwsSigv4(AwsSigv4),
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// Without a colon.
    pub username: String,
    /// Usually a secret.
    pub password: String,
}

/// A key in a header or in the query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The header's or the parameter's name.
    pub name: String,
    /// Usually a secret.
    pub value: String,
    /// Default `header`.
    #[serde(default, rename = "in")]
    pub place: ApiKeyPlace,
}

/// Where an API key goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApiKeyPlace {
    /// A header.
    #[default]
    Header,
    /// A query parameter.
    Query,
}

/// A user and a password that are never sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// As the server knows it.
    pub username: String,
    /// Usually a secret.
    pub password: String,
}

/// A client and where it gets its tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// The authorization server's token endpoint.
    pub token_url: String,
    /// As the authorization server knows it.
    pub client_id: String,
    /// Usually a secret.
    pub client_secret: String,
    /// Separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// For whom the token is, where the authorization server asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where client and secret go. Default `header`.
    #[serde(default, skip_serializing_if = "ClientAuth::is_default")]
    pub client_auth: ClientAuth,
}

/// Where a client and its secret go in a token request (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// `Authorization: Basic`.
    #[default]
    Header,
    /// `client_id` and `client_secret` among the parameters.
    Body,
}

impl ClientAuth {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// An access key, and what is asked of whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsSigv4 {
    /// As in `eu-west-1`.
    pub region: String,
    /// As in `execute-api`, `s3`.
    pub service: String,
    /// As in `AKIA…`.
    pub access_key_id: String,
    /// Usually a secret.
    pub secret_access_key: String,
    /// Of temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}
