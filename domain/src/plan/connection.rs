//! How a step's connection is made, as templates.

use std::net::IpAddr;

use url::Host;

use crate::{
    exchange::{Connection, HttpVersion, Identity, IpFamily, Proxy},
    pem,
    reference::{Scope, Template, Unresolved},
};

/// How the connection is made.
#[derive(Debug, Default)]
pub struct ConnectionPlan {
    /// `tls.verify: false`.
    pub accept_invalid_certificates: bool,
    /// Trusted authorities, as PEM text.
    pub ca: Option<Template>,
    /// Our certificates, as PEM text.
    pub client_cert: Option<Template>,
    /// The key of the first of them.
    pub client_key: Option<Template>,
    /// Which version of HTTP is spoken.
    pub http_version: HttpVersion,
    /// Over which version of IP.
    pub ip_family: IpFamily,
    /// Through which proxy.
    pub proxy: Option<Template>,
    /// Names and their addresses.
    pub resolve: Vec<(Template, Template)>,
}

impl ConnectionPlan {
    pub(super) fn render(&self, scope: &dyn Scope) -> Result<Connection, Unresolved> {
        let resolve = self.resolve.iter().map(|(name, address)| {
            Ok((render(name, scope, host_name)?, render(address, scope, self::address)?))
        });
        Ok(Connection {
            accept_invalid_certificates: self.accept_invalid_certificates,
            ca: self.ca.as_ref().map(|ca| render(ca, scope, certificates)).transpose()?,
            identity: self.identity(scope)?,
            http_version: self.http_version,
            ip_family: self.ip_family,
            proxy: match &self.proxy {
                Some(proxy) => render(proxy, scope, self::proxy)?,
                None => None,
            },
            resolve: resolve.collect::<Result<_, Unresolved>>()?,
        })
    }

    fn identity(&self, scope: &dyn Scope) -> Result<Option<Identity>, Unresolved> {
        let (Some(certificates), Some(key)) = (&self.client_cert, &self.client_key) else { return Ok(None) };
        Ok(Some(Identity {
            certificates: render(certificates, scope, self::certificates)?,
            key: render(key, scope, private_key)?,
        }))
    }
}

/// The text, as what it has to be.
pub(super) fn render<T>(
    template: &Template,
    scope: &dyn Scope,
    read: fn(&str) -> Result<T, String>,
) -> Result<T, Unresolved> {
    read(&template.render_text(scope)?).map_err(|message| template.unusable(message))
}

pub(super) fn certificates(text: &str) -> Result<String, String> {
    pem::certificates(text).map(|_| text.to_owned())
}

pub(super) fn private_key(text: &str) -> Result<String, String> {
    pem::private_key(text).map(|_| text.to_owned())
}

/// `direct` is none, which switches off that of the defaults.
pub(super) fn proxy(text: &str) -> Result<Option<Proxy>, String> {
    if text == "direct" { Ok(None) } else { Proxy::parse(text).map(Some) }
}

/// A name as URLs have it: in lower case and ASCII.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    match Host::parse(text) {
        Ok(Host::Domain(name)) => Ok(name),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => {
            Err("`resolve` gives addresses to names, not to addresses".to_owned())
        }
        Err(_) => Err("it is not the name of a host (without a port)".to_owned()),
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "it is not an IP address, as in `203.0.113.7`".to_owned())
}
