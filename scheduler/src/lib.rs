//! Decides what runs, and when.
