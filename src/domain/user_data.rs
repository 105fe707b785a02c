//! Attached data of an interaction: a nested map with limits.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Refusal;

/// Largest attached data of one interaction, in bytes of its JSON text (design section 5).
pub const USER_DATA_BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting of attached data, the outermost map counted as one.
pub const USER_DATA_DEPTH_MAX: usize = 32;
/// Longest key, in characters.
const KEY_LEN_MAX: usize = 256;
/// Largest number of magnitude that every client reads back unchanged: 2^53.
const EXACT_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// Names of an interaction's own attributes. Attached data must not shadow them (interaction-models 2.6, r32).
/// `ExternalId` and `ParentID` are the reference's exceptions.
const RESERVED: [&str; 30] = [
    "InteractionId",
    "MediaType",
    "InteractionType",
    "InteractionSubtype",
    "TenantId",
    "Queue",
    "Workbin",
    "WorkbinAgentId",
    "WorkbinPlaceId",
    "WorkbinAgentGroupId",
    "WorkbinPlaceGroupId",
    "InteractionState",
    "IsOnline",
    "AbandonedAt",
    "IsLocked",
    "IsHeld",
    "HeldAt",
    "ReceivedAt",
    "SubmittedAt",
    "SubmittedBy",
    "SubmitSeq",
    "PlacedInQueueAt",
    "PlaceInQueueSeq",
    "MovedToQueueAt",
    "SubmittedToRouterAt",
    "DeliveredAt",
    "AssignedTo",
    "AssignedAt",
    "CompletedAt",
    "FlexibleProperties",
];

/// Attached data within its limits: at most 256 KiB, 32 levels, no reserved name at the top.
///
/// Kept as its JSON text, which is what almost everybody wants of it, and a quarter of the map that it stands for.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct UserData {
    /// Of a map, whose keys are in order: equal maps have equal texts.
    text: Box<RawValue>,
}

impl UserData {
    /// Checks a map against the limits.
    ///
    /// # Errors
    /// Too large, too deep, a reserved or overlong key, or a number that cannot be kept exactly.
    pub fn parse(map: Map<String, Value>) -> Result<Self, Refusal> {
        for key in map.keys() {
            if RESERVED.contains(&key.as_str()) {
                return Err(Refusal::read_only(key));
            }
        }
        check_map(&map, 1)?;
        let parsed = Self::of_map(&map);
        if parsed.text_len() > USER_DATA_BYTES_MAX {
            return Err(Refusal::too_large("userData", USER_DATA_BYTES_MAX));
        }
        Ok(parsed)
    }

    fn of_map(map: &Map<String, Value>) -> Self {
        let text = to_raw_value(map);
        Self {
            text: text.expect("a map of JSON values has a text"),
        }
    }

    /// Bytes of its JSON text.
    pub fn text_len(&self) -> usize {
        self.text.get().len()
    }

    /// Its JSON text.
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// The map that it stands for.
    pub fn to_map(&self) -> Map<String, Value> {
        serde_json::from_str(self.text.get()).expect("the text was made of a map")
    }

    /// This data with `other` laid over it: maps are merged key by key, anything else is replaced.
    ///
    /// # Errors
    /// The merged data breaks a limit.
    pub fn merged(&self, other: &Self) -> Result<Self, Refusal> {
        let both = Merged {
            under: &self.text,
            over: &other.text,
        };
        let text = to_raw_value(&both).expect("keys and texts have a text");
        let merged = Self { text };
        if merged.text_len() > USER_DATA_BYTES_MAX {
            return Err(Refusal::too_large("userData", USER_DATA_BYTES_MAX));
        }
        Ok(merged)
    }

    /// This data without the keys that `names` has. Where `names` holds a non-empty map, the removal
    /// descends into it; any other value only names its key. Also the paths of keys that were not there.
    #[must_use]
    pub fn without(&self, names: &Self) -> (Self, Vec<String>) {
        let mut map = self.to_map();
        let mut missing = Vec::new();
        remove(&mut map, &names.to_map(), "", &mut missing);
        (Self::of_map(&map), missing)
    }
}

impl Default for UserData {
    fn default() -> Self {
        Self::of_map(&Map::new())
    }
}

impl PartialEq for UserData {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get()
    }
}

impl TryFrom<Map<String, Value>> for UserData {
    type Error = Refusal;
    fn try_from(map: Map<String, Value>) -> Result<Self, Refusal> {
        Self::parse(map)
    }
}

impl Serialize for UserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

fn check_map(map: &Map<String, Value>, depth: usize) -> Result<(), Refusal> {
    if depth > USER_DATA_DEPTH_MAX {
        return Err(Refusal::too_deep("userData", USER_DATA_DEPTH_MAX));
    }
    for (key, value) in map {
        if key.is_empty() || key.chars().count() > KEY_LEN_MAX {
            return Err(Refusal::invalid_value("userData key", key));
        }
        check_value(value, depth)?;
    }
    Ok(())
}

fn check_value(value: &Value, depth: usize) -> Result<(), Refusal> {
    match value {
        Value::Object(map) => check_map(map, depth + 1),
        Value::Array(items) if depth >= USER_DATA_DEPTH_MAX && !items.is_empty() => {
            Err(Refusal::too_deep("userData", USER_DATA_DEPTH_MAX))
        }
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| check_value(item, depth + 1)),
        // An integer beyond 64 bits arrives as a rounded float: refused rather than silently changed.
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.abs() < EXACT_FLOAT_MAX => Ok(()),
            _ => Err(Refusal::invalid_value(
                "userData number",
                &number.to_string(),
            )),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// A key of a map's text.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// One map laid over another, as the map that it becomes. Only what is in both is looked into, everything else is taken as
/// the text that it is: this is the operation that desktops ask for most.
struct Merged<'a> {
    under: &'a RawValue,
    over: &'a RawValue,
}

impl Serialize for Merged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (under, over) = (entries(self.under), entries(self.over));
        let (mut under, mut over) = (under.0.iter().peekable(), over.0.iter().peekable());
        loop {
            match (under.peek(), over.peek()) {
                (Some((key, below)), Some((same, above))) if key == same => {
                    if is_map(below) && is_map(above) {
                        let both = Merged {
                            under: below,
                            over: above,
                        };
                        map.serialize_entry(key, &both)?;
                    } else {
                        map.serialize_entry(key, above)?;
                    }
                    under.next();
                    over.next();
                }
                (Some((key, value)), other) if other.is_none_or(|(other, _)| key < other) => {
                    map.serialize_entry(key, value)?;
                    under.next();
                }
                (_, Some((key, value))) => {
                    map.serialize_entry(key, value)?;
                    over.next();
                }
                _ => return map.end(),
            }
        }
    }
}

/// The entries of a map's text, in the order of their keys.
struct Entries<'a>(Vec<(Key<'a>, &'a RawValue)>);

fn entries(map: &RawValue) -> Entries<'_> {
    serde_json::from_str(map.get()).expect("the text was made of a map")
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

struct InOrder<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for InOrder<'a> {
    type Value = Entries<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

fn is_map(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn remove(
    map: &mut Map<String, Value>,
    names: &Map<String, Value>,
    path: &str,
    missing: &mut Vec<String>,
) {
    for (key, value) in names {
        let here = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match (map.get_mut(key), value) {
            (None, _) => missing.push(here),
            (Some(Value::Object(inner)), Value::Object(inner_names)) if !inner_names.is_empty() => {
                remove(inner, inner_names, &here, missing);
            }
            _ => {
                map.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data(value: Value) -> UserData {
        serde_json::from_value(value).expect("within the limits")
    }

    #[test]
    fn maps_are_merged_key_by_key() {
        let merged = data(json!({"a": 1, "m": {"x": 1, "y": 2}}))
            .merged(&data(json!({"b": 2, "m": {"y": 3}})))
            .expect("small");
        assert_eq!(merged, data(json!({"a": 1, "b": 2, "m": {"x": 1, "y": 3}})));
        let check = |under: Value, over: Value, expected: Value| {
            let merged = data(under).merged(&data(over)).expect("small");
            assert_eq!(merged, data(expected));
        };
        check(json!({}), json!({"a": {}}), json!({"a": {}}));
        check(json!({"a": {}}), json!({}), json!({"a": {}}));
        check(json!({"a": {"b": 1}}), json!({"a": 2}), json!({"a": 2}));
        check(
            json!({"a": [1]}),
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 1}}),
        );
        check(
            json!({"a\"\n": {"b": {"c": 1}}}),
            json!({"a\"\n": {"b": {"d": null}}, "A": "{"}),
            json!({"A": "{", "a\"\n": {"b": {"c": 1, "d": null}}}),
        );
        let half = json!({"x": "x".repeat(USER_DATA_BYTES_MAX / 2)});
        let other = json!({"y": "y".repeat(USER_DATA_BYTES_MAX / 2)});
        assert!(data(half).merged(&data(other)).is_err());
    }

    #[test]
    fn removal_descends_into_maps_and_lists_what_was_not_there() {
        let (left, missing) = data(json!({"a": 1, "m": {"x": 1, "y": 2}, "n": {"z": 1}})).without(
            &data(json!({"a": "any", "m": {"y": null, "q": 0}, "n": {}, "k": 1})),
        );
        assert_eq!(left, data(json!({"m": {"x": 1}})));
        assert_eq!(missing, ["k", "m.q"]);
    }

    #[test]
    fn limits_are_kept() {
        let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"k": inner}));
        let parse = |value: Value| serde_json::from_value::<UserData>(value);
        assert!(parse(deep(USER_DATA_DEPTH_MAX)).is_ok());
        assert!(parse(deep(USER_DATA_DEPTH_MAX + 1)).is_err());
        assert!(parse(json!({"k": "x".repeat(USER_DATA_BYTES_MAX)})).is_err());
        assert!(parse(json!({"Queue": "other"})).is_err());
        assert!(parse(json!({"k": {"Queue": "fine below the top"}})).is_ok());
        assert!(parse(json!({"k": 1e22})).is_err());
        assert!(parse(json!({"k": 18_446_744_073_709_551_615_u64, "l": 0.5, "n": null})).is_ok());
        assert!(parse(json!({"": 1})).is_err());
    }

    #[test]
    fn limits_are_kept_to_the_last_byte_key_and_level() {
        let parse = |value: Value| serde_json::from_value::<UserData>(value);
        let text = |len: usize| json!({"k": "x".repeat(len)});
        assert_eq!(USER_DATA_BYTES_MAX, 262_144, "256 KiB");
        let around_len = text(0).to_string().len();
        let largest = parse(text(USER_DATA_BYTES_MAX - around_len)).expect("as large as may be");
        assert_eq!(largest.text_len(), USER_DATA_BYTES_MAX);
        assert!(parse(text(USER_DATA_BYTES_MAX - around_len + 1)).is_err());
        assert!(parse(json!({"x".repeat(KEY_LEN_MAX): 1})).is_ok());
        assert!(parse(json!({"x".repeat(KEY_LEN_MAX + 1): 1})).is_err());
        let lists = |levels: usize, innermost: Value| json!({"k": (1..levels).fold(innermost, |inner, _| json!([inner]))});
        assert!(parse(lists(USER_DATA_DEPTH_MAX - 1, json!([1]))).is_ok());
        assert!(parse(lists(USER_DATA_DEPTH_MAX, json!([]))).is_ok());
        assert!(parse(lists(USER_DATA_DEPTH_MAX, json!([1]))).is_err());
        assert!(parse(lists(USER_DATA_DEPTH_MAX + 1, json!([]))).is_err());
        assert!(parse(json!({"k": EXACT_FLOAT_MAX - 1.0})).is_ok());
        assert!(parse(json!({"k": EXACT_FLOAT_MAX})).is_err());
    }
}
