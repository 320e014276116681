//! From JSON values to the typed documents: a serde deserializer that knows where it is, can leave nodes out, and
//! keeps what went wrong as data. (`serde_json`'s own gives an English sentence and no place.)

use std::{collections::HashSet, fmt};

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor, value::StrDeserializer,
};
use serde_json::{Map, Value};

use crate::problem::pointer_token;

/// What went wrong, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// Set by the innermost node that the fault passes through on its way out.
    pub(super) pointer: Option<String>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    MissingKey(&'static str),
    UnknownWord {
        word: String,
        known: &'static [&'static str],
    },
    /// Something else was expected than what is there.
    Mismatch {
        expected: String,
    },
    /// A value of the right type that is refused; the message is ours.
    Refused(String),
    /// What remains does not suffice, because of what was left out; that has been told already.
    Consequence,
}

impl Fault {
    fn new(what: What) -> Self {
        Self { pointer: None, what }
    }

    fn at(mut self, pointer: impl FnOnce() -> String) -> Self {
        self.pointer.get_or_insert_with(pointer);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Refused(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(What::Mismatch { expected: expected.to_string() })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(What::Mismatch { expected: expected.to_string() })
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey { key: field.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::MissingKey(field))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownWord { word: word.to_owned(), known })
    }
}

/// One node, and the pointers of the nodes to leave out.
pub(super) struct Node<'v> {
    pub(super) value: &'v Value,
    pub(super) pointer: String,
    pub(super) skipped: &'v HashSet<String>,
}

impl<'v> Node<'v> {
    fn child(&self, token: &str, value: &'v Value) -> Self {
        Self { value, pointer: child(&self.pointer, token), skipped: self.skipped }
    }

    fn items(&self, items: &'v [Value]) -> Items<'v> {
        let nodes = items.iter().enumerate().map(|(index, item)| self.child(&index.to_string(), item));
        let kept: Vec<_> = nodes.filter(|node| !self.skipped.contains(&node.pointer)).collect();
        Items { nodes: kept.into_iter() }
    }

    fn entries(&self, map: &'v Map<String, Value>) -> Entries<'v> {
        let nodes = map.iter().map(|(key, value)| (key.as_str(), self.child(key, value)));
        let kept: Vec<_> = nodes.filter(|(_, node)| !self.skipped.contains(&node.pointer)).collect();
        Entries { nodes: kept.into_iter(), value: None }
    }

    /// `{ bearer: … }`: an enum as a mapping with one key.
    fn choose(
        &self,
        map: &'v Map<String, Value>,
        known: &'static [&'static str],
    ) -> Result<Choice<'v>, Fault> {
        let mut nodes = self.entries(map).nodes;
        match (nodes.next(), nodes.next()) {
            (Some((key, node)), None) => Ok(Choice { key, node, known }),
            (None, _) if !map.is_empty() => Err(Fault::new(What::Consequence)),
            _ => Err(Fault::new(What::Refused(format!("exactly one of {} belongs here", list(known))))),
        }
    }

    fn visit<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault>
    where
        'v: 'de,
    {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(self.items(items)),
            Value::Object(map) => visitor.visit_map(self.entries(map)),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
        }
    }
}

fn child(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", pointer_token(token))
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit(visitor).map_err(|fault| fault.at(|| self.pointer))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is no struct here, although serde would take one.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.value.is_object() {
            return self.deserialize_any(visitor);
        }
        Err(Fault::new(What::Mismatch { expected: "a map".to_owned() }).at(|| self.pointer))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match self.value {
            Value::String(word) => visitor.visit_enum(StrDeserializer::<Fault>::new(word)),
            Value::Object(map) => self.choose(map, known).and_then(|choice| visitor.visit_enum(choice)),
            _ => Err(Fault::new(What::Mismatch { expected: format!("one of {}", list(known)) })),
        };
        result.map_err(|fault| fault.at(|| self.pointer))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'v> {
    nodes: std::vec::IntoIter<Node<'v>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.nodes.next() else { return Ok(None) };
        let pointer = node.pointer.clone();
        seed.deserialize(node).map(Some).map_err(|fault| fault.at(|| pointer))
    }
}

struct Entries<'v> {
    nodes: std::vec::IntoIter<(&'v str, Node<'v>)>,
    value: Option<Node<'v>>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((key, node)) = self.nodes.next() else { return Ok(None) };
        let pointer = node.pointer.clone();
        self.value = Some(node);
        let key: StrDeserializer<'de, Fault> = key.into_deserializer();
        seed.deserialize(key).map(Some).map_err(|fault| fault.at(|| pointer))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some(node) = self.value.take() else { return Err(Fault::custom("a value without its key")) };
        let pointer = node.pointer.clone();
        seed.deserialize(node).map_err(|fault| fault.at(|| pointer))
    }
}

/// The one key of a mapping that stands for an enum, and its value.
struct Choice<'v> {
    key: &'v str,
    node: Node<'v>,
    known: &'static [&'static str],
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        if !self.known.contains(&self.key) {
            let fault = Fault::unknown_field(self.key, self.known);
            return Err(fault.at(|| self.node.pointer));
        }
        let key: StrDeserializer<'de, Fault> = self.key.into_deserializer();
        Ok((seed.deserialize(key)?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Err(Fault::new(What::Mismatch { expected: format!("one of {}", list(self.known)) }))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let pointer = self.node.pointer.clone();
        seed.deserialize(self.node).map_err(|fault| fault.at(|| pointer))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.node.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.node.deserialize_any(visitor)
    }
}

/// `` `a`, `b`, `c` ``.
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
