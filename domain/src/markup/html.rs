//! HTML as browsers read it (WHATWG): html5ever's parser, fed a little at a time so that a hostile body is given up
//! in time.

mod dom;

use html5ever::{
    ParseOpts, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::TreeBuilderOpts,
};

use self::dom::Dom;
use super::tree::Tree;

/// What is fed between two looks at what came of it, in bytes.
const CHUNK: usize = 1024;
/// A tag or a comment that goes on for longer is given up: its attributes are compared each with each.
const LONGEST_TOKEN: usize = 256 * 1024;

pub(super) fn parse(text: &str) -> Result<Tree, String> {
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let mut parser = parse_document(Dom::new(), ParseOpts { tree_builder, ..ParseOpts::default() });
    let (mut rest, mut silent, mut work) = (text, 0, 0);
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(rest.ceil_char_boundary(CHUNK));
        parser.process(StrTendril::from_slice(chunk));
        let dom = &parser.tokenizer.sink.sink;
        dom.within_limits()?;
        silent = if dom.work() == work { silent + chunk.len() } else { 0 };
        if silent > LONGEST_TOKEN {
            return Err(format!("the body has a tag or a comment of more than {} KiB", LONGEST_TOKEN >> 10));
        }
        (rest, work) = (behind, dom.work());
    }
    parser.finish().flatten()
}
