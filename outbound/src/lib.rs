//! HTTP to addresses that a user typed, behind one address policy.
