//! From a schedule to the next slot, as a pure function.
