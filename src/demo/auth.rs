//! Tokens of the demo shop: `shop.<user>.<signature>`, checked without keeping any. They end with the process.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

/// Signs and checks tokens with a key that nobody else has.
pub(super) struct Tokens {
    key: [u8; 32],
}

impl Tokens {
    pub(super) fn random() -> Self {
        Self { key: rand::random() }
    }

    pub(super) fn issue(&self, user: &str) -> String {
        format!("shop.{}.{}", BASE64.encode(user), self.sign(user))
    }

    /// The user of a token, if we issued it.
    pub(super) fn user(&self, token: &str) -> Option<String> {
        let (user, signature) = token.strip_prefix("shop.")?.split_once('.')?;
        let user = String::from_utf8(BASE64.decode(user).ok()?).ok()?;
        (self.sign(&user) == signature).then_some(user)
    }

    /// Good enough for a shop that sells nothing; not a construction to copy.
    fn sign(&self, user: &str) -> String {
        BASE64.encode(Sha256::new().chain_update(self.key).chain_update(user).finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_worth_nothing_at_another_shop() {
        let (ours, theirs) = (Tokens::random(), Tokens::random());
        let token = ours.issue("ada@example.com");
        assert_eq!(ours.user(&token).as_deref(), Some("ada@example.com"));
        assert_eq!(theirs.user(&token), None);
        assert_eq!(ours.user("shop.YWRh.nonsense"), None);
    }
}
