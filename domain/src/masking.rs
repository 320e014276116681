//! Keeps secret values out of everything that is shown or stored.
