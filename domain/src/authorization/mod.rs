//! How a request is authorized where that takes more than what its author wrote: a token that is fetched first, or a
//! signature over the whole of it. Pure: the machine sends what is to be sent and says what time it is.

mod oauth2;
mod sigv4;

pub(crate) use oauth2::Tokens;
pub use oauth2::{Grant, Token};
pub use sigv4::AwsKey;

/// What is still to be done to a rendered request before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// It needs an access token.
    Token(Grant),
    /// It is signed, each time it is sent.
    Signature(AwsKey),
}

impl Authorization {
    /// Everything in it that nobody may see.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Token(grant) => vec![grant.client_secret.as_str()],
            Self::Signature(key) => std::iter::once(&key.secret_access_key)
                .chain(&key.session_token)
                .map(String::as_str)
                .collect(),
        }
    }
}
