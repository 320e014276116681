//! AWS Signature Version 4, with a header: a digest of the request, signed with a key that is good for one day, region
//! and service. Source: "Create a signed AWS API request" in the AWS IAM User Guide.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};
use url::{Position, Url};

use crate::exchange::Request;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What is never encoded.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Headers that are framed, joined or added on the way.
const UNSIGNED: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// An access key, and what it signs for. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsKey {
    /// As in `eu-west-1`.
    pub region: String,
    /// As in `execute-api`.
    pub service: String,
    /// As in `AKIA…`.
    pub access_key_id: String,
    /// Never sent.
    pub secret_access_key: String,
    /// Of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for AwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (&self.region, &self.service, &self.access_key_id);
        f.debug_tuple("AwsKey").field(&shown).finish_non_exhaustive()
    }
}

impl AwsKey {
    /// Signs a request for that instant. Parameters of its URL are spelled as they are signed. A URL that is none is
    /// left alone: sending it fails.
    pub fn sign(&self, request: &mut Request, now: DateTime<Utc>) {
        // S3 takes paths as they are; other services encode what arrives once more before they compare.
        let is_s3 = self.service.starts_with("s3");
        let payload = hex(&Sha256::digest(&request.body));
        if is_s3 {
            replace(request, "X-Amz-Content-Sha256", payload.clone());
        }
        self.sign_path(request, &payload, now, if is_s3 { as_sent } else { encoded_again });
    }

    fn sign_path(&self, request: &mut Request, payload: &str, now: DateTime<Utc>, path: fn(&str) -> String) {
        let Ok(mut url) = Url::parse(&request.url) else { return };
        if let Some(query) = url.query() {
            let spelled = spelled(query);
            url.set_query(Some(&spelled));
            request.url = url.as_str().into();
        }
        let (date, instant) = (now.format("%Y%m%d").to_string(), now.format("%Y%m%dT%H%M%SZ").to_string());
        replace(request, "X-Amz-Date", instant.clone());
        if let Some(token) = &self.session_token {
            replace(request, "X-Amz-Security-Token", token.clone());
            request.secret_headers.push("x-amz-security-token".to_owned());
        }
        let headers = signed_headers(request, &url);
        let names = headers.keys().map(String::as_str).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = [
            request.method.as_str(),
            &path(url.path()),
            &canonical_query(url.query().unwrap_or_default()),
            &lines,
            &names,
            payload,
        ]
        .join("\n");
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{instant}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let signature = hex(&hmac(&self.signing_key(&date), &to_sign));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key_id
        );
        replace(request, "Authorization", authorization);
    }

    fn signing_key(&self, date: &str) -> Vec<u8> {
        let first = format!("AWS4{}", self.secret_access_key).into_bytes();
        [date, &self.region, &self.service, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part))
    }
}

/// The one header of that name.
fn replace(request: &mut Request, name: &str, value: String) {
    request.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
    request.headers.push((name.to_owned(), value));
}

/// By lower-case name; the values of a repeated one joined, runs of spaces made one.
fn signed_headers(request: &Request, url: &Url) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    headers.insert("host".to_owned(), url[Position::BeforeHost..Position::AfterPort].to_owned());
    let mut given = std::collections::BTreeSet::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if UNSIGNED.contains(&name.as_str()) {
            continue;
        }
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if given.insert(name.clone()) {
            headers.insert(name, value);
        } else if let Some(before) = headers.get_mut(&name) {
            before.push(',');
            before.push_str(&value);
        }
    }
    headers
}

fn as_sent(path: &str) -> String {
    path.split('/').map(once).collect::<Vec<_>>().join("/")
}

/// Without empty segments, every byte of it encoded once more.
fn encoded_again(path: &str) -> String {
    let encode = |segment: &str| percent_encode(segment.as_bytes(), &UNRESERVED).to_string();
    collapsed(path, encode)
}

fn collapsed(path: &str, encode: impl Fn(&str) -> String) -> String {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).map(encode).collect();
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Encoded once, however it was before.
fn once(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    percent_encode(&bytes, &UNRESERVED).to_string()
}

/// Name and value of every parameter, encoded once. A `+` is a space, as in forms.
fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (once(&name.replace('+', " ")), once(&value.replace('+', " ")))
    })
}

/// The parameters in their order, spelled as they are signed.
fn spelled(query: &str) -> String {
    parameters(query).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = parameters(query).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
