//! The tree itself: one list of nodes in document order, so that a subtree is a range and order is a comparison of
//! indexes. Attributes stand between their element and its children, as XPath 1.0 (section 5) orders them.

use xpath_eval::NodeKind;

/// A tree with more nodes is refused.
pub(super) const MAX_NODES: usize = 250_000;
/// Elements that are nested deeper are refused; browsers stop at 512.
pub(super) const MAX_DEPTH: usize = 512;

/// A document.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Every prefix that is declared, with its URI, in document order.
    pub(super) namespaces: Vec<(Box<str>, Box<str>)>,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Without its prefix; empty where there is none.
    pub(super) name: Box<str>,
    /// Index into the tree's namespaces, of a name with a prefix.
    pub(super) namespace: Option<u32>,
    /// Of a text, comment, attribute or processing instruction.
    pub(super) value: String,
    /// The root is its own.
    pub(super) parent: u32,
    pub(super) attributes: u32,
    /// One past the last node below it.
    pub(super) end: u32,
}

impl Tree {
    /// The URI of a prefix, as it is first declared.
    pub(crate) fn namespace(&self, prefix: &str) -> Option<&str> {
        let declared = self.namespaces.iter().find(|(known, _)| **known == *prefix);
        declared.map(|(_, uri)| &**uri)
    }
}

/// Builds a tree in document order.
#[derive(Debug)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    pub(super) namespaces: Vec<(Box<str>, Box<str>)>,
    open: Vec<u32>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let mut builder = Self { nodes: Vec::new(), namespaces: Vec::new(), open: Vec::new() };
        builder.nodes.push(node(NodeKind::Root, "", None, String::new(), 0));
        builder.open.push(0);
        builder
    }

    /// Begins an element; its attributes come next, then what is in it, then [`Self::close`].
    pub(super) fn open(&mut self, name: &str, namespace: Option<u32>) -> Result<(), String> {
        let index = self.push(NodeKind::Element, name, namespace, String::new())?;
        if self.open.len() > MAX_DEPTH {
            return Err(format!("the body nests elements deeper than {MAX_DEPTH} levels"));
        }
        self.open.push(index);
        Ok(())
    }

    /// An attribute of the element that was just begun.
    pub(super) fn attribute(
        &mut self,
        name: &str,
        namespace: Option<u32>,
        value: String,
    ) -> Result<(), String> {
        self.push(NodeKind::Attribute, name, namespace, value)?;
        let owner = self.innermost() as usize;
        self.nodes[owner].attributes += 1;
        Ok(())
    }

    /// A text, which continues the text before it.
    pub(super) fn text(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let parent = self.innermost();
        match self.nodes.last_mut() {
            Some(last) if last.kind == NodeKind::Text && last.parent == parent => last.value.push_str(text),
            _ => {
                self.push(NodeKind::Text, "", None, text.to_owned())?;
            }
        }
        Ok(())
    }

    /// A comment or a processing instruction.
    pub(super) fn other(&mut self, kind: NodeKind, name: &str, value: &str) -> Result<(), String> {
        self.push(kind, name, None, value.to_owned()).map(drop)
    }

    /// Ends the element that was begun last.
    pub(super) fn close(&mut self) {
        let end = self.next();
        if let Some(index) = self.open.pop() {
            self.nodes[index as usize].end = end;
        }
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len() - 1
    }

    /// The tree, once everything is closed.
    pub(super) fn finish(mut self) -> Tree {
        self.close();
        Tree { nodes: self.nodes, namespaces: self.namespaces }
    }

    fn push(
        &mut self,
        kind: NodeKind,
        name: &str,
        namespace: Option<u32>,
        value: String,
    ) -> Result<u32, String> {
        let index = self.next();
        if self.nodes.len() >= MAX_NODES {
            return Err(format!("the body has more than {MAX_NODES} elements, attributes and texts"));
        }
        let mut node = node(kind, name, namespace, value, self.innermost());
        node.end = index + 1;
        self.nodes.push(node);
        Ok(index)
    }

    fn next(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("a tree has at most MAX_NODES nodes")
    }

    fn innermost(&self) -> u32 {
        self.open.last().copied().unwrap_or_default()
    }
}

fn node(kind: NodeKind, name: &str, namespace: Option<u32>, value: String, parent: u32) -> Node {
    Node { kind, name: name.into(), namespace, value, parent, attributes: 0, end: 0 }
}
