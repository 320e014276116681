//! The names of the comparisons. What they mean is in `predicate`.

use serde_json::{Value, json};

use super::json_type::JsonType;
use crate::outcome::words;

words! {
    /// What can be asked of a value.
    Comparison {
        /// The same JSON value; `1` is `1.0`, and is not `"1"`.
        Equals = "equals",
        /// Not the same JSON value.
        NotEquals = "not_equals",
        /// A greater number.
        Gt = "gt",
        /// A greater number, or the same.
        Gte = "gte",
        /// A smaller number.
        Lt = "lt",
        /// A smaller number, or the same.
        Lte = "lte",
        /// A number between two, both included.
        Between = "between",
        /// One of a list.
        In = "in",
        /// None of a list.
        NotIn = "not_in",
        /// A text with this part, an array with this item, an object with this key.
        Contains = "contains",
        /// Without that part, item or key.
        NotContains = "not_contains",
        /// A text with this beginning.
        StartsWith = "starts_with",
        /// A text with this end.
        EndsWith = "ends_with",
        /// A text in which this regular expression is found.
        Matches = "matches",
        /// A text in which it is not.
        NotMatches = "not_matches",
        /// Whether there is anything; JSON null is something.
        Exists = "exists",
        /// Whether it is JSON null, or not there.
        IsNull = "is_null",
        /// Whether a text, an array or an object has nothing in it.
        IsEmpty = "is_empty",
        /// Its JSON type, or one of several.
        Type = "type",
        /// What holds of the number of characters, items or members.
        Length = "length",
        /// A JSON Schema that it is valid under.
        Schema = "schema",
        /// What holds of every item of an array.
        All = "all",
        /// What holds of at least one item.
        Any = "any",
        /// What holds of no item.
        None = "none",
        /// A measure above this degrades the run, it does not fail it.
        Degraded = "degraded",
    }
}

impl Comparison {
    /// Whether its operand is itself a set of comparisons.
    pub(super) const fn is_nested(self) -> bool {
        matches!(self, Self::Length | Self::All | Self::Any | Self::None)
    }

    /// Whether it asks about the items of a list.
    pub(super) const fn is_about_items(self) -> bool {
        matches!(self, Self::All | Self::Any | Self::None)
    }

    /// Whether it can hold where there is nothing.
    pub(super) const fn is_about_presence(self) -> bool {
        matches!(self, Self::Exists | Self::IsNull)
    }

    /// Whether it says that another one does not hold.
    pub(super) const fn is_negation(self) -> bool {
        matches!(self, Self::NotEquals | Self::NotIn | Self::NotContains | Self::NotMatches)
    }

    /// What its operand looks like, as JSON Schema. Wherever something else than a text is wanted, a text with a
    /// reference in it will do.
    pub(crate) fn operand_schema(self) -> Value {
        let or_reference =
            |schema: Value| json!({ "anyOf": [schema, { "type": "string", "pattern": r"@\{\{" }] });
        match self {
            Self::Exists | Self::IsNull | Self::IsEmpty => or_reference(json!({ "type": "boolean" })),
            Self::Between => or_reference(json!({ "type": "array", "minItems": 2, "maxItems": 2 })),
            Self::In | Self::NotIn => or_reference(json!({ "type": "array" })),
            Self::Gt | Self::Gte | Self::Lt | Self::Lte | Self::Degraded => {
                json!({ "type": ["number", "string"] })
            }
            Self::StartsWith | Self::EndsWith | Self::Matches | Self::NotMatches => {
                json!({ "type": "string" })
            }
            // A text is the name of a file, for the command line.
            Self::Schema => json!({ "type": ["object", "boolean", "string"] }),
            Self::Type => {
                let names = json!({ "enum": JsonType::ALL.iter().map(|one| json!(one)).chain([Value::Null]).collect::<Vec<_>>() });
                json!({ "anyOf": [names, { "type": "array", "items": names, "minItems": 1 }, { "pattern": r"@\{\{" }] })
            }
            Self::Length | Self::All | Self::Any | Self::None => {
                json!({ "type": ["object", "string", "number", "boolean", "null"] })
            }
            Self::Equals | Self::NotEquals | Self::Contains | Self::NotContains => json!(true),
        }
    }
}
