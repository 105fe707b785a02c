//! How resources are asked for and shown, the same everywhere (gateway-api 1.7): `fields`, `subresources`, filters by
//! attribute, `offset` and `limit`; lists without `fields` are URIs.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde_json::{Number, Value, json};

use super::App;
use super::error::ApiError;
use crate::centre::select;
use crate::domain::{Interaction, Sequence};

/// Members of a collection in one reply; `offset` asks for the next ones.
pub(super) const PAGE_LEN_MAX: usize = 500;
/// Bytes of attached data in one reply, above which no further interaction is added.
pub(super) const REPLY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A kind of resource: its names, and the attributes that a list can be filtered by.
pub(super) struct Kind {
    /// The key of a single one.
    pub(super) one: &'static str,
    /// The key of a list.
    pub(super) many: &'static str,
    /// Attributes that are parameters of the list, all of which must fit.
    pub(super) filters: &'static [&'static str],
}

/// What a caller wants to see. Parameters that nothing knows are ignored.
#[derive(Debug, Default)]
pub(super) struct View {
    fields: Option<String>,
    subresources: Option<String>,
    /// A moment of the past; only routes that take a [`Reading`](super::history::Reading) know of it.
    pub(super) at: Option<String>,
    offset: usize,
    limit: usize,
    parameters: Vec<(String, String)>,
}

impl FromRequestParts<App> for View {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let view = Self::read(parts, app).await?;
        refuse_past(view.at.as_deref())?;
        Ok(view)
    }
}

/// What shows only how things are now does not pass over the wish to see how they were.
///
/// # Errors
/// There is such a wish.
pub(super) fn refuse_past(at: Option<&str>) -> Result<(), ApiError> {
    at.map_or(Ok(()), |at| Err(invalid("at", at)))
}

impl View {
    /// What a caller wants to see, in the past too.
    ///
    /// # Errors
    /// The query cannot be read, or a parameter is invalid.
    pub(super) async fn read(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let unreadable = || ApiError::invalid("The query cannot be read");
        let Query(parameters) = query.map_err(|_| unreadable())?;
        Self::parse(parameters)
    }

    fn parse(parameters: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut view = Self::first_page();
        let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(invalid(twice[0], "given twice"));
        }
        for (name, value) in parameters {
            match name.as_str() {
                "at" => view.at = Some(value),
                "fields" => view.fields = Some(value),
                "subresources" => view.subresources = Some(value),
                "offset" => view.offset = number(&name, &value, 0, usize::MAX)?,
                "limit" => view.limit = number(&name, &value, 1, PAGE_LEN_MAX)?,
                _ => view.parameters.push((name, value)),
            }
        }
        Ok(view)
    }

    /// The first page of whatever it is.
    pub(super) fn first_page() -> Self {
        Self {
            limit: PAGE_LEN_MAX,
            ..Self::default()
        }
    }

    /// A parameter that is this route's own.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether parts of the resource are wanted along with it, by name or as all of them.
    pub(super) fn includes(&self, subresource: &str) -> bool {
        let named = self.subresources.as_deref().unwrap_or_default();
        named
            .split(',')
            .any(|name| name == "*" || name.trim() == subresource)
    }

    /// Whether any subresource is wanted.
    pub(super) fn is_deep(&self) -> bool {
        self.subresources.is_some()
    }

    /// Checks the names of the subresources.
    ///
    /// # Errors
    /// One that the resource does not have.
    pub(super) fn check_subresources(&self, known: &[&str]) -> Result<(), ApiError> {
        let named = self.subresources.as_deref().unwrap_or("*").split(',');
        match named
            .map(str::trim)
            .find(|it| *it != "*" && !known.contains(it))
        {
            Some(unknown) => Err(invalid("subresources", unknown)),
            None => Ok(()),
        }
    }

    /// The part of a sequence that `offset` and `limit` choose.
    pub(super) fn page<T>(&self, members: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        members.skip(self.offset).take(self.limit)
    }

    /// Where the page begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// A list: the URIs of its members without `fields`, else the named fields of each; with `total`, how many there are
    /// on all pages together. Only what is on the page, or has to be looked at by a filter, is put into JSON.
    pub(super) fn list<T>(
        &self,
        kind: &Kind,
        sequence: Sequence,
        members: impl Iterator<Item = T>,
        show: impl Fn(T) -> Value,
    ) -> Value {
        let filters: Vec<&(String, String)> = self
            .parameters
            .iter()
            .filter(|(name, _)| kind.filters.contains(&name.as_str()))
            .collect();
        let (total, page): (usize, Vec<Value>) = if filters.is_empty() {
            let members: Vec<T> = members.collect();
            (
                members.len(),
                self.page(members.into_iter()).map(show).collect(),
            )
        } else {
            let fits = |it: &Value| filters.iter().all(|(name, wanted)| is(&it[name], wanted));
            let found: Vec<Value> = members.map(show).filter(fits).collect();
            (found.len(), self.page(found.into_iter()).collect())
        };
        let (name, shown) = match &self.fields {
            None => (
                "uris",
                page.into_iter().map(|mut it| it["uri"].take()).collect(),
            ),
            Some(fields) => {
                let selected = page.into_iter().map(|it| select(it, fields));
                (kind.many, selected.collect::<Vec<Value>>())
            }
        };
        json!({"statusCode": 0, name: shown, "total": total, "sequence": sequence})
    }

    /// A list that has always been whole: without `fields` it is no list of URIs.
    pub(super) fn whole_list(
        &self,
        kind: &Kind,
        sequence: Sequence,
        members: impl Iterator<Item = Value>,
    ) -> Value {
        let whole = Self {
            fields: Some(self.fields.clone().unwrap_or_else(|| "*".to_owned())),
            parameters: self.parameters.clone(),
            at: None,
            subresources: None,
            ..*self
        };
        whole.list(kind, sequence, members, |it| it)
    }

    /// One resource: all of it, or the named fields.
    pub(super) fn one(&self, kind: &Kind, sequence: Sequence, resource: Value) -> Value {
        let shown = self.select(resource);
        json!({"statusCode": 0, kind.one: shown, "sequence": sequence})
    }

    /// The named fields of a resource; all of them where none are named.
    pub(super) fn select(&self, resource: Value) -> Value {
        select(resource, self.fields.as_deref().unwrap_or("*"))
    }
}

/// What a reply still has room for: whole interactions, of which each may be as large as the server takes.
pub(super) struct Room {
    len: usize,
    bytes: usize,
}

impl Room {
    /// That of one reply.
    pub(super) fn of_reply() -> Self {
        Self {
            len: PAGE_LEN_MAX,
            bytes: REPLY_BYTES_MAX,
        }
    }

    /// Takes the room that an interaction needs; the last one may need more than there is.
    pub(super) fn take(&mut self, interaction: &Interaction) -> bool {
        if self.len == 0 || self.bytes == 0 {
            return false;
        }
        self.len -= 1;
        let bytes = interaction.user_data.text_len();
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}

/// Whether an attribute has a value; of one that has several, whether it is among them.
fn is(attribute: &Value, wanted: &str) -> bool {
    match attribute {
        Value::Null => false,
        Value::Bool(it) => wanted.parse() == Ok(*it),
        Value::Number(number) => wanted.parse().is_ok_and(|it: Number| it == *number),
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| is(item, wanted)),
        Value::Object(object) => object.get("id").is_some_and(|id| is(id, wanted)),
    }
}

fn number(name: &str, text: &str, min: usize, max: usize) -> Result<usize, ApiError> {
    let parsed = text.parse().ok().filter(|it| (min..=max).contains(it));
    parsed.ok_or_else(|| invalid(name, text))
}

fn invalid(name: &str, value: &str) -> ApiError {
    crate::domain::Refusal::invalid_value(name, value).into()
}
