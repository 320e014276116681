//! The trace that a message belongs to, as W3C Trace Context writes it (<https://www.w3.org/TR/trace-context/>): the
//! trace is the run or the notification itself, so that logs of all processes join by its id without a lookup.

use std::{fmt, num::NonZeroU64, str::FromStr};

use crate::Message;

/// A `traceparent` of version 00, always sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    /// Zero would mean "no span".
    parent_id: NonZeroU64,
}

impl TraceParent {
    /// A new span within the trace of what the message is about.
    pub(crate) fn of(message: Message) -> Self {
        let subject = match message {
            Message::ExecuteRun { run_id } => run_id.uuid(),
            Message::SendNotification { notification_id } => notification_id.uuid(),
        };
        Self { trace_id: subject.as_u128(), parent_id: rand::random() }
    }

    /// The trace's id: 32 hexadecimal digits, those of the run's or notification's id.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The publisher's span: 16 hexadecimal digits.
    #[must_use]
    pub fn parent_id(&self) -> String {
        format!("{:016x}", self.parent_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace_id, self.parent_id)
    }
}

/// Why a text is no `traceparent`.
#[derive(Debug, thiserror::Error)]
#[error("not a traceparent of version 00")]
pub struct TraceParentError;

impl FromStr for TraceParent {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let parts: Vec<_> = text.split('-').collect();
        let ["00", trace, parent, flags] = parts[..] else { return Err(TraceParentError) };
        if [trace.len(), parent.len(), flags.len()] != [32, 16, 2] {
            return Err(TraceParentError);
        }
        let trace_id = u128::from_str_radix(trace, 16).map_err(|_| TraceParentError)?;
        let parent_id = u64::from_str_radix(parent, 16).ok().and_then(NonZeroU64::new);
        match parent_id {
            Some(parent_id) if trace_id != 0 => Ok(Self { trace_id, parent_id }),
            _ => Err(TraceParentError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_run() {
        let run_id = "run_01234567890171238000000000000001".parse().unwrap();
        let (first, second) = (
            TraceParent::of(Message::ExecuteRun { run_id }),
            TraceParent::of(Message::ExecuteRun { run_id }),
        );
        assert_eq!(first.trace_id(), "01234567890171238000000000000001");
        assert_ne!(first, second, "each publish is a span of its own");
        let text = first.to_string();
        assert_eq!(text, format!("00-01234567890171238000000000000001-{}-01", first.parent_id()));
        assert_eq!(text.parse::<TraceParent>().unwrap(), first);
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let id = "01234567890171238000000000000001";
        for text in [
            String::new(),
            format!("01-{id}-00f067aa0ba902b7-01"),
            format!("00-{id}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{id}-f067aa0ba902b7-01"),
            format!("00-{id}-00f067aa0ba902bé-01"),
        ] {
            assert!(text.parse::<TraceParent>().is_err(), "{text}");
        }
    }
}
