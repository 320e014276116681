//! Against AWS's published test suite for Signature Version 4: key, instant and every signature are its own.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::*;
use crate::answer::sample;

/// The suite's paths are those that a program has; in a URL they are encoded already.
fn signed(method: &str, target: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
    signed_by(&key(None), method, target, headers, body)
}

fn key(session_token: Option<&str>) -> AwsKey {
    AwsKey {
        region: "us-east-1".to_owned(),
        service: "service".to_owned(),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: session_token.map(str::to_owned),
    }
}

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn signed_by(
    key: &AwsKey,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Request {
    let mut request = request(method, &format!("https://example.amazonaws.com{target}"), headers, body);
    let payload = hex(&Sha256::digest(&request.body));
    let decoded_once = |path: &str| collapsed(path, once);
    key.sign_path(&mut request, &payload, at("2015-08-30T12:36:00Z"), decoded_once);
    request
}

fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
    let mut request = sample::json(&serde_json::Value::Null).request().clone();
    request.method = method.to_owned();
    request.url = url.into();
    request.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    request.body = Bytes::from_static(body.as_bytes());
    request
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    let found = request.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value)
}

fn signature(request: &Request) -> (&str, &str) {
    let authorization = header(request, "authorization");
    let rest = authorization.split_once("SignedHeaders=").expect("it is signed").1;
    rest.split_once(", Signature=").expect("it is signed")
}

/// Name in the suite, target, headers, signed headers, signature.
type Vector =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const PLAIN: &str = "host;x-amz-date";

const SUITE: &[Vector] = &[
    (
        "get-vanilla-query-order-key-case",
        "/?Param2=value2&Param1=value1",
        &[],
        PLAIN,
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-vanilla-query-order-encoded",
        "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        &[],
        PLAIN,
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    ),
    (
        "get-vanilla-utf8-query",
        "/?ሴ=bar",
        &[],
        PLAIN,
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    (
        "get-vanilla-empty-query-key",
        "/?Param1=value1",
        &[],
        PLAIN,
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    (
        "get-relative-relative-normalized",
        "/example1/example2/../..",
        &[],
        PLAIN,
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "get-slashes-normalized",
        "//example//",
        &[],
        PLAIN,
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    (
        "get-unreserved",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        PLAIN,
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    ("get-utf8", "/ሴ", &[], PLAIN, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    (
        "get-space-normalized",
        "/example space/",
        &[],
        PLAIN,
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    (
        "get-header-key-duplicate",
        "/",
        &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
        "host;my-header1;x-amz-date",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    (
        "get-header-value-trim",
        "/",
        &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
];

#[test]
fn signatures_are_those_of_the_published_test_suite() {
    for (name, target, headers, signed_headers, expected) in SUITE {
        let request = signed("GET", target, headers, "");
        assert_eq!(signature(&request), (*signed_headers, *expected), "{name}");
        assert_eq!(header(&request, "x-amz-date"), "20150830T123600Z");
        let credential = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ";
        assert!(header(&request, "authorization").starts_with(credential), "{name}");
    }
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let request = signed_by(&key(Some(token)), "GET", "/", &[], "");
    let expected = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8";
    assert_eq!(signature(&request), ("host;x-amz-date;x-amz-security-token", expected));
    assert_eq!(header(&request, "x-amz-security-token"), token);
    assert!(request.secret_headers.contains(&"x-amz-security-token".to_owned()));
}

/// The example of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API reference.
#[test]
fn s3_is_told_what_the_body_is_and_takes_its_path_as_it_is() {
    let s3 = AwsKey {
        service: "s3".to_owned(),
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        ..key(None)
    };
    let mut put = request(
        "PUT",
        "https://examplebucket.s3.amazonaws.com/test$file.text",
        &[("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        "Welcome to Amazon S3.",
    );
    s3.sign(&mut put, at("2013-05-24T00:00:00Z"));
    let names = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class";
    let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert_eq!(signature(&put), (names, expected));
    let payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    assert_eq!(header(&put, "x-amz-content-sha256"), payload);
}

#[test]
fn signing_again_changes_the_date_and_the_signature_and_nothing_else() {
    let url = "https://example.amazonaws.com/a%20b?x=1+2&y";
    let mut first = request("POST", url, &[("Content-Type", "text/plain")], "body");
    let mut second = first.clone();
    key(None).sign(&mut first, at("2026-01-01T00:00:00Z"));
    key(None).sign(&mut second, at("2026-01-01T00:00:09Z"));
    assert_eq!(first.url, "https://example.amazonaws.com/a%20b?x=1%202&y=");
    let differing: Vec<&str> = std::iter::zip(&first.headers, &second.headers)
        .filter(|(a, b)| a != b)
        .map(|((name, _), _)| name.as_str())
        .collect();
    assert_eq!(differing, ["X-Amz-Date", "Authorization"]);
    let again = (second.headers.len(), second.url.clone());
    key(None).sign(&mut second, at("2026-01-01T00:00:00Z"));
    assert_eq!((second.headers.len(), second.url.clone()), again);
    assert_eq!(signature(&second), signature(&first));
}
