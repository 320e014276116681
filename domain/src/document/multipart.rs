//! A `multipart` body as written: names with a text, a part with options, or a list of either. The order is kept.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use super::request::some;

/// The parts of a `multipart/form-data` body (RFC 7578), in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Multipart(pub Vec<(String, Parts)>);

/// What one name stands for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Parts {
    /// One part.
    One(Part),
    /// Several of the same name.
    Many(Vec<Part>),
}

/// One part as written.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Part {
    /// A text; a number or a boolean becomes one.
    Text(#[schemars(with = "Scalar")] Value),
    /// A part with options.
    Options(Box<PartOptions>),
}

/// A text, a number or a boolean.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "describes a value, is none")]
enum Scalar {
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// A part with options: exactly one of `text`, `json`, `base64`, `file`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartOptions {
    /// A text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// JSON; a lone reference keeps its type.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Any bytes, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// A file beside the document; the command line reads it and sends `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The name that the target is told. Default that of `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Default none for `text`, `application/json` for `json`, `application/octet-stream` for bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

impl PartOptions {
    /// The keys of its contents that are given; other than one is a mistake.
    #[must_use]
    pub fn contents(&self) -> Vec<&'static str> {
        let contents = [
            ("text", self.text.is_some()),
            ("json", self.json.is_some()),
            ("base64", self.base64.is_some()),
            ("file", self.file.is_some()),
        ];
        contents.into_iter().filter_map(|(key, given)| given.then_some(key)).collect()
    }
}

impl Parts {
    /// Each part with its JSON pointer below the name.
    pub fn each(&self) -> Vec<(String, &Part)> {
        match self {
            Self::One(part) => vec![(String::new(), part)],
            Self::Many(parts) => {
                parts.iter().enumerate().map(|(index, part)| (format!("/{index}"), part)).collect()
            }
        }
    }

    /// The same, to be changed.
    pub fn each_mut(&mut self) -> Vec<(String, &mut Part)> {
        match self {
            Self::One(part) => vec![(String::new(), part)],
            Self::Many(parts) => {
                parts.iter_mut().enumerate().map(|(index, part)| (format!("/{index}"), part)).collect()
            }
        }
    }
}

impl Serialize for Multipart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, parts)| (name, parts)))
    }
}

impl<'de> Deserialize<'de> for Multipart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Multipart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Multipart, A::Error> {
                let mut parts = Vec::new();
                while let Some(named) = map.next_entry()? {
                    parts.push(named);
                }
                Ok(Multipart(parts))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

impl JsonSchema for Multipart {
    fn schema_name() -> Cow<'static, str> {
        "Multipart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, Parts>::json_schema(generator)
    }
}

/// One part: a scalar or a mapping.
struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a mapping (`{ file: ./report.pdf }`)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
        Ok(Part::Text(text.into()))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Part, E> {
        Ok(Part::Text(flag.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Part, E> {
        Ok(Part::Text(number.into()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Part, E> {
        Ok(Part::Text(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Part, E> {
        Ok(Part::Text(number.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
        let options = PartOptions::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Part::Options(Box::new(options)))
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a mapping (`{ file: ./report.pdf }`), or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Parts, E> {
                PartVisitor.visit_str(text).map(Parts::One)
            }

            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Parts, E> {
                PartVisitor.visit_bool(flag).map(Parts::One)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Parts, E> {
                PartVisitor.visit_u64(number).map(Parts::One)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Parts, E> {
                PartVisitor.visit_i64(number).map(Parts::One)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Parts, E> {
                PartVisitor.visit_f64(number).map(Parts::One)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parts, A::Error> {
                PartVisitor.visit_map(map).map(Parts::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parts, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = items.next_element()? {
                    parts.push(part);
                }
                Ok(Parts::Many(parts))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
