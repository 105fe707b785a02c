//! What a socket says to frames that no client library would send: the rules of RFC 6455, byte by byte.

use std::time::Duration;

use baton::hub::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::carriers::upgraded;
use super::script::World;

const PATIENCE: Duration = Duration::from_secs(5);
/// Frames that are sent, and what comes back: frames, nothing, the same, or a close with its code.
///
/// A frame is its first byte, a colon, and its text or, after `x`, its bytes. Sent ones are masked, but for those with `!`.
/// After each line the socket is closed with 1000, so that everything that comes back is seen.
const TABLE: &str = "
# Text in one frame, in fragments, in fragments around a ping; empty fragments.
81:[] -> 81:[]
01:[ 80:] -> 81:[]
01:[ 89:ping 80:] -> 8a:ping 81:[]
01: 00:[ 00: 80:] -> 81:[]
# Pings are answered with their data, unasked pongs and binary frames with nothing.
89: -> 8a:
89:x00ff -> 8a:x00ff
8a:unasked -> nothing
82:x00 -> nothing
02:x00 80:x00 -> nothing
# A close comes back as it is, whatever its code is among the valid ones.
88: -> echo
88:x03e8 -> echo
88:x03e9627965 -> echo
88:x03f3 -> echo
88:x0bb8 -> echo
88:x1387 -> echo
# Codes that must not be sent, half a code, a reason that is no text.
88:x0000 -> close 1002
88:x03e7 -> close 1002
88:x03ec -> close 1002
88:x03ed -> close 1002
88:x03ee -> close 1002
88:x03f8 -> close 1002
88:x0bb7 -> close 1002
88:xffff -> close 1002
88:x03 -> close 1002
88:x03e8ff -> close 1007
# Reserved bits and opcodes.
c1:[] -> close 1002
a1:[] -> close 1002
91:[] -> close 1002
83: -> close 1002
87: -> close 1002
8b: -> close 1002
8f: -> close 1002
# Control frames in fragments, fragments of nothing, a new message within another.
09:ping -> close 1002
08:x03e8 -> close 1002
80:[] -> close 1002
00:[] -> close 1002
01:[ 81:[] -> close 1002
01:[ 82:x00 -> close 1002
# Without a mask.
!81:[] -> close 1002
# What is no UTF-8, also when it shows in a later fragment; a character that is cut by a fragment is fine.
81:xff -> close 1007
81:xc0af -> close 1007
81:xeda080 -> close 1007
81:xf4908080 -> close 1007
01:[ 80:xff -> close 1007
81:xe282 -> close 1007
01:[\" 00:xe2 00:x82 00:xac 80:\"] -> close 1007
# No list of messages.
81:[ -> close 1007
81:x00 -> close 1007
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_are_answered_by_the_rules() {
    let world = World::start(Settings::default()).await;
    for line in TABLE.lines() {
        let Some((sent, expected)) = line.split_once(" -> ") else {
            continue;
        };
        let bytes: Vec<u8> = sent.split(' ').flat_map(|it| frame_of(it, true)).collect();
        let expected = match expected.split(' ').collect::<Vec<_>>()[..] {
            ["nothing"] => close(1000),
            ["echo"] => frame_of(sent, false),
            ["close", code] => close(code.parse().unwrap()),
            ref answers => {
                let answers = answers.iter().flat_map(|it| frame_of(it, false));
                answers.chain(close(1000)).collect()
            }
        };
        assert_eq!(exchange(&world, &bytes).await, expected, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_frames_are_short_and_messages_bounded() {
    let world = World::start(Settings {
        message_size_max: 300,
        ..Settings::default()
    })
    .await;
    let spaces = |first: u8, len: usize| frame(first, &vec![b' '; len], true);
    let pong = frame(0x8a, &[b' '; 125], false);
    for (sent, expected) in [
        (spaces(0x89, 125), [pong, close(1000)].concat()),
        (spaces(0x89, 126), close(1002)),
        // Taken, and then no JSON.
        (spaces(0x81, 300), close(1007)),
        (spaces(0x81, 301), close(1009)),
        ([spaces(0x01, 200), spaces(0x80, 101)].concat(), close(1009)),
        // Announced only: nobody waits for the rest.
        (
            vec![0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            close(1009),
        ),
    ] {
        assert_eq!(exchange(&world, &sent).await, expected, "{:?}", &sent[..2]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_may_come_byte_by_byte() {
    let world = World::start(Settings::default()).await;
    let mut stream = upgraded(&world.url).await;
    stream.set_nodelay(true).unwrap();
    for byte in ["01:[", "89:ping", "80:]"]
        .iter()
        .flat_map(|it| frame_of(it, true))
    {
        stream.write_all(&[byte]).await.unwrap();
    }
    let expected = [frame_of("8a:ping", false), frame_of("81:[]", false)].concat();
    let mut seen = vec![0; expected.len()];
    let read = timeout(PATIENCE, stream.read_exact(&mut seen)).await;
    read.expect("an answer in time").unwrap();
    assert_eq!(seen, expected);
}

/// Everything that comes back for `sent` and a close; a refusal without its reason, which is the library's.
async fn exchange(world: &World, sent: &[u8]) -> Vec<u8> {
    let mut stream = upgraded(&world.url).await;
    let all = [sent, &frame(0x88, &1000_u16.to_be_bytes(), true)].concat();
    stream.write_all(&all).await.unwrap();
    let mut seen = Vec::new();
    // The server may have closed before it has read everything: then the connection ends with an error.
    let end = timeout(PATIENCE, stream.read_to_end(&mut seen)).await;
    end.expect("an end in time").ok();
    let is_refusal = sent[0] != 0x88 || seen[2..].starts_with(&1002_u16.to_be_bytes());
    if is_refusal && seen[0] == 0x88 && seen.len() == 2 + usize::from(seen[1]) {
        seen.truncate(4);
        seen[1] = 2;
    }
    seen
}

fn close(code: u16) -> Vec<u8> {
    frame(0x88, &code.to_be_bytes(), false)
}

fn frame_of(text: &str, from_client: bool) -> Vec<u8> {
    let (masked, text) = match text.strip_prefix('!') {
        Some(text) => (false, text),
        None => (from_client, text),
    };
    let (first, payload) = text.split_once(':').unwrap();
    let payload = match payload.strip_prefix('x') {
        Some(hex) => bytes_of(hex),
        None => payload.as_bytes().to_vec(),
    };
    frame(u8::from_str_radix(first, 16).unwrap(), &payload, masked)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A frame with a mask of zeros, or none.
fn frame(first: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask_bit = if masked { 0x80 } else { 0 };
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len @ 0..=125) => frame.push(mask_bit | len),
        _ => {
            frame.push(mask_bit | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    if masked {
        frame.extend([0; 4]);
    }
    frame.extend(payload);
    frame
}
