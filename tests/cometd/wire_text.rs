//! Text as clients write it, and as they should not: valid messages with something wrong.

use crate::simulation::dice::Dice;

/// Messages of every kind; `CLIENT` stands for a session.
const MESSAGES: [&str; 14] = [
    r#"{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling","websocket"],"advice":{"timeout":60000,"interval":0},"ext":{"ack":true,"replay":true}}"#,
    r#"{"channel":"/meta/handshake","id":2,"version":"1.0","ext":{"authentication":{"token":"alice"},"replay":{"epoch":"c0ffee"}}}"#,
    r#"{"channel":"/meta/connect","clientId":"CLIENT","id":"3","connectionType":"long-polling","ext":{"ack":0}}"#,
    r#"{"channel":"/meta/connect","clientId":"CLIENT","id":4,"connectionType":"websocket","advice":{"timeout":0}}"#,
    r#"{"channel":"/meta/connect","clientId":"CLIENT","id":4,"ext":{"timesync":{"tc":12345678,"l":7,"o":-3.5}}}"#,
    r#"{"channel":"/meta/subscribe","clientId":"CLIENT","id":"5","subscription":"/a/**"}"#,
    r#"{"channel":"/meta/subscribe","clientId":"CLIENT","id":"6","subscription":["/a/b/","/*"],"ext":{"replay":{"/a/b":17,"/*":"-2"}}}"#,
    r#"{"channel":"/meta/unsubscribe","clientId":"CLIENT","id":"7","subscription":"/a/**"}"#,
    r#"{"channel":"/a/b","clientId":"CLIENT","id":"8","data":{"text":"h\u00e9 \"\\\n\ud83d\ude00","n":[1,2.5e-3,null,true]}}"#,
    r#"{"channel":"/service/echo","clientId":"CLIENT","data":null}"#,
    r#"{"channel":"/service/echo","clientId":"CLIENT","data":"grüße"}"#,
    r#"{"channel":"/meta/unheard","clientId":"CLIENT","id":{"odd":[]}}"#,
    r#"{"channel":"/meta/subscribe","clientId":"CLIENT","subscription":[]}"#,
    r#"{"channel":"/meta/disconnect","clientId":"NOBODY","id":"9"}"#,
];

/// What parsers stumble over.
const STONES: [&str; 36] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "[[",
    "]]",
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1",
    "-2",
    "1e999",
    "18446744073709551616",
    "-0.0",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\u{0}",
    "\u{feff}",
    "ü",
    "😀",
    "\r\n",
    " ",
    "/**",
    "/*",
    "/meta/",
    "\"id\":1,",
    "\"ext\":[true],",
    "\"advice\":[5],",
    "\"channel\":\"/a\",",
];

/// A request or frame: some messages, and up to so many mistakes.
pub(super) fn random(dice: &mut Dice, mistakes_max: u64) -> String {
    let count = *dice.one_of(&[0, 1, 1, 1, 2, 3, 9]).unwrap();
    let messages: Vec<&str> = (0..count).map(|_| dice.pick(&MESSAGES)).collect();
    let mut text = match messages.as_slice() {
        [one] if dice.percent(20) => (*one).to_owned(),
        [one] if dice.percent(10) => as_list(one),
        several => format!("[{}]", several.join(",")),
    };
    for _ in 0..dice.below(mistakes_max + 1) {
        spoil(dice, &mut text);
    }
    text
}

/// Anything at all.
pub(super) fn noise(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(200))
        .map(|_| u8::try_from(dice.below(256)).unwrap())
        .collect()
}

/// The fields of a message that the server reads.
pub(super) const FIELDS: [&str; 8] = [
    "channel",
    "id",
    "clientId",
    "data",
    "subscription",
    "supportedConnectionTypes",
    "advice",
    "ext",
];

/// A message as the list of its values.
fn as_list(message: &str) -> String {
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(message).unwrap();
    let values = FIELDS.map(|name| fields.get(name).cloned().unwrap_or_default());
    serde_json::json!([values]).to_string()
}

fn spoil(dice: &mut Dice, text: &mut String) {
    let at = place(dice, text);
    match dice.below(5) {
        0 => text.truncate(at),
        1 if at < text.len() => drop(text.remove(at)),
        2 => {
            let (start, end) = (at.min(place(dice, text)), at);
            let piece = text[start..end].to_owned();
            text.insert_str(at, &piece);
        }
        3 => {
            let depth = usize::try_from(dice.below(160)).unwrap();
            let (open, shut) = *dice.one_of(&[("[", "]"), (r#"{"a":"#, "}")]).unwrap();
            text.insert_str(
                at,
                &format!("{}1{}", open.repeat(depth), shut.repeat(depth)),
            );
        }
        _ => text.insert_str(at, dice.pick(&STONES)),
    }
}

fn place(dice: &mut Dice, text: &str) -> usize {
    let mut at = usize::try_from(dice.below(text.len() as u64 + 1)).unwrap();
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
