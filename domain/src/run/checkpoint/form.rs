//! The form in which an answer is kept. A form of its own, so that nobody takes what is on its way through the process
//! for something that may be written down.

use std::{net::IpAddr, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::{
    answer::Answer,
    exchange::{Address, Connection, Digest, Request, Response, Timing, TlsPeer},
};

/// One answer, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(with = "RequestForm")]
    request: Request,
    #[serde(with = "ResponseForm")]
    response: Response,
    seen_at: Option<DateTime<Utc>>,
    captures: Value,
}

impl From<&Answer> for Kept {
    fn from(answer: &Answer) -> Self {
        Self {
            request: answer.request().clone(),
            response: answer.response().clone(),
            seen_at: answer.seen_at(),
            captures: answer.captures().clone(),
        }
    }
}

impl From<Kept> for Answer {
    fn from(kept: Kept) -> Self {
        let mut answer = Self::new(kept.request, kept.response);
        if let Some(at) = kept.seen_at {
            answer = answer.received_at(at);
        }
        if let Value::Object(captures) = kept.captures {
            answer.set_captures(captures.into_iter().collect());
        }
        answer
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Request")]
struct RequestForm {
    method: String,
    #[serde(with = "address")]
    url: Address,
    headers: Vec<(String, String)>,
    secret_headers: Vec<String>,
    #[serde(with = "body")]
    body: Bytes,
    timeout: Duration,
    follow_redirects: bool,
    max_redirects: u16,
    max_body: u64,
    cookies: bool,
    // Nothing that references can name, and full of keys.
    #[serde(skip)]
    connection: Connection,
    #[serde(skip)]
    digest: Option<Digest>,
}

/// By another name, for serde takes every `&str` for one that borrows from what is read.
type HttpVersion = &'static str;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Response")]
struct ResponseForm {
    status: u16,
    #[serde(deserialize_with = "http_version")]
    http_version: HttpVersion,
    url: String,
    #[serde(with = "headers")]
    headers: HeaderMap,
    #[serde(with = "body")]
    body: Bytes,
    #[serde(with = "TimingForm")]
    timing: Timing,
    peer: Option<IpAddr>,
    redirects: u16,
    #[serde(with = "peer")]
    tls: Option<TlsPeer>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Timing")]
struct TimingForm {
    dns: Option<Duration>,
    connect: Option<Duration>,
    tls: Option<Duration>,
    first_byte: Option<Duration>,
    download: Option<Duration>,
    total: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TlsPeer")]
struct TlsPeerForm {
    version: Option<String>,
    subject: String,
    issuer: String,
    expires_at: DateTime<Utc>,
    verify_error: Option<String>,
}

fn http_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HttpVersion, D::Error> {
    let text = String::deserialize(deserializer)?;
    let known = ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"];
    known.into_iter().find(|known| *known == text).ok_or_else(|| de::Error::custom("not a version of HTTP"))
}

/// serde has no remote form for what is inside an `Option`.
mod peer {
    use super::{Deserialize, Deserializer, Serialize, Serializer, TlsPeer, TlsPeerForm};

    #[derive(Serialize)]
    struct Borrowed<'p>(#[serde(with = "TlsPeerForm")] &'p TlsPeer);

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "TlsPeerForm")] TlsPeer);

    pub(super) fn serialize<S: Serializer>(peer: &Option<TlsPeer>, to: S) -> Result<S::Ok, S::Error> {
        peer.as_ref().map(Borrowed).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TlsPeer>, D::Error> {
        Ok(Option::<Owned>::deserialize(from)?.map(|Owned(peer)| peer))
    }
}

/// As it is written.
mod address {
    use super::{Address, Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        String::deserialize(from).map(Address::from)
    }
}

/// As pairs of texts.
mod headers {
    use http::{HeaderName, HeaderValue};

    use super::{Deserialize, Deserializer, HeaderMap, Serializer, de};
    use crate::exchange::text;

    pub(super) fn serialize<S: Serializer>(headers: &HeaderMap, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(headers.iter().map(|(name, value)| (name.as_str(), text(value))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HeaderMap, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(from)?;
        let header = |(name, value): (String, String)| {
            let name = HeaderName::try_from(name).map_err(de::Error::custom)?;
            Ok((name, HeaderValue::try_from(value).map_err(de::Error::custom)?))
        };
        pairs.into_iter().map(header).collect()
    }
}

/// Most bodies are text and stay as short as they are; the others take a third more.
mod body {
    use super::{BASE64_STANDARD, Bytes, Deserialize, Deserializer, Engine, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Form<'b> {
        Text(std::borrow::Cow<'b, str>),
        Base64(String),
    }

    pub(super) fn serialize<S: Serializer>(body: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        let form = match std::str::from_utf8(body) {
            Ok(text) => Form::Text(text.into()),
            Err(_) => Form::Base64(BASE64_STANDARD.encode(body)),
        };
        form.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        match Form::deserialize(from)? {
            Form::Text(text) => Ok(text.into_owned().into()),
            Form::Base64(text) => BASE64_STANDARD.decode(text).map(Bytes::from).map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{answer::sample, reference::Path};

    use super::*;

    /// What goes out of a process and into another one.
    fn again(answer: &Answer) -> Answer {
        let kept = serde_json::to_string(&Kept::from(answer)).unwrap();
        serde_json::from_str::<Kept>(&kept).unwrap().into()
    }

    #[test]
    fn an_answer_comes_back_with_everything_that_references_can_name() {
        let mut answer =
            sample::json(&serde_json::json!({ "id": 9_007_199_254_740_993_u64, "nul": "\u{0}" }));
        answer.set_captures([("order".to_owned(), serde_json::json!([1, null]))].into());
        let back = again(&answer);
        assert_eq!((back.request(), back.response()), (answer.request(), answer.response()));
        assert_eq!((back.seen_at(), back.captures()), (answer.seen_at(), answer.captures()));
        let path = Path::parse("body.id").unwrap();
        assert_eq!(back.find(&path).unwrap().as_ref(), answer.find(&path).unwrap().as_ref());
    }

    #[test]
    fn a_body_that_is_not_text_comes_back_byte_for_byte() {
        let answer = sample::with_body("application/octet-stream", vec![0xff, 0x00, 0xfe]);
        assert_eq!(again(&answer).response().body, answer.response().body);
    }
}
