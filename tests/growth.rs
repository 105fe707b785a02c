//! Nothing that a client sends takes time that grows faster than it is long.

use std::hint::black_box;
use std::time::Duration;

use baton::bayeux::Request;
use baton::centre::select;
use baton::domain::UserData;
use baton::engine::Operation;
use serde_json::{Map, Value, json};

/// How much longer one is than the other.
const TIMES: usize = 8;
/// How much longer the long one may take than as many short ones: by the square it would take eight times as long. Memory is
/// not equally near for both.
const GROWTH_MAX: u32 = 3;
/// How long the long one is worked on. The clock is the scheduler's, which ticks every few milliseconds.
const LONG_ENOUGH: Duration = Duration::from_millis(80);

/// How long this thread has had a core so far: others that run meanwhile do not count.
fn worked() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = told.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

fn check<T>(what: &str, len: usize, make: impl Fn(usize) -> T, work: impl Fn(&T)) {
    let (short, long) = (make(len), make(TIMES * len));
    let (mut rounds, began) = (0, worked());
    while worked() - began < LONG_ENOUGH {
        work(&long);
        rounds += 1;
    }
    let by_long = worked() - began;
    let began = worked();
    for _ in 0..rounds * TIMES {
        work(&short);
    }
    let by_short = worked() - began;
    assert!(
        by_long < by_short * GROWTH_MAX,
        "{what}: {by_short:?}, but {by_long:?} at once"
    );
}

/// `len` keys of a JSON object, each of which `key` writes.
fn object(len: usize, key: impl Fn(usize) -> String) -> String {
    let pairs: Vec<String> = (0..len).map(|at| format!("\"{}\":{at}", key(at))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn map(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn attached_data_takes_time_in_proportion() {
    let numbered = |len| object(len, |at| format!("k{at}"));
    check("many keys", 2_000, numbered, |text| {
        let data = UserData::parse(map(text)).unwrap();
        black_box(data.merged(&data).unwrap());
    });
    // They begin with the same hundred bytes.
    let alike = |len| object(len, |at| format!("{}{at}", "k".repeat(100)));
    check("keys that are alike", 250, alike, |text| {
        black_box(UserData::parse(map(text)).unwrap());
    });
    let same = |len| object(len, |_| "k".to_owned());
    check("the same key", 5_000, same, |text| {
        black_box(UserData::parse(map(text)).unwrap());
    });
    let lists = |len: usize| format!("{{\"k\":[{}1]}}", "[],".repeat(len));
    check("empty lists", 5_000, lists, |text| {
        black_box(UserData::parse(map(text)).unwrap());
    });
}

#[test]
fn bodies_take_time_in_proportion() {
    let unknown = |len| object(len, |at| format!("k{at}"));
    check("unknown parameters", 2_000, unknown, |text| {
        Operation::parse("Accept", Some("I1"), &map(text)).unwrap();
    });
    let ids = |len: usize| {
        let ids: Vec<String> = (0..len).map(|at| format!("I{at}")).collect();
        json!({"queue": "chat", "interactionIds": ids}).to_string()
    };
    check("identifiers", 2_000, ids, |text| {
        Operation::parse("RequestPull", None, &map(text)).unwrap();
    });
    let digits = |len: usize| format!("{{\"k\":[0.{}]}}", "1".repeat(len));
    check("a long number", 20_000, digits, |text| {
        black_box(map(text));
    });
    let escapes = |len: usize| format!("{{\"k\":\"{}\"}}", "\\ud83d\\ude00".repeat(len));
    check("escapes", 5_000, escapes, |text| {
        black_box(map(text));
    });
}

#[test]
fn what_is_asked_of_a_resource_takes_time_in_proportion() {
    let resource = map(&object(50, |at| format!("k{at}")));
    let names = |len: usize| {
        let names: Vec<String> = (0..len).map(|at| format!("k{}", at % 60)).collect();
        names.join(",")
    };
    check("fields", 2_000, names, |fields| {
        black_box(select(Value::Object(resource.clone()), fields));
    });
}

#[test]
fn batches_of_messages_take_time_in_proportion() {
    let many = |len: usize| {
        let message =
            r#"{"channel":"/meta/connect","clientId":"a","connectionType":"long-polling"}"#;
        format!("[{}]", vec![message; len].join(","))
    };
    check("messages", 500, many, |text| {
        black_box(Request::parse(text, usize::MAX).unwrap());
    });
    let channels = |len: usize| {
        let names: Vec<String> = (0..len).map(|at| format!("/a/{at}")).collect();
        json!([{"channel": "/meta/subscribe", "clientId": "a", "subscription": names}]).to_string()
    };
    check("channels", 2_000, channels, |text| {
        black_box(Request::parse(text, usize::MAX).unwrap());
    });
    let deep = |len: usize| format!("[{{\"channel\":\"/a/{}\"}}]", "b/".repeat(len));
    check("a long channel", 5_000, deep, |text| {
        black_box(Request::parse(text, usize::MAX).ok());
    });
}
