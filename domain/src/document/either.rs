//! Values that may be written in two ways. By hand, because serde's untagged enums can only say that nothing fitted.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Capture, CaptureRule, Each, RetryClass, RetryWhen, SigningSecrets};

impl<'de> Deserialize<'de> for Capture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourceOrRule;

        impl<'de> Visitor<'de> for SourceOrRule {
            type Value = Capture;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a source (`body.id`) or a mapping (`{ regex: … }`)")
            }

            fn visit_str<E: de::Error>(self, source: &str) -> Result<Capture, E> {
                Ok(Capture::Source(source.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Capture, A::Error> {
                CaptureRule::deserialize(MapAccessDeserializer::new(map)).map(Capture::Rule)
            }
        }

        deserializer.deserialize_any(SourceOrRule)
    }
}

impl<'de> Deserialize<'de> for Each {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsOrFile;

        impl<'de> Visitor<'de> for RowsOrFile {
            type Value = Each;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rows (`[{ sku: A }]`) or the path of a CSV file")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Each, E> {
                Ok(Each::File(path.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Each, A::Error> {
                all(list).map(Each::Rows)
            }
        }

        deserializer.deserialize_any(RowsOrFile)
    }
}

impl<'de> Deserialize<'de> for RetryWhen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusOrClass;

        impl Visitor<'_> for StatusOrClass {
            type Value = RetryWhen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status (100 to 599), `network`, `timeout` or `assertion`")
            }

            fn visit_u64<E: de::Error>(self, status: u64) -> Result<RetryWhen, E> {
                match u16::try_from(status) {
                    Ok(status @ 100..=599) => Ok(RetryWhen::Status(status)),
                    _ => Err(E::custom(format_args!("`{status}` is not a status: 100 to 599"))),
                }
            }

            fn visit_str<E: de::Error>(self, class: &str) -> Result<RetryWhen, E> {
                RetryClass::deserialize(de::value::StrDeserializer::new(class)).map(RetryWhen::Class)
            }
        }

        deserializer.deserialize_any(StatusOrClass)
    }
}

impl<'de> Deserialize<'de> for SigningSecrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = SigningSecrets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret or a list of secrets")
            }

            fn visit_str<E: de::Error>(self, secret: &str) -> Result<SigningSecrets, E> {
                Ok(SigningSecrets::One(secret.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<SigningSecrets, A::Error> {
                all(list).map(SigningSecrets::Several)
            }
        }

        deserializer.deserialize_any(OneOrSeveral)
    }
}

fn all<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut list: A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = list.next_element()? {
        items.push(item);
    }
    Ok(items)
}
