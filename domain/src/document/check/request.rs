//! A request by itself, and the defaults that it inherits.

use crate::{
    document::{Auth, Defaults, Part, PartOptions, Redirects, Request, TlsOptions},
    problem::{Problem, pointer_token},
};

use super::{collection::duration, url_problem};

const MOST_REDIRECTS: u16 = 20;

pub(super) fn defaults(at: &str, defaults: &Defaults, problems: &mut Vec<Problem>) {
    method(&format!("{at}/method"), defaults.method.as_deref(), problems);
    duration(&format!("{at}/timeout"), defaults.timeout, problems);
    redirects(&format!("{at}/redirects"), defaults.redirects, problems);
    auth(&format!("{at}/auth"), defaults.auth.as_ref(), problems);
    tls(&format!("{at}/tls"), defaults.tls.as_ref(), problems);
}

pub(super) fn check(at: &str, request: &Request, defaults: &Defaults, problems: &mut Vec<Problem>) {
    method(&format!("{at}/method"), request.method.as_deref(), problems);
    duration(&format!("{at}/timeout"), request.timeout, problems);
    redirects(&format!("{at}/redirects"), request.redirects, problems);
    problems.extend(url_problem(&format!("{at}/url"), &request.url));
    auth(&format!("{at}/auth"), request.auth.as_ref(), problems);
    tls(&format!("{at}/tls"), request.tls.as_ref(), problems);
    body(at, request, defaults, problems);
    let proxy = request.proxy.as_ref().or(defaults.proxy.as_ref());
    if proxy.is_some_and(|proxy| proxy.starts_with("http")) && !request.resolve.is_empty() {
        let message = "an HTTP proxy finds out where names lead by itself, so `resolve` means little";
        let problem = Problem::warning(format!("{at}/resolve"), message);
        problems.push(problem.help("a `socks5` proxy is told the address"));
    }
}

fn body(at: &str, request: &Request, defaults: &Defaults, problems: &mut Vec<Problem>) {
    let bodies = request.bodies();
    if let [first, second, ..] = bodies.as_slice() {
        let message = format!("a request has one body, found `{first}` and `{second}`");
        problems.push(Problem::error(format!("{at}/{second}"), message).help("remove one of them"));
    }
    let method = request.method.as_ref().or(defaults.method.as_ref()).map(String::as_str);
    if let (Some(&"graphql"), Some("GET")) = (bodies.first(), method) {
        let problem = Problem::warning(format!("{at}/method"), "a GraphQL operation goes with `POST`");
        problems.push(problem.help("leave `method` out"));
    }
    if request.graphql.as_ref().is_some_and(|graphql| graphql.query.trim().is_empty()) {
        let problem = Problem::error(format!("{at}/graphql/query"), "the query is empty");
        problems.push(problem.help("as in `query: \"{ products { id } }\"`"));
    }
    for (name, parts) in request.multipart.iter().flat_map(|multipart| &multipart.0) {
        for (inner, part) in parts.each() {
            if let Part::Options(options) = part {
                part_contents(&format!("{at}/multipart/{}{inner}", pointer_token(name)), options, problems);
            }
        }
    }
}

fn part_contents(at: &str, options: &PartOptions, problems: &mut Vec<Problem>) {
    match options.contents().as_slice() {
        [_] => {}
        [] => {
            let problem = Problem::error(at, "this part has nothing in it");
            problems.push(problem.help("give one of `text`, `json`, `base64`, `file`"));
        }
        [first, second, ..] => {
            let message = format!("a part has one content, found `{first}` and `{second}`");
            problems.push(Problem::error(format!("{at}/{second}"), message).help("remove one of them"));
        }
    }
}

fn auth(at: &str, auth: Option<&Auth>, problems: &mut Vec<Problem>) {
    if let Some(Auth::OAuth2(oauth2)) = auth {
        problems.extend(url_problem(&format!("{at}/oauth2/token_url"), &oauth2.token_url));
    }
}

/// Whether the texts are PEM is found where they are compiled.
fn tls(at: &str, tls: Option<&TlsOptions>, problems: &mut Vec<Problem>) {
    let Some(TlsOptions { verify, ca, client_cert, client_key }) = tls else { return };
    for (given, missing, lacks) in [
        ("client_cert", "client_key", client_cert.is_some() && client_key.is_none()),
        ("client_key", "client_cert", client_key.is_some() && client_cert.is_none()),
    ] {
        if lacks {
            let message = format!("`{given}` means nothing without `{missing}`");
            problems.push(Problem::error(format!("{at}/{given}"), message).help(format!("add `{missing}`")));
        }
    }
    if !verify && ca.is_some() {
        let message = "`ca` means nothing with `verify: false`, which accepts every certificate";
        problems.push(Problem::warning(format!("{at}/ca"), message).help("remove one of them"));
    }
}

/// A token (RFC 9110, sections 5.6.2 and 9.1). Methods are case-sensitive, so `get` is not GET.
fn method(at: &str, method: Option<&str>, problems: &mut Vec<Problem>) {
    let Some(method) = method else { return };
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let upper = method.to_ascii_uppercase();
    if method.is_empty() || !method.chars().all(token) {
        problems.push(
            Problem::error(at, format!("`{method}` is not a method")).help("as in `GET`, `POST`, `DELETE`"),
        );
    } else if upper != method
        && ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&&*upper)
    {
        let problem =
            Problem::warning(at, format!("methods are case-sensitive: `{method}` is not `{upper}`"));
        problems.push(problem.help(format!("write `{upper}`")));
    }
}

fn redirects(at: &str, redirects: Option<Redirects>, problems: &mut Vec<Problem>) {
    if let Some(max) = redirects.map(|redirects| redirects.max).filter(|max| *max > MOST_REDIRECTS) {
        let message = format!("at most {MOST_REDIRECTS} redirects are followed, not {max}");
        problems.push(Problem::error(format!("{at}/max"), message));
    }
}
