//! One run's connections and cookies.

use domain::{
    exchange::{Failure, Request, Response, Timing},
    outcome::ReasonCode,
};

use crate::Outbound;

/// One run's connections and cookies. One request at a time, so that phases are measured without interference.
#[derive(Debug)]
pub struct Session {
    pub(crate) _outbound: Outbound,
}

impl Session {
    /// Sends the request, follows redirects, reads the whole body.
    ///
    /// # Errors
    ///
    /// When there is no usable answer, with what was measured until then.
    #[expect(clippy::unused_async, reason = "signature first; the exchange follows in the next commit")]
    pub async fn send(&mut self, _request: &Request) -> Result<Response, Failure> {
        Err(Failure {
            code: ReasonCode::Internal,
            message: "outgoing requests are not built yet".to_owned(),
            timing: Timing::default(),
            peer: None,
            tls: None,
        })
    }
}
