//! The names of the queues.

use std::fmt;

use domain::document::Slug;

/// Where a message goes. Displays as the queue's name, without the installation's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// Runs of one location: `runs.<location>`.
    Runs(Slug),
    /// What notifiers send: `notifications`.
    Notifications,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(location) => write!(f, "runs.{location}"),
            Self::Notifications => f.write_str("notifications"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_named_after_what_they_carry() {
        assert_eq!(Destination::Runs("eu-west".parse().unwrap()).to_string(), "runs.eu-west");
        assert_eq!(Destination::Notifications.to_string(), "notifications");
    }
}
