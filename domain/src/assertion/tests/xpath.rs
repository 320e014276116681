//! XPath over HTML and XML bodies.

use serde_json::{Value, json};

use super::{only, problems, sample};
use crate::{answer::Answer, result::AssertionOutcome};

const PAGE: &str = r#"<!doctype html><title>Shop</title>
<h1>Orders <b>today</b></h1>
<ul><li class=sku data-n=2>A</li><li class=sku data-n=1>B</li></ul>
<input name=csrf value="t0k">"#;

const SOAP: &str = r#"<?xml version="1.0"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:shop">
  <soap:Body><order id="7"><total currency="EUR">19.50</total><item/><item/></order></soap:Body>
</soap:Envelope>"#;

fn html() -> Answer {
    sample::with_body("text/html; charset=utf-8", PAGE)
}

fn xml() -> Answer {
    sample::with_body("application/soap+xml", SOAP)
}

fn passes(answer: &Answer, path: &str, (comparison, operand): (&str, Value)) -> bool {
    let written = json!({ "xpath": { "path": path, comparison: operand } });
    only(&written, answer).outcome == AssertionOutcome::Passed
}

#[test]
fn html_and_xml_are_asked_in_the_same_words() {
    let (html, xml) = (html(), xml());
    for (answer, path, comparison) in [
        (&html, "//title", ("equals", json!("Shop"))),
        (&html, "//h1", ("equals", json!("Orders today"))),
        (&html, "//h1/text()", ("starts_with", json!("Orders"))),
        (&html, "//input[@name='csrf']/@value", ("equals", json!("t0k"))),
        (&html, "//li", ("equals", json!(["A", "B"]))),
        (&html, "//li[@class='sku'][last()]", ("equals", json!("B"))),
        (&html, "count(//li)", ("equals", json!(2))),
        (&html, "sum(//li/@data-n) div 2", ("equals", json!(1.5))),
        (&html, "boolean(//nav)", ("equals", json!(false))),
        (&html, "//nav", ("exists", json!(false))),
        (&html, "normalize-space(//h1)", ("matches", json!("^Orders today$"))),
        (&html, "id('x')", ("is_null", json!(true))),
        (&xml, "/soap:Envelope/soap:Body/order/@id", ("equals", json!("7"))),
        (&xml, "number(//total) > 19", ("equals", json!(true))),
        (&xml, "//total/@currency", ("in", json!(["EUR", "USD"]))),
        (&xml, "count(//item)", ("gte", json!(2))),
        (&xml, "//wsa:To", ("exists", json!(false))),
    ] {
        assert!(passes(answer, path, comparison.clone()), "{path} {comparison:?}");
    }
}

#[test]
fn what_is_asked_of_each_item_is_asked_of_a_lone_node_too() {
    let html = html();
    assert!(passes(&html, "//li", ("all", json!({ "matches": "^[AB]$" }))));
    assert!(passes(&html, "//h1", ("all", json!({ "starts_with": "Orders" }))));
    assert!(passes(&html, "//h1", ("none", json!("Basket"))));
    assert!(!passes(&html, "//h1", ("any", json!("Basket"))));
}

#[test]
fn what_is_not_there_is_told() {
    let why = |answer: &Answer, path: &str| {
        only(&json!({ "xpath": { "path": path, "exists": true } }), answer).message.unwrap()
    };
    assert_eq!(why(&html(), "//nav"), "nothing is at `//nav`");
    assert_eq!(why(&html(), "0 div 0"), "`0 div 0` gives NaN, which is no number");
    assert_eq!(why(&sample::json(&json!({})), "//a"), "the body is neither HTML nor XML");
    let broken = sample::with_body("text/xml", "<a>\n<b></a>");
    assert!(why(&broken, "//a").starts_with("the body is not well-formed XML: "), "{}", why(&broken, "//a"));
}

#[test]
fn a_query_that_cannot_work_is_refused_when_it_is_read() {
    for (path, message, help) in [
        ("//h1[", "not an XPath (1.0), at its end", ""),
        ("//h1]", "not an XPath (1.0), at `]`", ""),
        ("contians(//h1, 'a')", "XPath 1.0 has no function `contians()`", "did you mean `contains()`?"),
        ("//a[matches(., 'x')]", "XPath 1.0 has no function `matches()`", "functions are last, "),
        ("//a[@id = $id]", "an XPath has no variables here, found `$id`", "write a reference"),
    ] {
        let found = problems(&json!({ "xpath": { "path": path, "exists": true } })).remove(0);
        assert!(found.message.contains(message), "{path}: {}", found.message);
        assert!(found.help.unwrap_or_default().starts_with(help), "{path}");
        assert_eq!(found.pointer, "/xpath/path");
    }
    let found = problems(&json!({ "xpath": { "equals": "x" } })).remove(0);
    assert_eq!(found.message, "`xpath` needs a `path`");
}

#[test]
fn no_query_exhausts_the_stack() {
    for (start, end) in [
        ("(", ""),
        ("-", "1"),
        ("a[", ""),
        ("1+", "1"),
        ("a or ", "a"),
        ("not(", ""),
        ("a/", "a"),
        ("a|", "a"),
        ("- ", "1"),
    ] {
        for times in [10, 12, 60, 100, 255, 1_000] {
            let path = format!("{}{end}", start.repeat(times));
            let written = json!({ "xpath": { "path": path, "exists": true } });
            if problems(&written).is_empty() {
                only(&written, &html());
            }
        }
    }
}

#[test]
fn a_query_that_would_take_minutes_is_given_up() {
    let body = format!("<r>{}</r>", "<a><b>x</b></a>".repeat(20_000));
    let large = sample::with_body("text/xml", body);
    for path in [
        "//*[//*[//*[. = 'y']]]",
        "count(//*/following::*)",
        "//b[. = //b[position() > 5]][. != .]",
        "//a/preceding-sibling::a/following-sibling::a/preceding-sibling::a",
    ] {
        let result = only(&json!({ "xpath": { "path": path, "exists": true } }), &large);
        assert_eq!(result.message.unwrap(), format!("`{path}` takes too long over this body"));
    }
}
