//! Tells people.
