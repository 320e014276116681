//! A body as a tree of elements, for XPath: HTML as browsers read it, XML as it is written.
//!
//! Bodies are hostile: what a tree takes is bounded (nodes, depth, work), nothing panics, and nothing is fetched or
//! expanded. What is asked of a tree is `assertion`'s.

mod html;
mod node;
#[cfg(test)]
mod tests;
mod tree;
mod xml;

pub(crate) use node::{Budget, Handle};
pub(crate) use tree::Tree;

/// A body longer than this is not read as a tree.
const MAX_LENGTH: usize = 16 << 20;

/// Reads a body, or says in half a sentence why it is no tree. The content type decides how; without one that helps,
/// the first characters do.
pub(crate) fn parse(content_type: &str, body: &str) -> Result<Tree, String> {
    if body.len() > MAX_LENGTH {
        return Err(format!("the body is longer than {} MiB, which XPath does not read", MAX_LENGTH >> 20));
    }
    let content_type = content_type.to_ascii_lowercase();
    let start = body.trim_start();
    if content_type.contains("xml") || (!content_type.contains("html") && start.starts_with("<?xml")) {
        xml::parse(body)
    } else if content_type.contains("html") || start.starts_with('<') {
        html::parse(body)
    } else {
        Err("the body is neither HTML nor XML".to_owned())
    }
}
