//! How the command line looks: colours, and problems shown in the text that they are about. It decides nothing.

mod diagnostics;
mod style;

pub(crate) use self::{diagnostics::render, style::Style};
