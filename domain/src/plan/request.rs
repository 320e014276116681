//! A step's request as templates, and its rendering into an [`exchange::Request`]. Values go into parsed structures:
//! no value can add a field, a header or a second request line.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

use crate::{
    document::ApiKeyPlace,
    exchange::Request,
    reference::{JsonTemplate, Scope, Template, Unresolved},
};

/// What is sent, as templates.
#[derive(Debug)]
pub struct RequestPlan {
    /// Method token, upper case as written.
    pub method: String,
    /// Absolute once rendered.
    pub url: Template,
    /// Added to the URL's own query.
    pub query: Vec<(Template, Template)>,
    /// Names and values, the step's own after the defaults.
    pub headers: Vec<(Template, Template)>,
    /// Who is asking.
    pub auth: Option<AuthPlan>,
    /// What is sent along.
    pub body: BodyPlan,
    /// Headers and body together.
    pub timeout: Duration,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How many of them at the most.
    pub max_redirects: u16,
    /// Cap on decompressed body bytes.
    pub max_body: u64,
    /// `tls.verify: false`.
    pub accept_invalid_certificates: bool,
    /// Whether the run's cookie jar is used.
    pub cookies: bool,
}

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
}

/// What is sent along.
#[derive(Debug)]
pub enum BodyPlan {
    /// Nothing.
    None,
    /// `application/json`.
    Json(JsonTemplate),
    /// `text/plain` unless a header says otherwise.
    Text(Template),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(Template, Template)>),
}

impl RequestPlan {
    /// Renders every template.
    ///
    /// # Errors
    /// The first reference that has no value, or a value that its place cannot take.
    pub fn render(&self, scope: &dyn Scope) -> Result<Request, Unresolved> {
        let mut headers = Headers::default();
        for (name, value) in &self.headers {
            headers.push(name.render_header(scope)?, value.render_header(scope)?, value.touches_secrets());
        }
        let mut query = pairs(&self.query, scope)?;
        if let Some(auth) = &self.auth {
            auth.render(scope, &mut headers, &mut query)?;
        }
        let body = self.body.render(scope, &mut headers)?;
        Ok(Request {
            method: self.method.clone(),
            url: with_query(self.url.render_url(scope)?, &query),
            headers: headers.all,
            secret_headers: headers.secret,
            body,
            timeout: self.timeout,
            follow_redirects: self.follow_redirects,
            max_redirects: self.max_redirects,
            max_body: self.max_body,
            accept_invalid_certificates: self.accept_invalid_certificates,
            cookies: self.cookies,
        })
    }
}

#[derive(Default)]
struct Headers {
    all: Vec<(String, String)>,
    secret: Vec<String>,
}

impl Headers {
    fn push(&mut self, name: String, value: String, secret: bool) {
        if secret {
            self.secret.push(name.to_ascii_lowercase());
        }
        self.all.push((name, value));
    }

    /// Adds a header that the user's own of that name replaces.
    fn push_default(&mut self, name: &str, value: &str) {
        if !self.all.iter().any(|(have, _)| have.eq_ignore_ascii_case(name)) {
            self.all.push((name.to_owned(), value.to_owned()));
        }
    }
}

impl AuthPlan {
    fn render(
        &self,
        scope: &dyn Scope,
        headers: &mut Headers,
        query: &mut Vec<(String, String)>,
    ) -> Result<(), Unresolved> {
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
        }
        Ok(())
    }
}

impl BodyPlan {
    fn render(&self, scope: &dyn Scope, headers: &mut Headers) -> Result<Bytes, Unresolved> {
        let (content_type, bytes) = match self {
            Self::None => return Ok(Bytes::new()),
            Self::Json(template) => ("application/json", template.render(scope)?.to_string()),
            Self::Text(template) => ("text/plain; charset=utf-8", template.render_text(scope)?),
            Self::Form(fields) => ("application/x-www-form-urlencoded", encode(&pairs(fields, scope)?)),
        };
        headers.push_default("Content-Type", content_type);
        Ok(Bytes::from(bytes))
    }
}

fn pairs(fields: &[(Template, Template)], scope: &dyn Scope) -> Result<Vec<(String, String)>, Unresolved> {
    fields.iter().map(|(name, value)| Ok((name.render_text(scope)?, value.render_text(scope)?))).collect()
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5).
fn encode(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Adds parameters behind those that the URL has, before its fragment.
fn with_query(url: String, query: &[(String, String)]) -> String {
    if query.is_empty() {
        return url;
    }
    let (base, fragment) =
        url.split_once('#').map_or((url.as_str(), None), |(base, rest)| (base, Some(rest)));
    let joint = match base.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|text| format!("#{text}")).unwrap_or_default();
    format!("{base}{joint}{}{fragment}", encode(query))
}
