//! What must be true of any bytes. `cargo fuzz` drives these functions, and so does a bounded test of `domain`, which
//! includes this file.

use std::{borrow::Cow, time::Duration};

use domain::{
    answer::Answer,
    assertion::{Assertion, Condition},
    document::{Check, Known, check_together, read_text, read_value, to_value},
    exchange::{Request, Response, Timing},
    reference::{Function, JsonTemplate, NoValue, Path, Root, Scope, Template},
};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

/// The reference parser: never panics, and what it prints reads back as the same.
pub(crate) fn reference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(template) = Template::parse(&text) {
        let printed = template.to_string();
        let again = Template::parse(&printed).expect("what is printed can be read");
        // Spans differ where the text was not canonical; what is printed again does not.
        assert_eq!(again.to_string(), printed);
        for reference in template.references() {
            assert!(text.is_char_boundary(reference.span().start));
        }
        let _ = template.render_text(&Fixed);
        let _ = template.render_header(&Fixed);
    }
    if let Ok(path) = Path::parse(&text) {
        assert_eq!(Path::parse(&path.to_string()), Ok(path));
    }
    if let Ok(template) = JsonTemplate::parse(&json!({ "a": [text] })) {
        let _ = template.render(&Fixed);
    }
}

/// The reader of documents: never panics, places every problem inside the text, and reads back what it prints.
pub(crate) fn document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // YAML ends lines with CR too.
    let lines = 1 + text.matches(['\n', '\r']).count();
    let mut readings = read_text(&text);
    assert!(!readings.is_empty());
    check_together(&mut readings, &Known::default());
    for reading in &readings {
        for problem in &reading.problems {
            assert!(
                problem.line.is_none_or(|line| (1..=lines + 1).contains(&(line as usize))),
                "{problem:?}"
            );
        }
        if let Some(document) = &reading.document {
            let printed = to_value(document);
            let again = read_value(document.kind(), &printed).document;
            assert_eq!(again.as_ref().map(to_value), Some(printed));
        }
    }
}

/// The assertion engine: a check that compiles can be evaluated against any answer, and says what it found.
pub(crate) fn assertion(bytes: &[u8]) {
    let (written, body) = halves(bytes);
    let Ok(Value::Object(written)) = serde_json::from_slice::<Value>(written) else { return };
    let check = Check(written);
    let answers = [answer("application/json", body), answer("text/html", body)];
    if let Ok(assertion) = Assertion::compile(&check) {
        for answer in &answers {
            if let Ok(results) = assertion.evaluate(answer, &Fixed) {
                assert!(!results.is_empty());
            }
        }
    }
    if let Ok(condition) = Condition::compile(&check) {
        let _ = condition.holds(&Fixed);
    }
}

/// URL rendering: a value cannot leave the place where it stands.
pub(crate) fn url(bytes: &[u8]) {
    let (before, value) = halves(bytes);
    let value = String::from_utf8_lossy(value).into_owned();
    let before = String::from_utf8_lossy(before).replace(['@', '?', '#'], "");
    for (text, end) in [
        (format!("http://shop.test/{before}/@{{{{vars.x}}}}/end"), "/end"),
        (format!("http://shop.test/?{before}&q=@{{{{vars.x}}}}&end=1"), "&end=1"),
    ] {
        let Ok(template) = Template::parse(&text) else { continue };
        let Ok(rendered) = template.render_url(&One(Value::from(value.as_str()))) else { continue };
        let with_nothing = template.render_url(&One(Value::from("x"))).expect("a letter fits anywhere");
        for separator in ['/', '?', '&', '#', '=', ' ', '\r', '\n', '@', ':', '\\'] {
            let count = |url: &str| url.matches(separator).count();
            assert_eq!(count(&rendered), count(&with_nothing), "{separator:?} in {rendered}");
        }
        assert!(rendered.starts_with("http://shop.test/") && rendered.ends_with(end), "{rendered}");
    }
}

/// HTML and XML bodies under XPath: any body can be asked anything that is a query.
pub(crate) fn markup(bytes: &[u8]) {
    let (query, body) = halves(bytes);
    let query = String::from_utf8_lossy(query);
    let check =
        |path: &str| Check(Map::from_iter([("xpath".to_owned(), json!({ "path": path, "exists": true }))]));
    for path in [query.as_ref(), "//*[@*]/text()", "count(//node()) > 3"] {
        let Ok(assertion) = Assertion::compile(&check(path)) else { continue };
        for content_type in ["text/html", "application/xml"] {
            let results = assertion.evaluate(&answer(content_type, body), &Fixed);
            assert_eq!(results.map(|results| results.len()), Ok(1));
        }
    }
}

/// The bytes before and after the first zero.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let middle = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len() / 2);
    let (first, second) = bytes.split_at(middle);
    (first, second.strip_prefix(&[0]).unwrap_or(second))
}

/// Has a value for everything.
struct Fixed;

impl Scope for Fixed {
    fn value(&self, _: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        if path.is_empty() {
            Err(NoValue::missing("nothing is there"))
        } else {
            Ok(Cow::Owned(json!(["a", 1])))
        }
    }

    fn call(&self, _: &Function) -> Value {
        Value::from(1)
    }
}

/// Has one value.
struct One(Value);

impl Scope for One {
    fn value(&self, _: &Root, _: &Path) -> Result<Cow<'_, Value>, NoValue> {
        Ok(Cow::Borrowed(&self.0))
    }

    fn call(&self, _: &Function) -> Value {
        self.0.clone()
    }
}

fn answer(content_type: &'static str, body: &[u8]) -> Answer {
    let request = Request {
        method: "GET".to_owned(),
        url: "http://shop.test/".into(),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: bytes::Bytes::new(),
        timeout: Duration::from_secs(1),
        follow_redirects: true,
        max_redirects: 1,
        max_body: 1 << 20,
        connection: domain::exchange::Connection::default(),
        digest: None,
        cookies: true,
    };
    let response = Response {
        status: 200,
        http_version: "HTTP/1.1",
        url: "http://shop.test/".to_owned(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]),
        body: body.to_vec().into(),
        timing: Timing::default(),
        peer: None,
        redirects: 0,
        tls: None,
    };
    Answer::new(request, response)
}
