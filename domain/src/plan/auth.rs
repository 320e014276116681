//! Who is asking, as templates.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    authorization::{Authorization, AwsKey, Grant},
    document::{ApiKeyPlace, ClientAuth},
    exchange::Digest,
    reference::{Function, Scope, Template, Unresolved},
};

use super::request::Headers;

/// Who is asking.
#[derive(Debug)]
pub enum AuthPlan {
    /// RFC 7617.
    Basic {
        /// Without a colon.
        username: Template,
        /// Usually a secret.
        password: Template,
    },
    /// RFC 6750.
    Bearer(Template),
    /// A key in a header or in the query.
    ApiKey {
        /// The header's or the parameter's name.
        name: Template,
        /// Usually a secret.
        value: Template,
        /// Where it goes.
        place: ApiKeyPlace,
    },
    /// RFC 7616.
    Digest {
        /// As the server knows it.
        username: Template,
        /// Usually a secret.
        password: Template,
    },
    /// RFC 6749, section 4.4.
    OAuth2 {
        /// The token endpoint.
        token_url: Template,
        /// As the authorization server knows it.
        client_id: Template,
        /// Usually a secret.
        client_secret: Template,
        /// Separated by spaces.
        scope: Option<Template>,
        /// For whom the token is.
        audience: Option<Template>,
        /// Where client and secret go.
        client_auth: ClientAuth,
    },
    /// AWS Signature Version 4.
    AwsSigv4 {
        /// As in `eu-west-1`.
        region: Template,
        /// As in `execute-api`.
        service: Template,
        /// As in `AKIA…`.
        access_key_id: Template,
        /// Usually a secret.
        secret_access_key: Template,
        /// Of temporary credentials.
        session_token: Option<Template>,
    },
}

/// What is not in headers and query by then.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) digest: Option<Digest>,
    pub(super) authorization: Option<Authorization>,
}

impl AuthPlan {
    pub(super) fn render(
        &self,
        scope: &dyn Scope,
        headers: &mut Headers,
        query: &mut Vec<(String, String)>,
    ) -> Result<Rest, Unresolved> {
        match self {
            Self::Basic { username, password } => {
                let pair = format!("{}:{}", username.render_text(scope)?, password.render_text(scope)?);
                headers.push("Authorization".into(), format!("Basic {}", BASE64_STANDARD.encode(pair)), true);
            }
            Self::Bearer(token) => {
                headers.push("Authorization".into(), format!("Bearer {}", token.render_header(scope)?), true);
            }
            Self::ApiKey { name, value, place: ApiKeyPlace::Header } => {
                headers.push(name.render_header(scope)?, value.render_header(scope)?, true);
            }
            Self::ApiKey { name, value, place: ApiKeyPlace::Query } => {
                query.push((name.render_text(scope)?, value.render_text(scope)?));
            }
            Self::Digest { username, password } => {
                let nonce = scope.call(&Function::Uuid).as_str().unwrap_or_default().replace('-', "");
                let (username, password) = (username.render_text(scope)?, password.render_text(scope)?);
                return Ok(Rest { digest: Some(Digest { username, password, nonce }), authorization: None });
            }
            Self::OAuth2 { .. } | Self::AwsSigv4 { .. } => {
                return Ok(Rest { digest: None, authorization: self.authorization(scope)? });
            }
        }
        Ok(Rest::default())
    }

    fn authorization(&self, scope: &dyn Scope) -> Result<Option<Authorization>, Unresolved> {
        let optional =
            |text: &Option<Template>| text.as_ref().map(|text| text.render_text(scope)).transpose();
        Ok(match self {
            Self::OAuth2 { token_url, client_id, client_secret, scope: wanted, audience, client_auth } => {
                Some(Authorization::Token(Grant {
                    token_url: token_url.render_url(scope)?,
                    client_id: client_id.render_text(scope)?,
                    client_secret: client_secret.render_text(scope)?,
                    scope: optional(wanted)?,
                    audience: optional(audience)?,
                    client_auth: *client_auth,
                }))
            }
            Self::AwsSigv4 { region, service, access_key_id, secret_access_key, session_token } => {
                Some(Authorization::Signature(AwsKey {
                    region: region.render_header(scope)?,
                    service: service.render_header(scope)?,
                    access_key_id: access_key_id.render_header(scope)?,
                    secret_access_key: secret_access_key.render_text(scope)?,
                    session_token: session_token
                        .as_ref()
                        .map(|token| token.render_header(scope))
                        .transpose()?,
                }))
            }
            _ => None,
        })
    }
}
