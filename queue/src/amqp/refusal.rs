//! What the broker's errors mean for whoever must do something about them. No sentence here holds a password.

use lapin::{ErrorKind, protocol::AMQPError};

use super::address::Address;
use crate::Error;

/// Reply codes of AMQP 0-9-1 that no patience heals.
const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;
/// And the one of a queue or exchange that is not there.
const NOT_FOUND: u16 = 404;

/// Why there is no connection.
pub(super) fn of_connecting(error: lapin::Error, address: &Address) -> Error {
    let Address { user, vhost, .. } = address;
    match reply(&error) {
        Some((ACCESS_REFUSED, _)) => Error::Refused(format!(
            "the broker at {address} does not let in user {user:?}: wrong name or password, or a user that may log in \
             from the broker's own machine only"
        )),
        Some((NOT_ALLOWED, text)) if text.contains("not found") => Error::Refused(format!(
            "the broker at {address} has no virtual host {vhost:?}: make it with `rabbitmqctl add_vhost {vhost}`, or \
             name another one in the URL"
        )),
        Some((NOT_ALLOWED, text)) => {
            Error::Refused(format!("the broker at {address} does not let in user {user:?}: {text}"))
        }
        _ => unreachable(format!("no answer from {address}: {error}")),
    }
}

/// Why something on a channel did not happen.
pub(super) fn of_channel(error: &lapin::Error, address: &Address, prefix: &str) -> Error {
    let Address { user, vhost, .. } = address;
    match reply(error) {
        Some((ACCESS_REFUSED, text)) => Error::Refused(format!(
            "the broker at {address} denies user {user:?} what Skopos needs: {text} (grant it with `rabbitmqctl \
             set_permissions -p {vhost} {user} '^{prefix}\\..*' '^{prefix}\\..*' '^{prefix}\\..*'`)"
        )),
        Some((PRECONDITION_FAILED, text)) => Error::Refused(format!(
            "the broker at {address} has something of this name that was declared otherwise: {text} (delete it there, \
             for its messages are only wake-up calls and come again, or choose another prefix)"
        )),
        _ => unreachable(format!("{address}: {error}")),
    }
}

/// Whether the broker has no queue or exchange of that name.
pub(super) fn is_not_found(error: &lapin::Error) -> bool {
    matches!(reply(error), Some((NOT_FOUND, _)))
}

pub(super) fn unreachable(why: impl Into<String>) -> Error {
    Error::Unreachable(why.into().into())
}

/// The broker's own words, without the code that they begin with.
fn reply(error: &lapin::Error) -> Option<(u16, &str)> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let text = AMQPError::get_message(error).as_str();
    Some((error.get_id(), text.split_once(" - ").map_or(text, |(_, words)| words)))
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPHardError, AMQPSoftError};

    use super::*;

    fn address() -> Address {
        Address::parse("amqp://skopos:hunter2@mq/checks").unwrap()
    }

    fn soft(error: AMQPSoftError, text: &str) -> Error {
        let error = ErrorKind::ProtocolError(AMQPError::new(error.into(), text.into())).into();
        of_channel(&error, &address(), "skopos")
    }

    #[test]
    fn what_somebody_must_do_is_said_in_one_sentence() {
        let text =
            "ACCESS_REFUSED - access to queue 'skopos.dead' in vhost 'checks' refused for user 'skopos'";
        let said = soft(AMQPSoftError::ACCESSREFUSED, text).to_string();
        assert!(
            said.starts_with(
                "the broker at mq:5672 denies user \"skopos\" what Skopos needs: access to queue"
            )
        );
        assert!(said.contains(r"rabbitmqctl set_permissions -p checks skopos '^skopos\..*'"), "{said}");
        let text = "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'skopos.dead'";
        let said = soft(AMQPSoftError::PRECONDITIONFAILED, text).to_string();
        assert!(said.contains(
            "declared otherwise: inequivalent arg 'x-max-length' for queue 'skopos.dead' (delete it"
        ));
    }

    #[test]
    fn what_heals_by_itself_is_unreachable() {
        assert!(matches!(soft(AMQPSoftError::NOTFOUND, "NOT_FOUND - no exchange"), Error::Unreachable(_)));
        let forced = AMQPError::new(AMQPHardError::CONNECTIONFORCED.into(), "CONNECTION_FORCED - bye".into());
        let error = of_connecting(ErrorKind::ProtocolError(forced).into(), &address());
        assert!(matches!(error, Error::Unreachable(_)));
    }
}
