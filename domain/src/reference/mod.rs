//! `@{{ path | filter | filter }}`: the reference language. Texts are parsed once, when a document is read, and
//! rendered against a [`Scope`] once per step. Values go into parsed structures, never into serialized text, and are
//! never expanded again. Which steps, variables and secrets exist is checked in `plan`; nothing here knows.

mod filter;
mod function;
mod json;
mod missing;
mod parse;
mod path;
mod render;
mod root;
mod scope;
mod syntax;
mod template;
mod url;

pub use filter::{Amount, Argument, Filter, Pattern};
pub use function::Function;
pub use json::JsonTemplate;
pub use missing::{Missing, There};
pub use parse::Reference;
pub use path::{Path, Segment};
pub use root::Root;
pub use scope::{NoValue, Scope, Unresolved, UnresolvedCause};
pub use syntax::SyntaxError;
pub use template::Template;

#[cfg(test)]
mod tests;
