//! Bodies of webhooks in somebody else's form: Jinja templates over the event, in a sandbox.
//!
//! A template sees the event and nothing else: no file, no other template, no clock. What it may cost is bounded by fuel,
//! which pays for instructions and for memory (64 bytes each). What it prints is escaped by what the body is: in JSON
//! every value is printed as JSON, quotes included, so that no target's answer can add a field.

use std::{error::Error as _, sync::LazyLock};

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use serde::Deserialize as _;
use serde_json::Value;

use crate::problem::Problem;

/// What a body is when nobody says otherwise.
pub const JSON: &str = "application/json";
/// Instructions; 64 bytes of memory cost as much as one.
const FUEL: u64 = 50_000;
/// Bytes of a template.
const LONGEST: usize = 32 * 1024;

/// Events as receivers get them, one with everything that there can be and one with as little: what templates are tried
/// on when they are saved.
pub static SAMPLES: LazyLock<[Value; 2]> = LazyLock::new(|| {
    [include_str!("template/opened.json"), include_str!("template/resolved.json")]
        .map(|sample| serde_json::from_str(sample).expect("the samples are JSON"))
});

/// Renders a template over an event.
///
/// # Errors
///
/// A sentence: what is wrong, and on which line.
pub fn render(template: &str, content_type: &str, event: &Value) -> Result<String, String> {
    let event = minijinja::Value::deserialize(event).map_err(|error| error.to_string())?;
    let body = sandbox(content_type).render_str(template, event).map_err(|error| explained(&error))?;
    if is_json(content_type)
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body)
    {
        return Err(format!("what it makes is not JSON: {error}"));
    }
    Ok(body)
}

/// Tries a template out.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(template: &str, content_type: &str) -> Result<(), Problem> {
    let problem = |message: String| Problem::error("/template", message);
    if template.len() > LONGEST {
        return Err(problem(format!("a template has at most {} KiB", LONGEST / 1024)));
    }
    for (sample, name) in SAMPLES.iter().zip(["an incident that opens", "one that is over"]) {
        let Err(why) = render(template, content_type, sample) else { continue };
        let help = if why.contains("not JSON") {
            "a value brings its own quotes: `{ \"text\": {{ data.summary }} }`"
        } else if why.contains("undefined") {
            "`default` says what to put where there may be nothing: `{{ data.step.name | default(\"\") }}`"
        } else {
            "the template sees `type`, `timestamp` and `data`, as a webhook without one gets them"
        };
        return Err(problem(format!("the template fails for {name}: {why}")).help(help));
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == JSON || essence.ends_with("+json")
}

fn sandbox(content_type: &str) -> Environment<'static> {
    let mut sandbox = Environment::new();
    sandbox.set_fuel(Some(FUEL));
    sandbox.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let escape = match essence.as_str() {
        _ if is_json(content_type) => AutoEscape::Json,
        "text/html" | "application/xhtml+xml" | "application/xml" | "text/xml" => AutoEscape::Html,
        _ => AutoEscape::None,
    };
    sandbox.set_auto_escape_callback(move |_| escape.clone());
    sandbox
}

fn explained(error: &Error) -> String {
    let mut text = error.kind().to_string();
    if let Some(detail) = error.detail() {
        text = format!("{text}: {detail}");
    }
    if let Some(cause) = error.source() {
        text = format!("{text}: {cause}");
    }
    match error.line() {
        Some(line) => format!("line {line}: {text}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(template: &str) -> String {
        let problem = check(template, JSON).unwrap_err();
        format!("{}; {}", problem.message, problem.help.unwrap_or_default())
    }

    #[test]
    fn a_value_in_json_is_json_whatever_it_holds() {
        let evil = json!({ "data": { "summary": "\"}, \"admin\": true, {\"x\": \"\n</script>" } });
        let body = render("{ \"text\": {{ data.summary }} }", JSON, &evil).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({ "text": evil["data"]["summary"] }));
        let html = render("<p>{{ data.summary }}</p>", "text/html; charset=utf-8", &evil).unwrap();
        assert!(!html.contains("</script>"), "{html}");
        let text = render("{{ data.summary }}", "text/plain", &evil).unwrap();
        assert_eq!(text, evil["data"]["summary"].as_str().unwrap());
    }

    #[test]
    fn what_only_some_events_have_is_found_when_it_is_saved() {
        let template = "{ \"step\": {{ data.step.name }} }";
        assert!(
            why(template).starts_with("the template fails for one that is over: line 1: undefined"),
            "{}",
            why(template)
        );
        check("{ \"step\": {{ data.step.name | default(\"\") }} }", JSON).unwrap();
        check(
            "{% if type == \"incident.resolved\" %}{\"up\": true}{% else %}{\"up\": false}{% endif %}",
            JSON,
        )
        .unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert!(
            why("{\n{{ data.sumary }}}").contains("line 2: undefined value"),
            "{}",
            why("{\n{{ data.sumary }}}")
        );
        assert!(why("{% if %}").contains("line 1: syntax error"));
        assert!(why("{ \"text\": \"{{ data.summary }}\" }").contains("a value brings its own quotes"));
        assert!(why(&"x".repeat(LONGEST + 1)).contains("at most 32 KiB"));
    }

    #[test]
    fn nothing_but_the_event_can_be_reached() {
        for template in
            ["{% include \"/etc/passwd\" %}", "{% import \"x\" as x %}", "{{ now() }}", "{{ env }}"]
        {
            check(template, "text/plain").unwrap_err();
        }
    }

    #[test]
    fn neither_time_nor_memory_runs_away() {
        let doubling = "{% set a = a ~ a %}".repeat(40);
        for template in [
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "{{ \"x\" * 99000000 }}",
            &format!("{{% set a = data.summary %}}{doubling}{{{{ a }}}}"),
            "{{ data.summary | replace(\"a\", \"x\" * 9999) | replace(\"x\", \"y\" * 9999) }}",
        ] {
            let why = check(template, "text/plain").unwrap_err().message;
            assert!(why.contains("fuel") || why.contains("too large"), "{why}");
        }
    }
}
