//! From the tree of a YAML text to one JSON value: aliases and merge keys expanded, duplicate keys refused.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::{
    places::{Place, Places},
    yaml::{Key, MAX_DEPTH, Node, What},
};
use crate::problem::{Problem, pointer_token};

/// How many nodes a document may have once its aliases are expanded.
const MAX_NODES: usize = 100_000;

/// The value, the places of its nodes, and what is wrong with it. No value: it is too large.
pub(super) fn expand(root: &Node) -> (Option<Value>, Places, Vec<Problem>) {
    let mut expansion = Expansion { places: Places::default(), problems: Vec::new(), nodes: 0 };
    let value = expansion.node(root, None, String::new(), 0);
    (value, expansion.places, expansion.problems)
}

struct Expansion {
    places: Places,
    problems: Vec<Problem>,
    nodes: usize,
}

impl Expansion {
    /// `None` once the budget is spent.
    fn node(&mut self, node: &Node, key: Option<&Key>, pointer: String, depth: usize) -> Option<Value> {
        let key_mark = key.map(|key| key.mark);
        let text = match &node.what {
            What::Scalar(_, text) => *text,
            _ => None,
        };
        self.places.insert(pointer.clone(), Place { key: key_mark, value: node.mark, text });
        self.spend(1, depth, &pointer)?;
        match &node.what {
            What::Scalar(value, _) => Some(value.clone()),
            What::Unusable(message) => {
                self.note(Problem::error(pointer, message).help("put it in quotes if it is a text"));
                Some(Value::Null)
            }
            What::List(items) => {
                let mut list = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    list.push(self.node(item, None, format!("{pointer}/{index}"), depth + 1)?);
                }
                Some(Value::Array(list))
            }
            What::Map(entries) => self.map(entries, &pointer, depth).map(Value::Object),
        }
    }

    /// Own keys first, then those that `<<` brings and that are not there yet, as YAML 1.1 defines merging.
    fn map(
        &mut self,
        entries: &[(Key, Rc<Node>)],
        pointer: &str,
        depth: usize,
    ) -> Option<Map<String, Value>> {
        let mut map = Map::new();
        for (key, node) in entries.iter().filter(|(key, _)| !key.merge) {
            let child = format!("{pointer}/{}", pointer_token(&key.text));
            if map.contains_key(&key.text) {
                self.duplicate(key, child);
                continue;
            }
            let value = self.node(node, Some(key), child, depth + 1)?;
            map.insert(key.text.clone(), value);
        }
        for (key, node) in entries.iter().filter(|(key, _)| key.merge) {
            self.merge(&mut map, key, node, pointer, depth)?;
        }
        Some(map)
    }

    fn merge(
        &mut self,
        map: &mut Map<String, Value>,
        key: &Key,
        node: &Node,
        pointer: &str,
        depth: usize,
    ) -> Option<()> {
        // A mapping may merge one that merges another; the depth bounds the chain as it bounds nesting.
        self.spend(1, depth, pointer)?;
        match &node.what {
            What::Map(entries) => {
                self.spend(entries.len(), depth, pointer)?;
                for (key, node) in entries {
                    if key.merge {
                        self.merge(map, key, node, pointer, depth + 1)?;
                    } else if !map.contains_key(&key.text) {
                        let child = format!("{pointer}/{}", pointer_token(&key.text));
                        let value = self.node(node, Some(key), child, depth + 1)?;
                        map.insert(key.text.clone(), value);
                    }
                }
            }
            What::List(items) => {
                for item in items {
                    self.merge(map, key, item, pointer, depth + 1)?;
                }
            }
            _ => {
                let mut problem = Problem::error(pointer, "`<<` takes a mapping or a list of mappings")
                    .help("put the key in quotes if it is one of your own");
                (problem.line, problem.column) = (Some(key.mark.line), Some(key.mark.column));
                self.problems.push(problem);
            }
        }
        Some(())
    }

    /// Takes nodes from the budget; when it is spent that is noted, once, as nothing goes on then.
    fn spend(&mut self, nodes: usize, depth: usize, pointer: &str) -> Option<()> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES && depth <= MAX_DEPTH {
            return Some(());
        }
        self.note(Problem::error(pointer, "the document is too large once its aliases are expanded"));
        None
    }

    fn duplicate(&mut self, key: &Key, pointer: String) {
        let first = self.places.line_of(&pointer);
        let mut problem = Problem::error(pointer, format!("the key `{}` is given twice", key.text));
        problem.help = first.map(|line| format!("it is first given in line {line}"));
        (problem.line, problem.column) = (Some(key.mark.line), Some(key.mark.column));
        self.problems.push(problem);
    }

    fn note(&mut self, mut problem: Problem) {
        self.places.locate(&mut problem, &Value::Null);
        self.problems.push(problem);
    }
}
