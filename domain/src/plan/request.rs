//! A step's request as templates, and its rendering into an [`exchange::Request`](Request). Values go into parsed
//! structures: no value can add a field, a header or a second request line.

use std::{sync::Arc, time::Duration};

use crate::{
    authorization::Authorization,
    document::Slug,
    exchange::{Address, Request},
    reference::{Scope, Template, Unresolved},
};

use super::{
    auth::{AuthPlan, Rest},
    body::BodyPlan,
    connection::ConnectionPlan,
};

/// What is sent, as templates.
#[derive(Debug)]
pub struct RequestPlan {
    /// Method token, upper case as written.
    pub method: String,
    /// Absolute once rendered.
    pub url: Template,
    /// What it always renders to, if there are no references in it.
    pub fixed_url: Option<Address>,
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
    /// Whether the run's cookie jar is used.
    pub cookies: bool,
    /// How the connection is made.
    pub connection: ConnectionPlan,
    /// The shared set-ups that it refers to: when they are refused, it is sent again with newer ones.
    pub set_ups: Vec<Slug>,
}

/// A request with every value in its place.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// What is sent, but for its authorization. Shared with whoever sends it and with what is remembered of it.
    pub request: Arc<Request>,
    /// What is to be done to it each time before it is sent.
    pub authorization: Option<Authorization>,
}

impl Rendered {
    /// Everything in it that nobody may see, whether or not it came from a secret.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let authorization = self.authorization.iter().flat_map(Authorization::secrets).map(str::to_owned);
        let digest = self.request.digest.iter().map(|digest| digest.password.clone());
        let connection = &self.request.connection;
        let key = connection.identity.iter().map(|identity| identity.key.clone());
        let proxy = connection.proxy.iter().map(|proxy| proxy.password());
        authorization.chain(digest).chain(key).chain(proxy).collect()
    }
}

impl RequestPlan {
    /// Renders every template.
    ///
    /// # Errors
    /// The first reference that has no value, or a value that its place cannot take.
    pub fn render(&self, scope: &dyn Scope) -> Result<Rendered, Unresolved> {
        let mut headers = Headers::with_room_for(self.headers.len());
        for (name, value) in &self.headers {
            let secret = value.touches_secrets() || value.names_any(&self.set_ups);
            headers.push(name.render_header(scope)?, value.render_header(scope)?, secret);
        }
        let mut query = pairs(&self.query, scope)?;
        let Rest { digest, authorization } = match &self.auth {
            Some(auth) => auth.render(scope, &mut headers, &mut query)?,
            None => Rest::default(),
        };
        let body = self.body.render(scope, &mut headers)?;
        let request = Request {
            method: self.method.clone(),
            url: match &self.fixed_url {
                Some(fixed) if query.is_empty() => fixed.clone(),
                _ => with_query(self.url.render_url(scope)?, &query).into(),
            },
            headers: headers.all,
            secret_headers: headers.secret,
            body,
            timeout: self.timeout,
            follow_redirects: self.follow_redirects,
            max_redirects: self.max_redirects,
            max_body: self.max_body,
            cookies: self.cookies,
            connection: self.connection.render(scope)?,
            digest,
        };
        Ok(Rendered { request: Arc::new(request), authorization })
    }
}

/// Headers that others than the step add: of the body, of who is asking, of the run.
const OTHERS: usize = 4;

pub(super) struct Headers {
    all: Vec<(String, String)>,
    secret: Vec<String>,
}

impl Headers {
    fn with_room_for(own: usize) -> Self {
        Self { all: Vec::with_capacity(own + OTHERS), secret: Vec::new() }
    }

    pub(super) fn push(&mut self, name: String, value: String, secret: bool) {
        if secret {
            self.secret.push(name.to_ascii_lowercase());
        }
        self.all.push((name, value));
    }

    /// Adds a header that the user's own of that name replaces.
    pub(super) fn push_default(&mut self, name: &str, value: &str) {
        if !self.all.iter().any(|(have, _)| have.eq_ignore_ascii_case(name)) {
            self.all.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The type of a multipart body. The user's own says which kind it is; the boundary is ours.
    pub(super) fn push_boundary(&mut self, boundary: &str) {
        let own = self.all.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        match own {
            Some((_, own)) => {
                let kind = own.split(';').next().unwrap_or_default().trim();
                *own = format!("{kind}; boundary={boundary}");
            }
            None => self.push_default("Content-Type", &format!("multipart/form-data; boundary={boundary}")),
        }
    }
}

pub(super) fn pairs(
    fields: &[(Template, Template)],
    scope: &dyn Scope,
) -> Result<Vec<(String, String)>, Unresolved> {
    fields.iter().map(|(name, value)| Ok((name.render_text(scope)?, value.render_text(scope)?))).collect()
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5).
pub(super) fn encode(pairs: &[(String, String)]) -> String {
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
