//! What html5ever builds into: linked nodes, because the standard has it move what it has built. Flattened at the end.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};

use html5ever::{
    Attribute, ExpandedName, QualName,
    tendril::StrTendril,
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
};
use xpath_eval::NodeKind;

use crate::markup::tree::{Builder, MAX_DEPTH, MAX_NODES, Tree};

/// Nodes that may be made or moved while one body is read.
const MAX_WORK: usize = 4 * MAX_NODES;

#[derive(Debug)]
pub(super) struct Dom {
    nodes: RefCell<Vec<Linked>>,
    work: Cell<usize>,
    deepest: Cell<usize>,
}

#[derive(Debug, Default)]
struct Linked {
    what: What,
    depth: usize,
    parent: Option<usize>,
    before: Option<usize>,
    after: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
}

#[derive(Debug, Default)]
enum What {
    #[default]
    Document,
    Element(Rc<QualName>, Vec<Attribute>),
    Text(StrTendril),
    Comment(StrTendril),
}

/// A node; an element with its name, which the parser asks for all the time.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    index: usize,
    name: Option<Rc<QualName>>,
}

impl Dom {
    pub(super) fn new() -> Self {
        let nodes = RefCell::new(vec![Linked::default()]);
        Self { nodes, work: Cell::new(0), deepest: Cell::new(0) }
    }

    /// Grows with everything that the parser does.
    pub(super) fn work(&self) -> usize {
        self.work.get()
    }

    pub(super) fn within_limits(&self) -> Result<(), String> {
        if self.deepest.get() > MAX_DEPTH {
            return Err(format!("the body nests elements deeper than {MAX_DEPTH} levels"));
        }
        if self.work.get() > MAX_WORK || self.nodes.borrow().len() > MAX_NODES {
            return Err("the body has too many elements".to_owned());
        }
        Ok(())
    }

    /// The tree in document order.
    pub(super) fn flatten(self) -> Result<Tree, String> {
        let nodes = self.nodes.into_inner();
        let mut tree = Builder::new();
        let mut at = nodes[0].first;
        while let Some(index) = at {
            let node = &nodes[index];
            let is_element = open(&mut tree, &node.what)?;
            at = node.first.filter(|_| is_element);
            if at.is_none() {
                if is_element {
                    tree.close();
                }
                at = onward(&nodes, index, &mut tree);
            }
        }
        Ok(tree.finish())
    }

    fn did(&self, work: usize) {
        self.work.set(self.work.get().saturating_add(work));
    }

    fn make(&self, what: What) -> usize {
        self.did(1);
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Linked { what, ..Linked::default() });
        nodes.len() - 1
    }

    /// Puts a node below `parent`, before a child of it or at the end.
    fn attach(&self, parent: usize, child: usize, next: Option<usize>) {
        self.detach(child);
        let mut nodes = self.nodes.borrow_mut();
        let previous = match next {
            Some(next) => nodes[next].before.replace(child),
            None => nodes[parent].last.replace(child),
        };
        match previous {
            Some(previous) => nodes[previous].after = Some(child),
            None => nodes[parent].first = Some(child),
        }
        let depth = nodes[parent].depth + 1;
        let node = &mut nodes[child];
        (node.parent, node.before, node.after, node.depth) = (Some(parent), previous, next, depth);
        self.deepest.set(self.deepest.get().max(depth));
    }

    fn detach(&self, index: usize) {
        self.did(1);
        let mut nodes = self.nodes.borrow_mut();
        let node = &mut nodes[index];
        let (parent, before, after) = (node.parent.take(), node.before.take(), node.after.take());
        let Some(parent) = parent else { return };
        match before {
            Some(before) => nodes[before].after = after,
            None => nodes[parent].first = after,
        }
        match after {
            Some(after) => nodes[after].before = before,
            None => nodes[parent].last = before,
        }
    }

    /// A node, or a text, which continues the text that would stand before it.
    fn insert(&self, parent: usize, child: NodeOrText<Handle>, next: Option<usize>) {
        let text = match child {
            NodeOrText::AppendNode(node) => return self.attach(parent, node.index, next),
            NodeOrText::AppendText(text) => text,
        };
        self.did(1);
        let mut nodes = self.nodes.borrow_mut();
        let previous = next.map_or(nodes[parent].last, |next| nodes[next].before);
        if let Some(What::Text(before)) = previous.map(|index| &mut nodes[index].what) {
            before.push_tendril(&text);
            return;
        }
        drop(nodes);
        let index = self.make(What::Text(text));
        self.attach(parent, index, next);
    }
}

/// Writes a node; whether it is an element, which is then open.
fn open(tree: &mut Builder, what: &What) -> Result<bool, String> {
    match what {
        What::Element(name, attributes) => {
            tree.open(&name.local, None)?;
            for attribute in attributes {
                tree.attribute(&attribute.name.local, None, attribute.value.to_string())?;
            }
            return Ok(true);
        }
        What::Text(text) => tree.text(text)?,
        What::Comment(text) => tree.other(NodeKind::Comment, "", text)?,
        What::Document => {}
    }
    Ok(false)
}

/// The node after a finished one; closes the elements that it leaves.
fn onward(nodes: &[Linked], from: usize, tree: &mut Builder) -> Option<usize> {
    let mut index = from;
    loop {
        if let Some(after) = nodes[index].after {
            return Some(after);
        }
        index = nodes[index].parent.filter(|parent| *parent != 0)?;
        tree.close();
    }
}

impl TreeSink for Dom {
    type Handle = Handle;
    type Output = Self;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { index: 0, name: None }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.as_ref().expect("the parser asks for names of elements only").expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        // Each attribute was compared with each.
        self.did(attributes.len() * attributes.len() / 64);
        let name = Rc::new(name);
        let index = self.make(What::Element(Rc::clone(&name), attributes));
        Handle { index, name: Some(name) }
    }

    fn create_comment(&self, text: StrTendril) -> Handle {
        Handle { index: self.make(What::Comment(text)), name: None }
    }

    /// HTML has none: the parser makes comments of them.
    fn create_pi(&self, _: StrTendril, data: StrTendril) -> Handle {
        self.create_comment(data)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.index, child, None);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        let has_parent = self.nodes.borrow()[element.index].parent.is_some();
        if has_parent { self.append_before_sibling(element, child) } else { self.append(previous, child) }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// What a template holds counts as its children: a query looks for what was sent.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.index == other.index
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, new_node: NodeOrText<Handle>) {
        let parent = self.nodes.borrow()[sibling.index].parent;
        if let Some(parent) = parent {
            self.insert(parent, new_node, Some(sibling.index));
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, attributes: Vec<Attribute>) {
        if let What::Element(_, own) = &mut self.nodes.borrow_mut()[target.index].what {
            self.did(attributes.len() * (own.len() + attributes.len()) / 64 + 1);
            for attribute in attributes {
                if !own.iter().any(|have| have.name == attribute.name) {
                    own.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.index);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        loop {
            let first = self.nodes.borrow()[node.index].first;
            let Some(child) = first else { return };
            self.attach(new_parent.index, child, None);
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &Handle) -> bool {
        false
    }
}
