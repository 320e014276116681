//! XML (1.0, namespaces 1.0). A DTD is passed over: its entities are unknown, and nothing is expanded.
//!
//! A name without a prefix has no namespace here, whatever `xmlns` says: a query that names `item` means what is
//! written as `item`.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
    name::QName,
};
use xpath_eval::NodeKind;

use super::tree::{Builder, Tree};

/// Namespaces that may be in scope at once: each name with a prefix looks through them.
const MAX_IN_SCOPE: usize = 256;
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

pub(super) fn parse(text: &str) -> Result<Tree, String> {
    let mut reader = Reader::from_str(text);
    let mut building = Building { tree: Builder::new(), scope: Vec::new() };
    building.declare("xml", XML_NAMESPACE)?;
    let mut elements = 0;
    loop {
        let event = reader.read_event().map_err(|error| {
            let line = 1 + text[..cut(text, reader.error_position())].matches('\n').count();
            malformed(format_args!("{error} (line {line})"))
        })?;
        match event {
            Event::Eof => break,
            Event::Start(start) => building.open(&start)?,
            Event::Empty(start) => {
                building.open(&start)?;
                building.close();
            }
            Event::End(_) => building.close(),
            Event::GeneralRef(reference) => building.tree.text(&entity(&reference)?)?,
            other => building.other(&other)?,
        }
        elements = building.tree.depth().max(elements);
    }
    match (elements, building.tree.depth()) {
        (0, _) => Err("the body has no XML element".to_owned()),
        (_, 0) => Ok(building.tree.finish()),
        _ => Err(malformed("it ends inside an element")),
    }
}

struct Building {
    tree: Builder,
    /// Prefixes in scope: the depth at which each is declared, and its index.
    scope: Vec<(usize, u32)>,
}

impl Building {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let mut attributes = Vec::new();
        // The check for duplicates compares each with each.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(malformed)?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(malformed)?;
            match name(attribute.key)? {
                (Some("xmlns"), prefix) => self.declare(prefix, &value)?,
                (None, "xmlns") => {}
                name => attributes.push((name, value.into_owned())),
            }
        }
        let (prefix, local) = name(start.name())?;
        self.tree.open(local, self.resolve(prefix)?)?;
        for ((prefix, local), value) in attributes {
            self.tree.attribute(local, self.resolve(prefix)?, value)?;
        }
        Ok(())
    }

    fn close(&mut self) {
        self.tree.close();
        let depth = self.tree.depth();
        while self.scope.last().is_some_and(|(declared, _)| *declared > depth) {
            self.scope.pop();
        }
    }

    fn other(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Text(text) => self.tree.text(&text.xml10_content().map_err(malformed)?),
            Event::CData(text) => self.tree.text(&text.xml10_content().map_err(malformed)?),
            Event::Comment(text) => {
                self.tree.other(NodeKind::Comment, "", &text.xml10_content().map_err(malformed)?)
            }
            Event::PI(instruction) => {
                let (target, content) = (utf8(instruction.target())?, utf8(instruction.content())?);
                self.tree.other(NodeKind::ProcessingInstruction, target, content.trim_start())
            }
            _ => Ok(()),
        }
    }

    /// Declared by the element that is about to be opened.
    fn declare(&mut self, prefix: &str, uri: &str) -> Result<(), String> {
        if self.scope.len() >= MAX_IN_SCOPE {
            return Err(format!("the body declares more than {MAX_IN_SCOPE} namespaces at once"));
        }
        let index = u32::try_from(self.tree.namespaces.len()).map_err(malformed)?;
        let depth = if index == 0 { 0 } else { self.tree.depth() + 1 };
        self.tree.namespaces.push((prefix.into(), uri.into()));
        self.scope.push((depth, index));
        Ok(())
    }

    fn resolve(&self, prefix: Option<&str>) -> Result<Option<u32>, String> {
        let Some(prefix) = prefix else { return Ok(None) };
        let known = |index: u32| *self.tree.namespaces[index as usize].0 == *prefix;
        match self.scope.iter().rev().find(|(_, index)| known(*index)) {
            Some((_, index)) => Ok(Some(*index)),
            None => Err(malformed(format_args!("the prefix `{}` is not declared", shown(prefix)))),
        }
    }
}

fn name(name: QName<'_>) -> Result<(Option<&str>, &str), String> {
    let whole = utf8(name.into_inner())?;
    Ok(whole.split_once(':').map_or((None, whole), |(prefix, local)| (Some(prefix), local)))
}

fn entity(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(malformed)?;
    match quick_xml::escape::resolve_predefined_entity(&name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(malformed(format_args!("`&{};` is not known", shown(&name)))),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(malformed)
}

/// A name of the body in a message: the beginning of it is enough.
fn shown(name: &str) -> &str {
    &name[..name.floor_char_boundary(40)]
}

fn cut(text: &str, position: u64) -> usize {
    text.floor_char_boundary(usize::try_from(position).unwrap_or(usize::MAX))
}

fn malformed(what: impl std::fmt::Display) -> String {
    format!("the body is not well-formed XML: {what}")
}
