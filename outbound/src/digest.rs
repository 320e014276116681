//! HTTP Digest access authentication (RFC 7616): from a 401's challenge to the `Authorization` that answers it. Pure.

use domain::exchange::Digest as Credentials;
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use md5::Md5;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256, Sha512_256};

/// What is asked for, of the message that was refused.
pub(crate) struct Message<'m> {
    pub(crate) method: &'m str,
    /// Path and query.
    pub(crate) target: &'m str,
    pub(crate) body: &'m [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    fn of(self, text: impl AsRef<[u8]>) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512_256 => hex(&Sha512_256::digest(text)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// As before RFC 2617.
    None,
    Auth,
    AuthInt,
}

/// One challenge that can be answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    hash: Hash,
    /// `-sess`: the password's part is bound to both nonces.
    session: bool,
    protection: Protection,
    realm: String,
    pub(crate) nonce: String,
    opaque: Option<String>,
    algorithm: Option<String>,
    userhash: bool,
}

impl Challenge {
    /// The strongest that can be answered; the first of those that are as strong.
    pub(crate) fn choose(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let found: Vec<Self> = texts.flat_map(|text| challenges(&text)).filter_map(Self::read).collect();
        found.into_iter().rev().max_by_key(|challenge| challenge.hash)
    }

    fn read((scheme, parameters): (String, Vec<(String, String)>)) -> Option<Self> {
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let get = |name: &str| {
            let found = parameters.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let algorithm = get("algorithm");
        let named = algorithm.as_deref().unwrap_or("MD5").to_ascii_lowercase();
        let hash = match named.strip_suffix("-sess").unwrap_or(&named) {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        let protection = match get("qop") {
            None => Protection::None,
            Some(offered) => {
                let offers = |wanted| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(wanted));
                if offers("auth") {
                    Protection::Auth
                } else if offers("auth-int") {
                    Protection::AuthInt
                } else {
                    return None;
                }
            }
        };
        Some(Self {
            hash,
            session: named.ends_with("-sess"),
            protection,
            realm: get("realm")?,
            nonce: get("nonce")?,
            opaque: get("opaque"),
            algorithm,
            userhash: get("userhash").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        })
    }

    /// The value of `Authorization`. `count` says how often the nonce was used, this time included.
    pub(crate) fn answer(
        &self,
        credentials: &Credentials,
        message: &Message<'_>,
        count: u32,
    ) -> Option<HeaderValue> {
        let count = format!("{count:08x}");
        let hash = |text: String| self.hash.of(text);
        let mut fields = vec![self.user(credentials)];
        let mut field = |name: &str, value: &str| fields.push(format!("{name}={value}"));
        field("realm", &quoted(&self.realm));
        field("uri", &quoted(message.target));
        if let Some(algorithm) = &self.algorithm {
            field("algorithm", algorithm);
        }
        field("nonce", &quoted(&self.nonce));
        let (first, second) = (self.secret(credentials), self.request(message));
        let response = match self.protection.name() {
            None => hash(format!("{first}:{}:{second}", self.nonce)),
            Some(protection) => {
                field("nc", &count);
                field("cnonce", &quoted(&credentials.nonce));
                field("qop", protection);
                hash(format!("{first}:{}:{count}:{}:{protection}:{second}", self.nonce, credentials.nonce))
            }
        };
        if self.protection == Protection::None && self.session {
            field("cnonce", &quoted(&credentials.nonce));
        }
        field("response", &quoted(&response));
        if let Some(opaque) = &self.opaque {
            field("opaque", &quoted(opaque));
        }
        if self.userhash {
            field("userhash", "true");
        }
        let mut value = HeaderValue::from_bytes(format!("Digest {}", fields.join(", ")).as_bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A1 (section 3.4.2).
    fn secret(&self, credentials: &Credentials) -> String {
        let Credentials { username, password, nonce } = credentials;
        let secret = self.hash.of(format!("{username}:{}:{password}", self.realm));
        if self.session { self.hash.of(format!("{secret}:{}:{nonce}", self.nonce)) } else { secret }
    }

    /// A2 (section 3.4.3).
    fn request(&self, message: &Message<'_>) -> String {
        let Message { method, target, body } = message;
        match self.protection {
            Protection::AuthInt => self.hash.of(format!("{method}:{target}:{}", self.hash.of(body))),
            Protection::Auth | Protection::None => self.hash.of(format!("{method}:{target}")),
        }
    }

    /// The user, hashed if the server likes that, in the extended notation if it is not ASCII (section 3.4.4).
    fn user(&self, credentials: &Credentials) -> String {
        let username = &credentials.username;
        if self.userhash {
            format!("username={}", quoted(&self.hash.of(format!("{username}:{}", self.realm))))
        } else if username.is_ascii() {
            format!("username={}", quoted(username))
        } else {
            format!("username*=UTF-8''{}", utf8_percent_encode(username, NON_ALPHANUMERIC))
        }
    }
}

impl Protection {
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The challenges of one header field (RFC 9110, section 11.6.1): schemes with their parameters, unquoted.
fn challenges(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for item in items(text) {
        let (before, value) = match item.split_once('=') {
            Some((before, value)) => (before.trim(), Some(value.trim())),
            None => (item.as_str(), None),
        };
        // `Digest realm="x"` begins a challenge, `realm="x"` goes on with it.
        let (scheme, name) = match (before.split_once(char::is_whitespace), value) {
            (Some((scheme, name)), _) => (Some(scheme), name.trim()),
            (None, Some(_)) => (None, before),
            (None, None) => (Some(before), ""),
        };
        if let Some(scheme) = scheme {
            found.push((scheme.to_owned(), Vec::new()));
        }
        if let (Some((_, parameters)), Some(value)) = (found.last_mut(), value) {
            parameters.push((name.to_owned(), unquoted(value)));
        }
    }
    found
}

/// What commas separate, but for those in quotes.
fn items(text: &str) -> Vec<String> {
    let (mut items, mut item, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        item.push(c);
    }
    items.push(item);
    items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests;
