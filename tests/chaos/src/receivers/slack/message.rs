//! What Slack takes as a message.
//!
//! Sources: <https://docs.slack.dev/reference/block-kit/blocks> and its pages of header, section, actions, context and divider;
//! <https://docs.slack.dev/reference/block-kit/block-elements/button-element>;
//! <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>;
//! <https://docs.slack.dev/messaging/formatting-message-text> (at most 20 attachments are asked for, 100 are taken) and
//! <https://docs.slack.dev/changelog/2018-truncating-really-long-messages> (text). Characters are counted in UTF-16 units, which
//! is the strictest way.

use std::collections::HashSet;

use serde_json::Value;

const TEXT: usize = 40_000;
const BLOCKS: usize = 50;
const ATTACHMENTS: usize = 20;

/// Whether Slack would take a message.
///
/// # Errors
///
/// Its word for what is wrong, and where.
pub fn check(message: &Value) -> Result<(), String> {
    let text = message["text"].as_str().unwrap_or_default();
    let (blocks, attachments) = (&message["blocks"], &message["attachments"]);
    if text.is_empty() && blocks.is_null() && attachments.is_null() {
        return Err("no_text".to_owned());
    }
    if units(text) > TEXT {
        return Err(format!("msg_too_long: {} characters", units(text)));
    }
    check_blocks(blocks)?;
    let attachments = list(attachments).ok_or("invalid_attachments")?;
    if attachments.len() > ATTACHMENTS {
        return Err(format!("too_many_attachments: {}", attachments.len()));
    }
    attachments.iter().try_for_each(|attachment| check_blocks(&attachment["blocks"]))
}

fn check_blocks(blocks: &Value) -> Result<(), String> {
    let blocks = list(blocks).ok_or("invalid_blocks_format")?;
    if blocks.len() > BLOCKS {
        return Err(format!("invalid_blocks: {} of them", blocks.len()));
    }
    let mut ids = HashSet::new();
    for (number, block) in blocks.iter().enumerate() {
        let unique = block["block_id"].as_str().is_none_or(|id| units(id) <= 255 && ids.insert(id));
        let checked = if unique { check_block(block) } else { Err("its block_id".to_owned()) };
        checked.map_err(|why| format!("invalid_blocks: block {number}: {why}"))?;
    }
    Ok(())
}

fn check_block(block: &Value) -> Result<(), String> {
    match block["type"].as_str() {
        Some("divider") => keys(block, &[]),
        Some("header") => {
            keys(block, &["text"])?;
            check_text(&block["text"], 150, true)
        }
        Some("section") => {
            keys(block, &["text", "fields"])?;
            if block["text"].is_null() && block["fields"].is_null() {
                return Err("neither text nor fields".to_owned());
            }
            if !block["text"].is_null() {
                check_text(&block["text"], 3000, false)?;
            }
            if block["fields"].is_null() {
                return Ok(());
            }
            each(&block["fields"], 10, |field| check_text(field, 2000, false))
        }
        Some("context") => {
            keys(block, &["elements"])?;
            each(&block["elements"], 10, |element| check_text(element, 3000, false))
        }
        Some("actions") => {
            keys(block, &["elements"])?;
            each(&block["elements"], 25, check_button)
        }
        other => Err(format!("a type that nobody knows: {other:?}")),
    }
}

fn check_button(button: &Value) -> Result<(), String> {
    if button["type"] != "button" {
        return Err(format!("no button: {}", button["type"]));
    }
    keys(button, &["text", "action_id", "url", "value", "style", "accessibility_label"])?;
    check_text(&button["text"], 75, true)?;
    for (name, most) in [("action_id", 255), ("url", 3000), ("value", 2000)] {
        if button[name].as_str().is_some_and(|text| units(text) > most) {
            return Err(format!("{name} of more than {most} characters"));
        }
    }
    Ok(())
}

fn check_text(text: &Value, most: usize, plain: bool) -> Result<(), String> {
    match text["type"].as_str() {
        Some("plain_text") => keys(text, &["text", "emoji"])?,
        Some("mrkdwn") if !plain => keys(text, &["text", "verbatim"])?,
        other => return Err(format!("a text of the type {other:?}")),
    }
    let length = text["text"].as_str().map_or(0, units);
    if (1..=most).contains(&length) {
        Ok(())
    } else {
        Err(format!("a text of {length} characters, not 1 to {most}"))
    }
}

fn each(items: &Value, most: usize, check: impl Fn(&Value) -> Result<(), String>) -> Result<(), String> {
    let items = items.as_array().ok_or("no list")?;
    if items.is_empty() || items.len() > most {
        return Err(format!("{} items, not 1 to {most}", items.len()));
    }
    items.iter().try_for_each(check)
}

/// Slack refuses what it does not know.
fn keys(object: &Value, known: &[&str]) -> Result<(), String> {
    let mut unknown = object.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    match unknown.find(|key| !known.contains(key) && !["type", "block_id"].contains(key)) {
        Some(key) => Err(format!("an unknown `{key}`")),
        None => Ok(()),
    }
}

/// Nothing is a list without items.
fn list(value: &Value) -> Option<&[Value]> {
    if value.is_null() { Some(&[]) } else { value.as_array().map(Vec::as_slice) }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(block: Value) -> String {
        check(&json!({ "text": "t", "attachments": [{ "blocks": [block] }] })).err().unwrap_or_default()
    }

    fn section(length: usize) -> Value {
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(length) } })
    }

    #[test]
    fn a_message_at_its_limits_is_taken() {
        let field = json!({ "type": "mrkdwn", "text": "x".repeat(2000) });
        let button = json!({
            "type": "button", "action_id": "a", "url": "u".repeat(3000),
            "text": { "type": "plain_text", "text": "x".repeat(75), "emoji": false },
        });
        for block in [
            section(3000),
            json!({ "type": "section", "fields": vec![field; 10] }),
            json!({ "type": "header", "text": { "type": "plain_text", "text": "x".repeat(150) } }),
            json!({ "type": "actions", "elements": [button] }),
            json!({ "type": "divider" }),
        ] {
            assert_eq!(why(block), "");
        }
    }

    #[test]
    fn a_message_past_them_is_not() {
        let text = |kind: &str, length: usize| json!({ "type": kind, "text": "x".repeat(length) });
        for block in [
            section(3001),
            section(0),
            json!({ "type": "section" }),
            json!({ "type": "section", "fields": vec![text("mrkdwn", 1); 11] }),
            json!({ "type": "section", "fields": [text("mrkdwn", 2001)] }),
            json!({ "type": "header", "text": text("plain_text", 151) }),
            json!({ "type": "header", "text": text("mrkdwn", 1) }),
            json!({ "type": "actions", "elements": [{ "type": "button", "text": text("plain_text", 76) }] }),
            json!({ "type": "actions", "elements": [] }),
            json!({ "type": "section", "text": text("plain_text", 1), "color": "red" }),
            json!({ "type": "banner" }),
        ] {
            assert!(why(block.clone()).starts_with("invalid_blocks: block 0: "), "{block}");
        }
        assert!(check(&json!({ "text": "t", "blocks": vec![section(1); 51] })).is_err());
        assert!(check(&json!({ "text": "t", "attachments": vec![json!({}); 21] })).is_err());
        assert!(check(&json!({ "text": "x".repeat(40_001) })).is_err());
        assert_eq!(check(&json!({})), Err("no_text".to_owned()));
    }
}
