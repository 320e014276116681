//! A JSON value with references in its texts and keys. What is rendered is a value, never serialized text, so nothing
//! that a reference brings can add a field.

use serde_json::{Map, Value};

use super::{NoValue, Reference, Root, Scope, SyntaxError, Template, Unresolved};
use crate::problem::pointer_token;

/// A parsed JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonTemplate(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Without any reference below it.
    Fixed(Value),
    Text(Template),
    Array(Vec<Node>),
    Object(Vec<(Template, Node)>),
}

impl JsonTemplate {
    /// Parses every text and every key in `value`.
    ///
    /// # Errors
    /// All that is wrong, each with the JSON pointer of its text; for a key, of the key's value.
    pub fn parse(value: &Value) -> Result<Self, Vec<(String, SyntaxError)>> {
        let mut problems = Vec::new();
        let node = parse(value, "", &mut problems);
        if problems.is_empty() { Ok(Self(node)) } else { Err(problems) }
    }

    /// Every reference with the JSON pointer of its text.
    #[must_use]
    pub fn references(&self) -> Vec<(String, &Reference)> {
        let mut found = Vec::new();
        collect(&self.0, "", &mut found);
        found
    }

    /// The value it renders to always, if there is no reference in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.0 {
            Node::Fixed(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it renders to the same value always.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self.0, Node::Fixed(_))
    }

    /// Whether what it renders to must be masked.
    #[must_use]
    pub fn touches_secrets(&self) -> bool {
        self.references().iter().any(|(_, reference)| *reference.root() == Root::Secrets)
    }

    /// The value, every reference resolved; a text that is one reference becomes a value of that reference's type.
    ///
    /// # Errors
    /// The first reference without a value, or a key that two references made the same.
    pub fn render(&self, scope: &dyn Scope) -> Result<Value, Unresolved> {
        render(&self.0, scope)
    }
}

fn parse(value: &Value, pointer: &str, problems: &mut Vec<(String, SyntaxError)>) -> Node {
    let node = match value {
        Value::String(text) => Node::Text(template(text, pointer, problems)),
        Value::Array(items) => {
            let mut item = |(at, item)| parse(item, &format!("{pointer}/{at}"), problems);
            Node::Array(items.iter().enumerate().map(&mut item).collect())
        }
        Value::Object(object) => {
            let mut field = |(key, value): (&String, &Value)| {
                let pointer = format!("{pointer}/{}", pointer_token(key));
                (template(key, &pointer, problems), parse(value, &pointer, problems))
            };
            Node::Object(object.iter().map(&mut field).collect())
        }
        other => Node::Fixed(other.clone()),
    };
    fixed(&node).map_or(node, Node::Fixed)
}

fn template(text: &str, pointer: &str, problems: &mut Vec<(String, SyntaxError)>) -> Template {
    Template::parse(text).unwrap_or_else(|problem| {
        problems.push((pointer.to_owned(), problem));
        Template::default()
    })
}

/// The value of a node without references, so that rendering it is one clone.
fn fixed(node: &Node) -> Option<Value> {
    match node {
        Node::Fixed(value) => Some(value.clone()),
        Node::Text(template) => template.as_literal().map(Value::from),
        Node::Array(items) => items.iter().map(fixed).collect(),
        Node::Object(fields) => {
            fields.iter().map(|(key, value)| Some((key.as_literal()?.to_owned(), fixed(value)?))).collect()
        }
    }
}

fn collect<'n>(node: &'n Node, pointer: &str, found: &mut Vec<(String, &'n Reference)>) {
    let mut of = |template: &'n Template, pointer: &str| {
        found.extend(template.references().map(|reference| (pointer.to_owned(), reference)));
    };
    match node {
        Node::Fixed(_) => {}
        Node::Text(template) => of(template, pointer),
        Node::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{at}"), found);
            }
        }
        Node::Object(fields) => {
            for (key, value) in fields {
                let pointer = format!("{pointer}/{}", pointer_token(&key.to_string()));
                found.extend(key.references().map(|reference| (pointer.clone(), reference)));
                collect(value, &pointer, found);
            }
        }
    }
}

fn render(node: &Node, scope: &dyn Scope) -> Result<Value, Unresolved> {
    match node {
        Node::Fixed(value) => Ok(value.clone()),
        Node::Text(template) => template.render_value(scope),
        Node::Array(items) => items.iter().map(|item| render(item, scope)).collect(),
        Node::Object(fields) => {
            let mut object = Map::with_capacity(fields.len());
            for (key, value) in fields {
                let name = key.render_text(scope)?;
                if object.contains_key(&name) {
                    return Err(NoValue::invalid("it makes a second key of the same name").of(key));
                }
                object.insert(name, render(value, scope)?);
            }
            Ok(Value::Object(object))
        }
    }
}
