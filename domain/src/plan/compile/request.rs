//! From a request as written, over the collection's defaults, to its plan. A text that is not compiled here is one whose
//! references nobody checks; a test goes through the fields of the type, so that a new one is not forgotten.

use serde_json::{Map, Value};

use crate::{
    document::{self, Defaults, GraphQl, Multipart, Part, PartOptions, TlsOptions, files},
    exchange::{Address, DEFAULT_MAX_BODY},
    plan::{BodyPlan, ConnectionPlan, Content, PartPlan, RequestPlan, body, connection},
    problem::{Problem, pointer_token},
    reference::{JsonTemplate, Template},
};

use super::{Compiler, DEFAULT_STEP_TIMEOUT};

impl Compiler<'_> {
    pub(super) fn request(
        &mut self,
        at: &str,
        request: &document::Request,
        defaults: &Defaults,
    ) -> RequestPlan {
        let document::Request {
            method,
            url,
            query,
            headers,
            auth,
            timeout,
            redirects,
            cookies,
            max_body,
            graphql,
            ..
        } = request;
        let headers = merged(&defaults.headers, headers, |a, b| a.eq_ignore_ascii_case(b));
        let query = merged(&defaults.query, query, |a, b| a == b);
        let redirects = redirects.or(defaults.redirects);
        let usual = if graphql.is_some() { "POST" } else { "GET" };
        let url = self.template(&format!("{at}/url"), url);
        RequestPlan {
            method: method.clone().or_else(|| defaults.method.clone()).unwrap_or_else(|| usual.into()),
            fixed_url: url.as_literal().map(Address::fixed),
            url,
            query: query.iter().flat_map(|field| self.field(at, "query", field)).collect(),
            headers: headers.iter().flat_map(|field| self.field(at, "headers", field)).collect(),
            auth: own_or_default(at, "auth", auth.as_ref(), defaults.auth.as_ref())
                .map(|(at, auth)| self.auth(&at, auth)),
            body: self.body(at, request),
            timeout: timeout.or(defaults.timeout).map_or(DEFAULT_STEP_TIMEOUT, |span| span.0),
            follow_redirects: redirects.is_none_or(|redirects| redirects.follow),
            max_redirects: redirects.map_or(10, |redirects| redirects.max),
            max_body: max_body.or(defaults.max_body).map_or(DEFAULT_MAX_BODY, |size| size.0),
            cookies: cookies.or(defaults.cookies).unwrap_or(true),
            connection: self.connection(at, request, defaults),
            set_ups: Vec::new(),
        }
    }

    fn connection(&mut self, at: &str, request: &document::Request, defaults: &Defaults) -> ConnectionPlan {
        let document::Request { tls, http_version, proxy, resolve, ip_family, .. } = request;
        let inherited = defaults
            .resolve
            .iter()
            .filter(|(name, _)| !resolve.keys().any(|mine| mine.eq_ignore_ascii_case(name)));
        let inherited = inherited.map(|named| ("/defaults/resolve".to_owned(), named));
        let own = resolve.iter().map(|named| (format!("{at}/resolve"), named));
        let mut plan = ConnectionPlan {
            http_version: http_version.or(defaults.http_version).unwrap_or_default(),
            ip_family: ip_family.or(defaults.ip_family).unwrap_or_default(),
            proxy: own_or_default(at, "proxy", proxy.as_ref(), defaults.proxy.as_ref())
                .map(|(at, proxy)| self.checked(&at, proxy, connection::proxy)),
            resolve: inherited
                .chain(own)
                .map(|(at, (name, address))| self.resolved(&at, name, address))
                .collect(),
            ..ConnectionPlan::default()
        };
        if let Some((at, tls)) = own_or_default(at, "tls", tls.as_ref(), defaults.tls.as_ref()) {
            let TlsOptions { verify, ca, client_cert, client_key } = tls;
            let mut pem = |key: &str, text: &Option<String>, check: fn(&str) -> Result<String, String>| {
                text.as_ref().map(|text| self.checked(&format!("{at}/{key}"), text, check))
            };
            plan.accept_invalid_certificates = !verify;
            plan.ca = pem("ca", ca, connection::certificates);
            plan.client_cert = pem("client_cert", client_cert, connection::certificates);
            plan.client_key = pem("client_key", client_key, connection::private_key);
        }
        plan
    }

    fn resolved(&mut self, at: &str, name: &str, address: &str) -> (Template, Template) {
        let at = format!("{at}/{}", pointer_token(name));
        (self.checked(&at, name, connection::host_name), self.checked(&at, address, connection::address))
    }

    /// A text that has to be something: checked now if nothing in it is a reference, else when it is rendered.
    fn checked<T>(&mut self, at: &str, text: &str, check: fn(&str) -> Result<T, String>) -> Template {
        let template = self.template(at, text);
        // One that does not parse became an empty one, and was told.
        let literal = template.as_literal().filter(|literal| !literal.is_empty() || text.is_empty());
        if let Some(Err(message)) = literal.map(check) {
            self.problems.push(Problem::error(at, message));
        }
        template
    }

    fn body(&mut self, at: &str, request: &document::Request) -> BodyPlan {
        let document::Request { json, text, form, multipart, graphql, base64, file, .. } = request;
        if let Some(json) = json {
            let template = self.json(&format!("{at}/json"), json);
            let fixed = template.as_literal().map(|json| BodyPlan::FixedJson(json.to_string().into()));
            fixed.unwrap_or(BodyPlan::Json(template))
        } else if let Some(text) = text {
            BodyPlan::Text(self.template(&format!("{at}/text"), text))
        } else if let Some(form) = form {
            let fields: Vec<_> =
                form.iter().map(|(name, value)| Field { name, value, inherited: false }).collect();
            BodyPlan::Form(fields.iter().flat_map(|field| self.field(at, "form", field)).collect())
        } else if let Some(multipart) = multipart {
            BodyPlan::Multipart(self.multipart(&format!("{at}/multipart"), multipart))
        } else if let Some(graphql) = graphql {
            self.graphql(&format!("{at}/graphql"), graphql)
        } else if let Some(base64) = base64 {
            BodyPlan::Base64(self.checked(&format!("{at}/base64"), base64, body::base64))
        } else {
            self.problems.extend(file.is_some().then(|| files::unread(format!("{at}/file"))));
            BodyPlan::None
        }
    }

    /// A value in the query's text would be read as a part of it.
    fn graphql(&mut self, at: &str, graphql: &GraphQl) -> BodyPlan {
        let GraphQl { query, variables, operation_name } = graphql;
        let query_at = format!("{at}/query");
        let template = self.template(&query_at, query);
        if let Some(reference) = template.references().next() {
            let problem = Problem::error(&query_at, "a value cannot be put into the text of a GraphQL query");
            let help = "declare a variable (`query ($id: ID!) { … }`) and give it under `variables`";
            self.problems.push(problem.help(help).offset(reference.span().start));
        }
        let variables = Value::Object(variables.clone());
        BodyPlan::GraphQl {
            query: template.as_literal().unwrap_or_default().to_owned(),
            variables: self.json(&format!("{at}/variables"), &variables),
            operation_name: self.optional(&format!("{at}/operation_name"), operation_name.as_ref()),
        }
    }

    fn multipart(&mut self, at: &str, multipart: &Multipart) -> Vec<PartPlan> {
        let mut plans = Vec::new();
        for (name, parts) in &multipart.0 {
            let at = format!("{at}/{}", pointer_token(name));
            for (inner, part) in parts.each() {
                let name = self.template(&at, name);
                let place = format!("{at}{inner}");
                plans.push(match part {
                    Part::Text(value) => PartPlan {
                        name,
                        content: Content::Text(self.template(&place, &scalar(value).unwrap_or_default())),
                        filename: None,
                        content_type: None,
                    },
                    Part::Options(options) => self.part(&place, name, options),
                });
            }
        }
        plans
    }

    fn part(&mut self, at: &str, name: Template, options: &PartOptions) -> PartPlan {
        let PartOptions { text, json, base64, file, filename, content_type } = options;
        let content = if let Some(json) = json {
            Content::Json(self.json(&format!("{at}/json"), json))
        } else if let Some(base64) = base64 {
            Content::Base64(self.checked(&format!("{at}/base64"), base64, body::base64))
        } else {
            self.problems.extend(file.is_some().then(|| files::unread(format!("{at}/file"))));
            let text = text.as_ref();
            Content::Text(self.optional(&format!("{at}/text"), text).unwrap_or_default())
        };
        PartPlan {
            name,
            content,
            filename: self.optional(&format!("{at}/filename"), filename.as_ref()),
            content_type: self.optional(&format!("{at}/content_type"), content_type.as_ref()),
        }
    }

    pub(super) fn optional(&mut self, pointer: &str, text: Option<&String>) -> Option<Template> {
        text.map(|text| self.template(pointer, text))
    }

    /// A named value of `headers`, `query` or `form`; a list repeats its name.
    fn field(&mut self, at: &str, group: &str, field: &Field<'_>) -> Vec<(Template, Template)> {
        let group = if field.inherited { format!("/defaults/{group}") } else { format!("{at}/{group}") };
        let pointer = format!("{group}/{}", pointer_token(field.name));
        let values = match field.value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(i, item)| (format!("{pointer}/{i}"), item)).collect()
            }
            single => vec![(pointer.clone(), single)],
        };
        let mut fields = Vec::with_capacity(values.len());
        for (place, value) in values {
            match scalar(value) {
                Some(text) => {
                    fields.push((self.template(&pointer, field.name), self.template(&place, &text)))
                }
                None => self.problems.push(
                    Problem::error(place, "expected a text, a number or a boolean")
                        .help("to send JSON text, write it in quotes or use `| json`"),
                ),
            }
        }
        fields
    }

    fn json(&mut self, pointer: &str, value: &Value) -> JsonTemplate {
        match JsonTemplate::parse(value) {
            Ok(template) => {
                let found = template.references().into_iter();
                self.references
                    .extend(found.map(|(inner, found)| (format!("{pointer}{inner}"), found.clone())));
                template
            }
            Err(errors) => {
                let problems = errors
                    .into_iter()
                    .map(|(inner, error)| super::syntax(&format!("{pointer}{inner}"), error));
                self.problems.extend(problems);
                JsonTemplate::parse(&Value::Null).expect("null holds no reference")
            }
        }
    }
}

/// One entry of a map, and whether it comes from `defaults`.
struct Field<'c> {
    name: &'c String,
    value: &'c Value,
    inherited: bool,
}

/// What the step says, else what it inherits, with the pointer of where that stands.
fn own_or_default<'c, T>(
    at: &str,
    key: &str,
    own: Option<&'c T>,
    default: Option<&'c T>,
) -> Option<(String, &'c T)> {
    let own = own.map(|own| (format!("{at}/{key}"), own));
    own.or_else(|| Some((format!("/defaults/{key}"), default?)))
}

/// The defaults that the step does not name itself, then the step's own.
fn merged<'c>(
    defaults: &'c Map<String, Value>,
    own: &'c Map<String, Value>,
    same: impl Fn(&str, &str) -> bool,
) -> Vec<Field<'c>> {
    let inherited = defaults.iter().filter(|(name, _)| !own.keys().any(|mine| same(mine, name)));
    inherited
        .map(|(name, value)| Field { name, value, inherited: true })
        .chain(own.iter().map(|(name, value)| Field { name, value, inherited: false }))
        .collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
