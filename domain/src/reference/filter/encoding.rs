//! Text in other alphabets, and digests of it.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::NoValue;

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Takes what other encoders wrote, padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Percent-encoded so that it stays one piece wherever in a URL it stands.
pub(in super::super) fn percent(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(super) fn base64_decode(text: &str) -> Result<Value, NoValue> {
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = LENIENT
        .decode(standard)
        .map_err(|_| NoValue::invalid("`base64_decode` cannot take this text: it is not Base64"))?;
    String::from_utf8(bytes)
        .map(Value::from)
        .map_err(|_| NoValue::invalid("`base64_decode` gives bytes that are not UTF-8 text"))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

pub(super) fn hmac_sha256(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}
