//! Secrets at rest: XChaCha20-Poly1305 with a random nonce. The associated data names the place of the value, so a
//! sealed value that is copied to another place does not open there.

use std::{fmt, str::FromStr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::{Error, Result};

const KEY: usize = 32;
const NONCE: usize = 24;

/// The key of all secrets in the database. Never printed.
#[derive(Clone)]
pub struct SecretKey(Arc<SecretBox<[u8; KEY]>>);

/// Why a text is not a [`SecretKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secrets key is 32 bytes in base64, as `openssl rand -base64 32` prints them")]
pub struct SecretKeyError;

impl SecretKey {
    /// A key for these bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// A fresh key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(rand::random())
    }

    /// What [`FromStr`] reads, for the file that keeps it.
    pub(crate) fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.0.expose_secret()).into()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose_secret().into())
    }

    /// Nonce and ciphertext of `plain`, which opens only at the same `place`.
    pub(crate) fn seal(&self, place: &[u8], plain: &SecretString) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain.expose_secret().as_bytes(), aad: place };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is shorter than the cipher's limit of 256 GiB");
        [&nonce[..], &sealed].concat()
    }

    /// The value sealed at `place`.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<SecretString> {
        let wrong = || Error::Setup("a secret does not open with this secrets key".to_owned());
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let plain =
            self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg, aad: place }).map_err(|_| wrong())?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| wrong())
    }
}

impl FromStr for SecretKey {
    type Err = SecretKeyError;

    fn from_str(text: &str) -> Result<Self, SecretKeyError> {
        let bytes: Vec<u8> = STANDARD.decode(text.trim()).map_err(|_| SecretKeyError)?;
        bytes.try_into().map(Self::new).map_err(|_| SecretKeyError)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let key = SecretKey::new([7; KEY]);
        let sealed = key.seal(b"env_1/TOKEN", &"hunter2".to_owned().into());
        assert_eq!(key.open(b"env_1/TOKEN", &sealed).unwrap().expose_secret(), "hunter2");
        assert!(key.open(b"env_1/OTHER", &sealed).is_err());
        assert!(SecretKey::new([8; KEY]).open(b"env_1/TOKEN", &sealed).is_err());
        assert!(key.open(b"env_1/TOKEN", &sealed[..10]).is_err());
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let key = SecretKey::new([7; KEY]);
        let plain = "hunter2".to_owned().into();
        assert_ne!(key.seal(b"a", &plain), key.seal(b"a", &plain));
    }

    #[test]
    fn a_key_comes_back_from_its_text_and_prints_nothing() {
        let key = SecretKey::new([9; KEY]);
        let text = key.to_base64();
        let again: SecretKey = text.expose_secret().parse().unwrap();
        assert_eq!(again.0.expose_secret(), key.0.expose_secret());
        assert_eq!(format!("{key:?}"), "SecretKey(***)");
        assert!("c2hvcnQ=".parse::<SecretKey>().is_err());
    }
}
