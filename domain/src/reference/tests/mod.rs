//! Tests of the language as a whole, by what can go wrong with it.

mod filters;
mod json;
mod original;
mod parsing;
mod paths;
mod properties;
mod rendering;
mod urls;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::*;

/// One answer (`login`, number 1), variables and secrets; step `later` never ran.
pub(super) struct Fixture {
    answer: Value,
    vars: Value,
    secrets: Value,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self {
            answer: json!({
                "status": 200,
                "headers": { "content-type": "application/json" },
                "body": {
                    "id": 42, "big": 9_007_199_254_740_993_u64, "token": "t0k", "ok": true, "none": null,
                    "items": [{ "sku": "A" }, { "sku": "B" }], "ratio": 0.5, "odd key": { "a.b": "dotted" },
                    "2024": "year", "empty": [], "text": "Zürich 東京 🦀", "at": "2026-01-31T23:30:00+01:00",
                },
            }),
            vars: json!({ "base_url": "https://shop.example/api", "limits": { "max": 5 }, "empty": "" }),
            secrets: json!({ "KEY": "s3cr3t" }),
        }
    }

    /// With one variable, `v`.
    pub(super) fn with(value: impl Into<Value>) -> Self {
        Self { vars: json!({ "v": value.into() }), ..Self::new() }
    }
}

impl Scope for Fixture {
    fn value(&self, root: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        match root {
            Root::Step(id) if id == "login" => Ok(Cow::Borrowed(path.find(&self.answer)?)),
            Root::StepNumber(1) => Ok(Cow::Borrowed(path.find(&self.answer)?)),
            Root::Vars => path.find(&self.vars).map(Cow::Borrowed).map_err(NoValue::gone),
            Root::Secrets => path.find(&self.secrets).map(Cow::Borrowed).map_err(NoValue::gone),
            other => Err(NoValue::never_ran(&other.to_string())),
        }
    }

    fn call(&self, function: &Function) -> Value {
        function.evaluate(DateTime::<Utc>::UNIX_EPOCH, &mut StdRng::seed_from_u64(7))
    }
}

pub(super) fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

pub(super) fn value(text: &str) -> Value {
    template(text).render_value(&Fixture::new()).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

pub(super) fn problem(text: &str) -> Unresolved {
    template(text).render_value(&Fixture::new()).expect_err(text)
}
