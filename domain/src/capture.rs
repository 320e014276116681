//! Names for values of an answer.
