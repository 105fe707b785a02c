//! What is accepted from the wire is what a plain JSON parser sees in it, whatever is wrong with the rest.

use baton::bayeux::{ChannelId, Malformed, Reply, Request, publish};
use serde_json::Value;

use super::wire_text;
use crate::simulation::dice::{self, Dice};

const CASES: u64 = 60_000;
const BATCH_LEN_MAX: usize = 8;
/// What is nested more deeply is refused: one level for the batch, one for each message.
const DEPTH_MAX: usize = 128;

#[test]
fn messages_are_what_json_says() {
    let mut accepted = 0_u64;
    let seeds = dice::seeds(CASES);
    let is_enough = seeds.start == 0;
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let text = if dice.percent(10) {
            String::from_utf8_lossy(&wire_text::noise(&mut dice)).into_owned()
        } else {
            wire_text::random(&mut dice, 3)
        };
        let at = format!("SEED={seed} cargo test --test it parser::\n{text}");
        accepted += u64::from(check(&text, &at));
    }
    assert!(!is_enough || accepted > CASES / 5, "only {accepted}");
}

/// True if it was accepted.
fn check(text: &str, at: &str) -> bool {
    let parsed = Request::parse(text, BATCH_LEN_MAX);
    // Numbers beyond all bounds and halves of surrogate pairs are passed on unread, so there is nothing to compare with.
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return parsed.is_ok();
    };
    let messages = match json.as_array() {
        Some(messages) => messages.as_slice(),
        None => std::slice::from_ref(&json),
    };
    let requests = match parsed {
        Ok(requests) => requests,
        Err(Malformed::TooDeep) => {
            assert!(depth(&json) > DEPTH_MAX, "{at}");
            return false;
        }
        Err(Malformed::TooMany) => {
            assert!(messages.len() > BATCH_LEN_MAX, "{at}");
            return false;
        }
        Err(Malformed::Syntax) => {
            let is_list =
                messages.iter().all(Value::is_object) && (json.is_array() || json.is_object());
            assert!(
                !is_list || names_one_twice(text, &wire_text::FIELDS),
                "{at}"
            );
            return false;
        }
    };
    assert!(depth(&json) <= DEPTH_MAX, "{at}");
    assert!(requests.len() <= BATCH_LEN_MAX, "{at}");
    assert_eq!(requests.len(), messages.len(), "{at}");
    for (request, message) in requests.iter().zip(messages) {
        compare(request, message, at);
    }
    true
}

fn compare(request: &Request<'_>, message: &Value, at: &str) {
    assert!(message.is_object(), "{at}");
    let raw = |raw: Option<&serde_json::value::RawValue>| {
        raw.map(|raw| serde_json::from_str::<Value>(raw.get()).unwrap())
    };
    let given = |name: &str| message.get(name).filter(|value| !value.is_null()).cloned();
    assert_eq!(
        request.channel.as_deref(),
        message["channel"].as_str(),
        "{at}"
    );
    assert_eq!(
        request.client_id.as_deref(),
        message["clientId"].as_str(),
        "{at}"
    );
    assert_eq!(raw(request.id), given("id"), "{at}");
    assert_eq!(raw(request.data), message.get("data").cloned(), "{at}");
    assert_eq!(raw(request.subscription), given("subscription"), "{at}");
    assert!(!request.has_advice || message["advice"].is_object(), "{at}");
    compare_nested(request, message, at);
    if let Some(id) = request.id {
        let echoed = format!("\"id\":{},", id.get());
        assert!(Reply::success(request).encode().contains(&echoed), "{at}");
    }
    if let Ok((channel, _)) = publish::parse(request) {
        let name = message["channel"].as_str().unwrap();
        assert_eq!(
            channel.as_str(),
            name.strip_suffix('/').unwrap_or(name),
            "{at}"
        );
        assert!(!name.contains('*') && !name.starts_with("/meta/"), "{at}");
    }
    if let Some(name) = message["subscription"].as_str() {
        assert_eq!(
            ChannelId::parse_pattern(name).is_ok(),
            is_pattern(name),
            "{at}"
        );
    }
}

/// What stands in advice and extensions; one that names a field twice counts as absent.
fn compare_nested(request: &Request<'_>, message: &Value, at: &str) {
    let (ext, timeout_ms) = (&message["ext"], message["advice"]["timeout"].as_u64());
    let token = ext["authentication"]["token"].as_str();
    if names_one_twice(
        at,
        &[
            "timeout",
            "interval",
            "ack",
            "timesync",
            "authentication",
            "token",
            "replay",
        ],
    ) {
        assert!(
            request.ext.token.is_none() || request.ext.token.as_deref() == token,
            "{at}"
        );
        return;
    }
    assert_eq!(request.timeout_ms, timeout_ms, "{at}");
    assert_eq!(
        request.ext.wants_acknowledgement,
        ext["ack"] == true,
        "{at}"
    );
    assert_eq!(request.ext.acknowledged, ext["ack"].as_u64(), "{at}");
    assert_eq!(request.ext.token.as_deref(), token, "{at}");
}

/// The grammar of channels, letter by letter.
fn is_pattern(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    let mut segments: Vec<&str> = name.split('/').collect();
    let is_plain = |segment: &&str| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || " !#$()+-.@_{~}".contains(c);
        !segment.is_empty() && segment.chars().all(is_allowed)
    };
    if matches!(segments.last(), Some(&"*" | &"**")) {
        segments.pop();
    } else if segments.len() < 2 {
        return false;
    }
    name.len() <= 256 && segments.first() == Some(&"") && segments[1..].iter().all(is_plain)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Whether an object may name a field twice, and so be refused: here it is enough that the name stands there twice.
fn names_one_twice(text: &str, names: &[&str]) -> bool {
    let twice = |name: &&str| text.matches(&format!("\"{name}\"")).count() > 1;
    names.iter().any(twice)
}
