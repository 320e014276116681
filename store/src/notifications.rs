//! Notifications: each (incident, channel) is a lane, in which one follows the other.
//!
//! | from | to | by |
//! |---|---|---|
//! | nothing | pending | [`insert`] |
//! | pending | sending, attempt + 1 | [`claim`] |
//! | pending | suppressed | [`claim`], when the incident was resolved first |
//! | sending | sent | [`record_sent`]; of that attempt only |
//! | sending | pending | [`record_retry`] of that attempt only; [`reap`] when the lease is over |
//! | sending | dead | [`record_dead`]; of that attempt only |

mod lane;
mod listing;
mod recording;
mod row;
mod waking;

pub use lane::claim;
pub use listing::{get, of_channel, of_incident};
pub(crate) use recording::end_all_leases;
pub use recording::{Delivery, reap, record_dead, record_retry, record_sent};
pub use row::{NewNotification, insert};
pub use waking::{wake, wake_again};
