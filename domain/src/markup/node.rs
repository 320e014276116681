//! A tree as XPath sees it, under a budget: whoever asks too much finds an empty tree from then on, and can tell.

use std::{cell::Cell, cmp::Ordering};

use xpath_eval::{ExpandedName, Node as XPathNode, NodeKind};

use super::tree::{Node, Tree};

/// How many nodes one query may look at, each weighed by the query's length.
const STEPS: u64 = 4_000_000;
/// Bytes of text that cost as much as one node.
const BYTES_PER_STEP: u64 = 16;

/// What one evaluation may still do.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Cell<u64>,
    weight: u64,
}

impl Budget {
    /// For a query of that many bytes: a long one does more with every node.
    pub(crate) fn new(query_length: usize) -> Self {
        Self { left: Cell::new(STEPS), weight: query_length as u64 / 32 + 1 }
    }

    /// Whether what was found may be less than there is.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether there was that much left.
    fn spend(&self, steps: u64) -> bool {
        let left = self.left.get().saturating_sub(steps.saturating_mul(self.weight));
        self.left.set(left);
        left > 0
    }
}

/// One node of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handle<'t> {
    tree: &'t Tree,
    budget: &'t Budget,
    index: u32,
}

impl PartialEq for Handle<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Handle<'_> {}

impl<'t> Handle<'t> {
    pub(crate) fn root(tree: &'t Tree, budget: &'t Budget) -> Self {
        Self { tree, budget, index: 0 }
    }

    fn node(self) -> &'t Node {
        &self.tree.nodes[self.index as usize]
    }

    fn at(self, index: u32) -> Self {
        Self { index, ..self }
    }

    fn first_child(self) -> u32 {
        self.index + 1 + self.node().attributes
    }

    /// The URI of its name.
    fn uri(self) -> Option<&'t str> {
        let (_, uri) = self.tree.namespaces.get(self.node().namespace? as usize)?;
        Some(uri)
    }

    /// The texts below it.
    fn texts(self) -> impl Iterator<Item = &'t str> {
        let below = self.first_child() as usize..self.node().end as usize;
        let texts = self.tree.nodes[below].iter().filter(|node| node.kind == NodeKind::Text);
        texts.map(|node| node.value.as_str())
    }
}

impl<'t> XPathNode<'t> for Handle<'t> {
    fn kind(self) -> NodeKind {
        self.node().kind
    }

    /// An attribute always has its element, which the evaluator relies on.
    fn parent(self) -> Option<Self> {
        let node = self.node();
        let there = node.kind != NodeKind::Root;
        (there && (self.budget.spend(1) || node.kind == NodeKind::Attribute)).then(|| self.at(node.parent))
    }

    fn children(self) -> impl Iterator<Item = Self> + 't {
        let end = self.node().end;
        let mut next = self.first_child();
        std::iter::from_fn(move || {
            let child = self.at(next);
            if next >= end || !self.budget.spend(1) {
                return None;
            }
            next = child.node().end;
            Some(child)
        })
    }

    fn attributes(self) -> impl Iterator<Item = Self> + 't {
        let all = self.index + 1..self.first_child();
        all.take_while(move |_| self.budget.spend(1)).map(move |index| self.at(index))
    }

    fn namespaces(self) -> impl Iterator<Item = Self> + 't {
        std::iter::empty()
    }

    fn expanded_name(self) -> Option<ExpandedName> {
        let node = self.node();
        let local_name = (!node.name.is_empty()).then(|| node.name.to_string())?;
        Some(ExpandedName { namespace_uri: self.uri().map(str::to_owned), local_name })
    }

    fn string_value(self) -> String {
        let mut whole = String::new();
        self.with_string_value(|text| whole.push_str(text));
        whole
    }

    fn document_order(self, other: Self) -> Ordering {
        self.index.cmp(&other.index)
    }

    fn has_expanded_name(self, namespace_uri: Option<&str>, local_name: &str) -> bool {
        *self.node().name == *local_name && self.uri() == namespace_uri
    }

    fn with_string_value<R>(self, f: impl FnOnce(&str) -> R) -> R {
        let affordable = |bytes: usize| self.budget.spend(bytes as u64 / BYTES_PER_STEP + 1);
        match self.node().kind {
            NodeKind::Root | NodeKind::Element => {
                let mut whole = String::new();
                // Nodes that are no text are passed over, which costs too.
                affordable((self.node().end - self.index) as usize * 4);
                self.texts().take_while(|text| affordable(text.len())).for_each(|text| whole.push_str(text));
                f(&whole)
            }
            _ if affordable(self.node().value.len()) => f(&self.node().value),
            _ => f(""),
        }
    }

    fn is_id_attribute(self) -> bool {
        self.node().kind == NodeKind::Attribute && &*self.node().name == "id"
    }
}
