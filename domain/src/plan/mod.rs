//! A collection compiled once: templates, assertions and captures ready to run.
