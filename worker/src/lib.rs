//! Runs collections.
