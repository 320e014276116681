//! What the readers make of bodies, also of hostile ones.

use proptest::prelude::*;
use xpath_eval::Node;

use super::{Budget, Handle, parse, tree::MAX_NODES};

fn text(content_type: &str, body: &str) -> Result<String, String> {
    let tree = parse(content_type, body)?;
    Ok(Handle::root(&tree, &Budget::new(1)).string_value())
}

/// A tree as nested words, to compare shapes.
fn shape(content_type: &str, body: &str) -> String {
    fn write(node: Handle<'_>, out: &mut String) {
        out.push('(');
        if let Some(name) = node.expanded_name() {
            out.push_str(&name.local_name);
        }
        for attribute in node.attributes() {
            out.push_str(&format!(" @{}", attribute.string_value()));
        }
        if node.children().next().is_none() {
            out.push_str(&node.string_value());
        }
        node.children().for_each(|child| write(child, out));
        out.push(')');
    }
    let tree = parse(content_type, body).unwrap();
    let mut out = String::new();
    write(Handle::root(&tree, &Budget::new(1)), &mut out);
    out
}

#[test]
fn html_is_read_as_browsers_read_it() {
    for (body, expected) in [
        ("<p>a<p>b", "((html(head)(body(p(a))(p(b)))))"),
        ("<b>1<p>2</b>3", "((html(head)(body(b(1))(p(b(2))(3)))))"),
        ("<table>x<tr><td>y", "((html(head)(body(x)(table(tbody(tr(td(y))))))))"),
        ("<template><i>t</i></template>", "((html(head(template(i(t))))(body)))"),
        ("<a href=1 id=2>&amp;&eacute;</a>", "((html(head)(body(a @1 @2(&é)))))"),
        ("<noscript><p>n</noscript>", "((html(head(noscript))(body(p(n)))))"),
        ("<!-- c --><!doctype html>", "(( c )(html(head)(body)))"),
    ] {
        assert_eq!(format!("({})", shape("text/html", body)), format!("({expected})"), "{body}");
    }
}

#[test]
fn xml_is_read_as_it_is_written() {
    for (body, expected) in [
        ("<a><b c='1'/>t<![CDATA[<&]]>&lt;&#65;</a>", "((a(b @1)(t<&<A)))"),
        ("<?xml version='1.0'?>\n<a><!-- c --><?pi d?></a>", "((\n)(a( c )(pid)))"),
        ("<s:a xmlns:s='u' xmlns='v' s:k='x'><b/></s:a>", "((a @x(b)))"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>1</a>", "((a(1)))"),
    ] {
        assert_eq!(shape("application/xml", body), expected, "{body}");
    }
}

#[test]
fn what_is_not_xml_says_why() {
    for (body, why) in [
        ("<a><b></a>", "not well-formed XML"),
        ("<a>", "it ends inside an element"),
        ("", "no XML element"),
        ("<x:a/>", "the prefix `x` is not declared"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "`&e;` is not known"),
        ("<a b=1/>", "not well-formed XML"),
    ] {
        let message = text("text/xml", body).unwrap_err();
        assert!(message.contains(why), "{body}: {message}");
    }
}

#[test]
fn the_content_type_decides_and_without_one_the_first_characters_do() {
    assert!(text("application/soap+xml", "<p>").is_err());
    assert!(text("", "<?xml version='1.0'?><p>").is_err());
    assert_eq!(text("text/plain", " <p>x"), Ok("x".to_owned()));
    assert_eq!(text("text/html", "x"), Ok("x".to_owned()));
    assert_eq!(text("application/json", "{}"), Err("the body is neither HTML nor XML".to_owned()));
}

#[test]
fn hostile_bodies_are_given_up_in_time() {
    let attributes: String = (0..2_000).map(|n| format!("a{n} ")).collect();
    let bold: String = (0..400).map(|n| format!("<b id={n}>")).collect();
    for body in [
        "<div>".repeat(1_000_000),
        "<b><p>".repeat(200_000),
        format!("<a {attributes}>").repeat(40),
        format!("<!--{}", "x".repeat(1_000_000)),
        "<p>x".repeat(400_000),
        format!("<p>{bold}</p>{}", "<p>x</p>".repeat(10_000)),
    ] {
        assert!(text("text/html", &body).is_err(), "{}", &body[..20]);
    }
    let nested: String = (0..400).map(|n| format!("<a xmlns:n{n}='u{n}'>")).collect();
    for body in ["<a>".repeat(1_000_000), format!("<r>{}</r>", "<a/>".repeat(MAX_NODES)), nested] {
        assert!(text("text/xml", &body).is_err(), "{}", &body[..20]);
    }
}

proptest! {
    #[test]
    fn no_body_makes_a_reader_panic(body in r#"(<[/!?]?|>|[a-z]{1,3}|/>| [a-z]="|'|table|<td>|<b>|</b>|&[a-z]*;|xmlns:|<!\[CDATA\[|]]>|\PC)*"#) {
        let _ = text("text/html", &body);
        let _ = text("text/xml", &body);
    }
}
