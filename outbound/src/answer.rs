//! An answer whose body is still to come, with the connection that it comes on. Bodies are decompressed here.

use std::{io, pin::Pin};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, Response, StatusCode, Version, header::CONTENT_ENCODING};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::{
    failure::{self, Problem},
    link::Link,
};

/// What goes out as `Accept-Encoding` when nobody says otherwise.
pub(crate) const ENCODINGS: &str = "gzip, deflate, br";
/// Bytes that are decompressed at a time.
const CHUNK: usize = 16 * 1024;

/// Up to its headers it has come; the rest is asked for chunk by chunk.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    body: Body,
    link: Box<Link>,
}

enum Body {
    /// As it comes.
    Plain(Incoming),
    /// Nothing of it was asked for yet.
    Coded(Coding, Option<Incoming>),
    Decoded(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>),
}

#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Answer {
    pub(crate) fn new(answer: Response<Incoming>, link: Box<Link>) -> Self {
        let (head, body) = answer.into_parts();
        let body = match coding(&head.headers) {
            Some(coding) => Body::Coded(coding, Some(body)),
            None => Body::Plain(body),
        };
        Self { status: head.status, version: head.version, headers: head.headers, body, link }
    }

    /// Bytes that will come, when that is known.
    pub(crate) fn announced(&self) -> Option<u64> {
        match &self.body {
            Body::Plain(body) => body.size_hint().exact(),
            Body::Coded(..) | Body::Decoded(_) => None,
        }
    }

    /// Some more of the body, decompressed; nothing at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let chunk = match &mut self.body {
                Body::Plain(body) if body.is_end_stream() => return Ok(None),
                Body::Plain(body) => {
                    let data = self.link.wait(data(body)).await.transpose();
                    return data.map_err(|error| failure::in_body(&error));
                }
                Body::Decoded(decoded) => self.link.wait(decoded.next()).await,
                Body::Coded(coding, body) => {
                    let Some(mut body) = body.take() else { return Ok(None) };
                    let first = self.link.wait(data(&mut body)).await.transpose();
                    // No bytes at all are no broken archive: the answer to HEAD has none.
                    let Some(first) = first.map_err(|error| failure::in_body(&error))? else {
                        return Ok(None);
                    };
                    self.body = Body::Decoded(decode(*coding, first, body));
                    continue;
                }
            };
            return chunk.transpose().map_err(|error| failure::in_body(&error));
        }
    }

    /// Its connection, which can be used again once the body has come to its end.
    pub(crate) fn into_link(mut self) -> Box<Link> {
        self.link.rest();
        self.link
    }
}

/// The next bytes of a body; trailers are passed over.
async fn data(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        match body.frame().await?.map(Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

fn decode(
    coding: Coding,
    first: Bytes,
    body: Incoming,
) -> Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>> {
    let rest = stream::unfold(body, |mut body| async move { Some((data(&mut body).await?, body)) });
    let coded = stream::iter([Ok(first)]).chain(rest.map(|chunk| chunk.map_err(io::Error::other)));
    let coded = StreamReader::new(Box::pin(coded));
    match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(coded);
            decoder.multiple_members(true);
            chunks(decoder)
        }
        Coding::Deflate => chunks(ZlibDecoder::new(coded)),
        Coding::Brotli => chunks(BrotliDecoder::new(coded)),
    }
}

fn chunks(decoder: impl AsyncRead + Send + 'static) -> Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>> {
    Box::pin(ReaderStream::with_capacity(decoder, CHUNK))
}

/// RFC 9110, section 8.4. A body in several codings, or in one that was not asked for, stays as it is.
fn coding(headers: &HeaderMap) -> Option<Coding> {
    let name = headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim();
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match () {
        () if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
        () if is("deflate") => Some(Coding::Deflate),
        () if is("br") => Some(Coding::Brotli),
        () => None,
    }
}
