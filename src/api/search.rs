//! What `GET /interactions` and the agent's own lists are asked for, and the page of it: active interactions from the state, completed ones from the
//! archive.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::caller::Caller;
use super::error::ApiError;
use crate::centre::{ArchiveError, Cursor, Filter, MediaWords, PageLimits, SEARCH_BYTES_MAX};
use crate::domain::{Interaction, MediaType, QueueName, Refusal, RefusalKind, Timestamp};
use crate::engine::neutral_state;

/// Interactions in one reply; `after` of the reply asks for the next ones.
pub(super) const LIST_LEN_MAX: usize = 500;
/// Bytes of attached data in one reply, above which no further interaction is added.
const LIST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Characters of `q`.
const TEXT_LEN_MAX: usize = 256;

/// The state of interactions that are in the archive.
const COMPLETED: &str = "Completed";
/// The states of those that are not.
const ACTIVE: [&str; 7] = [
    "Queued",
    "Routing",
    "Invited",
    "Processing",
    "Composing",
    "Transferring",
    "InWorkbin",
];

/// The parameters of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    pub(super) fields: Option<String>,
    pub(super) at: Option<String>,
    after: Option<String>,
    limit: Option<String>,
    state: Option<String>,
    queue: Option<String>,
    media_type: Option<String>,
    from: Option<String>,
    to: Option<String>,
    q: Option<String>,
}

/// What a list can be filtered and paged by in a body, where it says what is to be changed.
pub(super) const BODY_FILTERS: [&str; 8] = [
    "state",
    "queue",
    "mediaType",
    "from",
    "to",
    "q",
    "limit",
    "after",
];

/// Those of an agent's own lists, and what each does.
pub(super) const PARAMETERS: [(&str, &str); 9] = [
    (
        "fields",
        "`*` or a list of fields; without it URIs are given",
    ),
    ("state", "Only those that the agent sees in this state"),
    (
        "queue",
        "Only those that are in this queue, or were in last",
    ),
    ("mediaType", "Only those of this medium"),
    (
        "from",
        "ISO 8601: only those that were submitted then or later",
    ),
    ("to", "ISO 8601: only those that were submitted before then"),
    (
        "q",
        "Only those with this text in `id`, `externalId`, `subject` or the JSON text of `userData`, whatever the case",
    ),
    ("limit", "Interactions in one reply, at most 500"),
    ("after", "`after` of the reply before: goes on there"),
];

impl ListQuery {
    /// The parameters that an object of a body names as the query of a URL does. None is passed over: without it more would be
    /// found than was meant.
    ///
    /// # Errors
    /// No object; a parameter that there is not, or that is neither a text nor a whole number.
    pub(super) fn of_filters(given: &Value) -> Result<Self, ApiError> {
        let Value::Object(given) = given else {
            return Err(ApiError::invalid("Parameter 'query' must be an object"));
        };
        let mut texts = Map::new();
        for (name, value) in given {
            let text = match value {
                _ if !BODY_FILTERS.contains(&name.as_str()) => None,
                Value::String(text) => Some(text.clone()),
                Value::Number(number) if number.is_u64() => Some(number.to_string()),
                Value::Null
                | Value::Number(_)
                | Value::Bool(_)
                | Value::Array(_)
                | Value::Object(_) => None,
            };
            let text = text.ok_or_else(|| Refusal::invalid_value("query", name))?;
            texts.insert(name.clone(), Value::String(text));
        }
        let read = Self::deserialize(Value::Object(texts));
        read.map_err(|_| ApiError::invalid("Parameter 'query' cannot be read"))
    }

    /// The same with the state named as everywhere, which a medium may have its own word for.
    pub(super) fn in_words(mut self, words: MediaWords) -> Self {
        self.state = self.state.map(|state| {
            let is_own = state == words.processing;
            if is_own {
                "Processing".to_owned()
            } else {
                state
            }
        });
        self
    }
}

/// A list that is asked for, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    state: Option<String>,
    filter: Filter,
    after: String,
    limit: Option<usize>,
    /// Whether whole interactions are wanted, whose size counts.
    is_whole: bool,
}

impl Search {
    /// The search that parameters ask for.
    ///
    /// # Errors
    /// One of them is not what it must be.
    pub(super) fn parse(query: &ListQuery) -> Result<Self, ApiError> {
        let text = parsed("q", &query.q, |text| {
            let is_valid = (1..=TEXT_LEN_MAX).contains(&text.chars().count());
            is_valid.then(|| text.to_lowercase())
        })?;
        let filter = Filter {
            queue: parsed("queue", &query.queue, |it| QueueName::parse(it).ok())?,
            media_type: parsed("mediaType", &query.media_type, |it| {
                MediaType::parse(it).ok()
            })?,
            from: parsed("from", &query.from, Timestamp::parse)?,
            to: parsed("to", &query.to, Timestamp::parse)?,
            text,
        };
        let is_known = |state: &&str| ACTIVE.contains(state) || *state == COMPLETED;
        Ok(Self {
            state: parsed("state", &query.state, |it| {
                Some(it).filter(is_known).map(str::to_owned)
            })?,
            filter,
            limit: parsed("limit", &query.limit, |it| {
                it.parse()
                    .ok()
                    .filter(|len| (1..=LIST_LEN_MAX).contains(len))
            })?,
            after: query.after.clone().unwrap_or_default(),
            is_whole: query.fields.is_some(),
        })
    }

    /// Whether those are asked for that are in the archive.
    pub(super) fn is_of_completed(&self) -> bool {
        self.state.as_deref() == Some(COMPLETED)
    }

    /// One page of what the caller may see, given in the order of the identifiers and each in its state for him, and where
    /// the next one begins.
    pub(super) fn active<'a>(
        &self,
        visible: impl Iterator<Item = &'a Arc<Interaction>>,
        state_of: impl Fn(&Interaction) -> &'static str,
    ) -> (Vec<Arc<Interaction>>, Option<String>) {
        let mut rest = visible
            .filter(|it| it.id.as_str() > self.after.as_str())
            .peekable();
        let (mut found, mut bytes, mut looked_bytes) = (Vec::new(), 0, 0);
        let mut last = None;
        while found.len() < self.len_max()
            && bytes < LIST_BYTES_MAX
            && looked_bytes < SEARCH_BYTES_MAX
        {
            let Some(next) = rest.next() else { break };
            last = Some(next.id.to_string());
            let len = next.user_data.text_len();
            if self.filter.text.is_some() {
                looked_bytes += size_of::<Interaction>() + len;
            }
            if self.accepts(next, &state_of) {
                bytes += if self.is_whole { len } else { 0 };
                found.push(Arc::clone(next));
            }
        }
        let next = last.filter(|_| rest.peek().is_some());
        (found, next)
    }

    /// One page of the completed ones, the newest first, where the next one begins, and how many are left out, since they
    /// are damaged.
    ///
    /// # Errors
    /// `after` is none that was given out; the archive cannot be read now, or not at all.
    pub(super) async fn completed(
        self,
        caller: &Caller,
    ) -> Result<(Vec<Arc<Interaction>>, Option<String>, usize), ApiError> {
        let limits = PageLimits {
            len_max: self.len_max(),
            bytes_max: LIST_BYTES_MAX,
        };
        let given = Some(self.after).filter(|after| !after.is_empty());
        let after = parsed("after", &given, Cursor::parse)?;
        let found = caller.0.centre.search(self.filter, after, limits).await?;
        let next = found.next.map(|next| next.to_string());
        let interactions = found.interactions.into_iter().map(Arc::new).collect();
        Ok((interactions, next, found.damaged.len()))
    }

    /// Whether anything is chosen: not simply all that is active.
    pub(super) fn is_narrow(&self) -> bool {
        self.state.is_some() || self.filter != Filter::default()
    }

    /// How many it finds at most.
    pub(super) fn len_max(&self) -> usize {
        self.limit.unwrap_or(LIST_LEN_MAX)
    }

    /// The same for so many fewer.
    #[must_use]
    pub(super) fn less(self, len: usize) -> Self {
        let limit = Some(self.len_max().saturating_sub(len));
        Self { limit, ..self }
    }

    /// How many of what the caller may see it would still find after an identifier. Nobody counts what has to be looked
    /// through for a text.
    pub(super) fn count_after<'a>(
        &self,
        after: &str,
        visible: impl Iterator<Item = &'a Arc<Interaction>>,
    ) -> Option<usize> {
        let rest = visible.filter(|it| it.id.as_str() > after && self.accepts(it, neutral_state));
        self.filter.text.is_none().then(|| rest.count())
    }

    fn accepts(&self, it: &Interaction, state_of: impl Fn(&Interaction) -> &'static str) -> bool {
        let is_so = |state: &String| state_of(it) == *state;
        self.state.as_ref().is_none_or(is_so) && self.filter.accepts(it)
    }
}

fn parsed<T>(
    name: &str,
    given: &Option<String>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = given else { return Ok(None) };
    let value = parse(text);
    let invalid = || ApiError::invalid(format!("Parameter '{name}' cannot be '{}'", shown(text)));
    value.map(Some).ok_or_else(invalid)
}

/// The beginning of what was given.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Busy => Refusal::new(RefusalKind::Unavailable, error.to_string()).into(),
            ArchiveError::Unreadable(ref cause) => {
                tracing::error!(%cause, "the archive cannot be read");
                Refusal::new(RefusalKind::Unreadable, error.to_string()).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_busy_archive_is_to_be_asked_again() {
        let response = ApiError::from(ArchiveError::Busy).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}
