//! Notifications: each (incident, channel) is a lane, in which one follows the other.
//!
//! | from | to | by |
//! |---|---|---|
//! | nothing | pending | [`insert`]; [`tell_end_again`] when a stale attempt may have told what is over |
//! | pending | sending, attempt + 1 | [`claim`] |
//! | pending | suppressed | [`claim`], when the incident was resolved first |
//! | sending | sent | [`record_sent`]; of that attempt only |
//! | sending | pending | [`record_retry`] of that attempt only; [`reap`] when the lease is over |
//! | sending | pending, attempt - 1 | [`postpone`]: the pace of its receiver has no room yet |
//! | sending | dead | [`record_dead`]; of that attempt only |
//! | dead | pending | [`redeliver`], when nothing that it would contradict was told since |

mod attempts;
mod lane;
mod late;
mod listing;
mod recording;
mod redelivery;
mod row;
mod standalone;
mod waking;

pub use attempts::attempts;
pub use lane::{claim, postpone, receipt, use_turn};
pub use late::tell_end_again;
pub use listing::{Filter, get, list, of_channel, of_incident};
pub(crate) use recording::end_all_leases;
pub use recording::{Answered, Delivery, keep_receipt, reap, record_dead, record_retry, record_sent};
pub use redelivery::{Redelivery, redeliver};
pub use row::{NewNotification, insert};
pub(crate) use standalone::{over, prune};
pub use waking::{wake, wake_again};
