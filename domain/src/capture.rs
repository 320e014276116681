//! Names for values of an answer. What a name is used for is not decided here.

use serde_json::Value;

use crate::{
    answer::Answer,
    assertion::source::Source,
    document::{self, CaptureRule},
    problem::Problem,
};

/// One capture, compiled.
#[derive(Debug, Clone)]
pub struct Capture {
    /// What later steps call the value.
    pub name: String,
    /// Whether the value is masked wherever it is shown.
    pub secret: bool,
    source: Source,
}

impl Capture {
    /// Compiles one capture.
    ///
    /// # Errors
    /// Everything that is wrong with it; pointers are relative to the capture.
    pub fn compile(name: &str, capture: &document::Capture) -> Result<Self, Vec<Problem>> {
        let (source, secret) = match capture {
            document::Capture::Source(text) => (Source::property(text), false),
            document::Capture::Rule(rule) => (source(rule), rule.secret),
        };
        let source = source.map_err(|problem| vec![problem])?;
        Ok(Self { name: name.to_owned(), secret, source })
    }

    /// The value in this answer.
    ///
    /// # Errors
    /// What was there instead, as half a sentence.
    pub fn take(&self, answer: &Answer) -> Result<Value, String> {
        self.source.read(answer).map(std::borrow::Cow::into_owned)
    }
}

/// The one source of a rule.
fn source(rule: &CaptureRule) -> Result<Source, Problem> {
    type Parse = fn(&str) -> Result<Source, Problem>;
    let written: [(&str, &Option<String>, Parse); 5] = [
        ("path", &rule.path, Source::property),
        ("regex", &rule.regex, Source::regex),
        ("header", &rule.header, |name| Ok(Source::header(name))),
        ("jsonpath", &rule.jsonpath, Source::json_path),
        ("xpath", &rule.xpath, Source::xpath),
    ];
    let mut written =
        written.into_iter().filter_map(|(key, text, parse)| Some((key, text.as_deref()?, parse)));
    match (written.next(), written.next()) {
        (Some((key, text, parse)), None) => parse(text).map_err(|problem| problem.under(&format!("/{key}"))),
        (Some((first, ..)), Some((second, ..))) => {
            Err(Problem::error("", format!("a capture has one source, found `{first}` and `{second}`")))
        }
        (None, _) => {
            Err(Problem::error("", "a capture needs one of `path`, `regex`, `header`, `jsonpath`, `xpath`")
                .help("as in `order_id: body.order_id`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::answer::sample;

    fn compile(written: Value) -> Result<Capture, Vec<Problem>> {
        Capture::compile("it", &serde_json::from_value(written).unwrap())
    }

    fn problem(written: Value) -> (String, String) {
        let problem = compile(written).unwrap_err().remove(0);
        (problem.pointer, problem.message)
    }

    #[test]
    fn every_kind_of_capture_takes_its_value() {
        let answer = sample::json(&json!({ "order": { "id": 7 }, "html": "csrf=abc;" }));
        for (written, value) in [
            (json!("body.order.id"), json!(7)),
            (json!("status"), json!(201)),
            (json!({ "path": "body.order" }), json!({ "id": 7 })),
            (json!({ "header": "X-Count" }), json!("42")),
            (json!({ "regex": "csrf=([a-z]+)" }), json!("abc")),
            (json!({ "regex": "csrf=[a-z]+" }), json!("csrf=abc")),
            (json!({ "jsonpath": "$.order.id" }), json!(7)),
            (json!({ "jsonpath": "$..id", "secret": true }), json!([7])),
        ] {
            assert_eq!(compile(written.clone()).unwrap().take(&answer), Ok(value), "{written}");
        }
        let page = sample::with_body("text/html", "<input name=csrf value=abc>");
        let csrf = compile(json!({ "xpath": "//input[@name='csrf']/@value" })).unwrap();
        assert_eq!(csrf.take(&page), Ok(json!("abc")));
        assert!(compile(json!({ "header": "etag", "secret": true })).unwrap().secret);
    }

    #[test]
    fn an_optional_group_that_did_not_take_part_gives_the_whole_match() {
        let answer = sample::with_body("text/plain", "id");
        assert_eq!(compile(json!({ "regex": "id(=.+)?" })).unwrap().take(&answer), Ok(json!("id")));
    }

    #[test]
    fn what_was_there_instead_is_said() {
        let answer = sample::json(&json!({ "token": "t" }));
        let take = |written| compile(written).unwrap().take(&answer).unwrap_err();
        assert_eq!(take(json!("body.tokn")), "`body` has no `tokn`, only `token`; did you mean `token`?");
        assert_eq!(take(json!({ "regex": "id=(.+)" })), "the body has no match of `id=(.+)`");
        assert_eq!(take(json!({ "jsonpath": "$.id" })), "nothing is at `$.id`");
    }

    #[test]
    fn a_capture_has_exactly_one_source_that_can_be_read() {
        assert_eq!(problem(json!({ "regex": "(" })).0, "/regex");
        assert_eq!(problem(json!({ "jsonpath": "x" })).0, "/jsonpath");
        assert_eq!(problem(json!({ "xpath": "//a[" })).0, "/xpath");
        assert_eq!(problem(json!("bdy.id")).1, "an answer has no `bdy`");
        assert!(problem(json!({ "secret": true })).1.contains("one of"));
        assert!(problem(json!({ "path": "status", "header": "etag" })).1.contains("`path` and `header`"));
    }
}
