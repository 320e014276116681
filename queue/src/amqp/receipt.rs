//! What settles a delivery over AMQP.

use std::fmt;

use futures_util::FutureExt;
use lapin::{
    Acker, Channel,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use tokio::time::timeout;

use super::{link::PATIENCE, refusal::unreachable};
use crate::{Error, Verdict};

/// The right to settle a delivery once, on the channel that it came on: by verdict, or by being dropped.
pub(crate) struct Receipt {
    /// None once it is settled.
    acker: Option<Acker>,
    /// The broker takes back what is unsettled when its channel ends, so the channel lives as long as its deliveries.
    _channel: Channel,
}

impl Receipt {
    pub(super) fn new(acker: Acker, channel: Channel) -> Self {
        Self { acker: Some(acker), _channel: channel }
    }

    /// # Errors
    /// [`Error::Unreachable`]: the channel has gone, and with it the delivery, which comes again.
    pub(crate) async fn settle(mut self, verdict: Verdict) -> Result<(), Error> {
        let acker = self.acker.take().expect("it is taken here and when dropped only");
        let settle = async {
            match verdict {
                Verdict::Ack => acker.ack(BasicAckOptions::default()).await,
                Verdict::Reject => acker.reject(BasicRejectOptions { requeue: false }).await,
                Verdict::GiveBack => acker.nack(give_back()).await,
            }
        };
        match timeout(PATIENCE, settle).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(unreachable("the channel that it came on has gone")),
            Ok(Err(error)) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable("the broker does not listen")),
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(acker) = self.acker.take() {
            // The first poll hands it to the connection, and there is nobody here to wait for more.
            let _ = acker.nack(give_back()).now_or_never();
        }
    }
}

fn give_back() -> BasicNackOptions {
    BasicNackOptions { requeue: true, multiple: false }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("settled", &self.acker.is_none()).finish_non_exhaustive()
    }
}
