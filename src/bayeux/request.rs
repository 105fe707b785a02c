use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The deepest nesting of arrays and objects that is passed on: a deeper one could break a subscriber's parser.
const DEPTH_MAX: usize = 128;

/// One message from a client. Fields of a wrong type count as absent, unknown ones are ignored.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// The channel, as written.
    pub channel: Option<Cow<'a, str>>,
    /// The identifier to echo, whatever it is.
    pub id: Option<&'a RawValue>,
    /// The session it belongs to.
    pub client_id: Option<Cow<'a, str>>,
    /// What is published; may be `null`.
    pub data: Option<&'a RawValue>,
    /// What to subscribe to or unsubscribe from.
    pub subscription: Option<&'a RawValue>,
    /// What the client can speak, of a handshake.
    pub connection_types: Option<Vec<Cow<'a, str>>>,
    /// Whether it carried advice, and so wants some back.
    pub has_advice: bool,
    /// How long this connect may be held, if the client said so.
    pub timeout_ms: Option<u64>,
    /// The extensions this server knows.
    pub ext: Ext<'a>,
}

/// The extensions of a message, as far as they are understood.
#[derive(Debug, Default)]
pub struct Ext<'a> {
    /// `ext.ack` of a handshake is true.
    pub wants_acknowledgement: bool,
    /// `ext.ack` of a connect: the last batch received.
    pub acknowledged: Option<u64>,
    /// `ext.timesync`.
    pub timesync: Option<super::extensions::timesync::Question>,
    /// `ext.authentication.token`.
    pub token: Option<Cow<'a, str>>,
    /// `ext.replay`, of a handshake or a subscribe.
    pub replay: Option<&'a RawValue>,
}

/// What came is no list of Bayeux messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON, or not a message or array of messages.
    #[error("not an array of Bayeux messages")]
    Syntax,
    /// More messages than one request may hold.
    #[error("too many messages")]
    TooMany,
    /// Nested more deeply than is passed on.
    #[error("nested too deeply")]
    TooDeep,
}

impl<'a> Request<'a> {
    /// Parses one request or frame: an array of messages, or one bare message.
    pub fn parse(text: &'a str, batch_len_max: usize) -> Result<Vec<Self>, Malformed> {
        if is_deeper_than(text, DEPTH_MAX) {
            return Err(Malformed::TooDeep);
        }
        let fields: Vec<Object<Fields<'a>>> = if text.trim_start().starts_with('{') {
            vec![serde_json::from_str(text).map_err(|_| Malformed::Syntax)?]
        } else {
            serde_json::from_str(text).map_err(|_| Malformed::Syntax)?
        };
        if fields.len() > batch_len_max {
            return Err(Malformed::TooMany);
        }
        let fields = fields.into_iter().map(|Object(fields)| fields);
        Ok(fields.map(Self::from).collect())
    }
}

/// A message as any client may write it: nothing is assumed about the type of a field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    channel: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    client_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    subscription: Option<&'a RawValue>,
    #[serde(borrow)]
    supported_connection_types: Option<&'a RawValue>,
    #[serde(borrow)]
    advice: Option<&'a RawValue>,
    #[serde(borrow)]
    ext: Option<&'a RawValue>,
}

impl<'a> From<Fields<'a>> for Request<'a> {
    fn from(fields: Fields<'a>) -> Self {
        #[derive(Deserialize)]
        struct AdviceFields<'b> {
            #[serde(borrow)]
            timeout: Option<&'b RawValue>,
        }
        let advice = fields.advice.and_then(object_of::<AdviceFields<'a>>);
        Self {
            channel: fields.channel.and_then(text_of),
            id: fields.id,
            client_id: fields.client_id.and_then(text_of),
            data: fields.data,
            subscription: fields.subscription,
            connection_types: fields.supported_connection_types.and_then(texts_of),
            has_advice: advice.is_some(),
            timeout_ms: advice.and_then(|advice| value_of(advice.timeout?)),
            ext: fields.ext.map(Ext::from).unwrap_or_default(),
        }
    }
}

impl<'a> From<&'a RawValue> for Ext<'a> {
    fn from(raw: &'a RawValue) -> Self {
        #[derive(Deserialize, Default)]
        struct ExtFields<'b> {
            #[serde(borrow)]
            ack: Option<&'b RawValue>,
            #[serde(borrow)]
            timesync: Option<&'b RawValue>,
            #[serde(borrow)]
            authentication: Option<&'b RawValue>,
            #[serde(borrow)]
            replay: Option<&'b RawValue>,
        }
        #[derive(Deserialize)]
        struct Authentication<'b> {
            #[serde(borrow)]
            token: Option<&'b RawValue>,
        }
        let fields: ExtFields<'a> = object_of(raw).unwrap_or_default();
        let authentication = fields
            .authentication
            .and_then(object_of::<Authentication<'a>>);
        Self {
            wants_acknowledgement: fields.ack.is_some_and(|raw| raw.get() == "true"),
            acknowledged: fields.ack.and_then(value_of),
            timesync: fields.timesync.and_then(object_of),
            token: authentication.and_then(|it| text_of(it.token?)),
            replay: fields.replay,
        }
    }
}

/// The string that `raw` is, borrowed unless it holds escapes.
pub(super) fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The array of strings that `raw` is.
pub(super) fn texts_of(raw: &RawValue) -> Option<Vec<Cow<'_, str>>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    items.into_iter().map(text_of).collect()
}

fn value_of<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// The same of an object: a list of its values is none, though serde would take it for one.
pub(super) fn object_of<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    value_of::<Object<T>>(raw).map(|Object(value)| value)
}

/// What is written as an object and nothing else.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// Keeps an explicit `null` apart from an absent field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn is_deeper_than(text: &str, depth_max: usize) -> bool {
    // Counting is many times faster than following, and nearly always enough.
    let opened = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if opened.count() <= depth_max {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return true;
        }
    }
    false
}
