//! What is asked of many interactions, and which ones these are.

use serde_json::{Map, Value};

use crate::api::body::JsonObject;
use crate::api::caller::Caller;
use crate::api::conditions::Conditions;
use crate::api::error::ApiError;
use crate::api::search::{LIST_LEN_MAX, ListQuery, Search};
use crate::domain::{InteractionId, Refusal, RefusalKind, Role};
use crate::engine::operations::{Gateway, SPECS, Spec};
use crate::engine::{Operation, neutral_state};

/// Interactions in one request; a query that finds more says where to go on.
pub(super) const BULK_LEN_MAX: usize = LIST_LEN_MAX;

/// What is asked for.
pub(super) struct Bulk {
    pub(super) spec: &'static Spec,
    pub(super) parameters: Map<String, Value>,
    targets: Targets,
    pub(super) is_dry_run: bool,
}

/// Of which interactions.
enum Targets {
    /// Those of these identifiers, each once, known or not.
    Listed(Vec<String>),
    /// Those that are found when it is done.
    Searched(Box<Search>),
}

/// The interactions that are chosen, and what else the query would find.
pub(super) struct Chosen {
    pub(super) ids: Vec<String>,
    pub(super) after: Option<String>,
    pub(super) remaining: Option<usize>,
}

impl Bulk {
    /// Reads a body.
    ///
    /// # Errors
    /// Something is missing, or cannot be meant.
    pub(super) fn read(body: JsonObject) -> Result<Self, ApiError> {
        let name = body.text("operationName")?;
        let spec = operations().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| Refusal::invalid_value("operationName", name))?;
        let parameters = body.0;
        // What is wrong with the parameters is wrong with them for every interaction.
        Operation::parse(spec.name, Some("any"), &parameters)?;
        let is_dry_run = match parameters.get("dryRun") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => return Err(Refusal::invalid_value("dryRun", &other.to_string()).into()),
        };
        let targets = match (parameters.get("interactionIds"), parameters.get("query")) {
            (Some(ids), None) => Targets::Listed(listed(ids)?),
            (None, Some(query)) => Targets::Searched(Box::new(search(query)?)),
            (None, None) => return Err(Refusal::missing("interactionIds").into()),
            (Some(_), Some(_)) => {
                let text = "Name either 'interactionIds' or a 'query'";
                return Err(ApiError::invalid(text));
            }
        };
        Ok(Self {
            spec,
            parameters,
            targets,
            is_dry_run,
        })
    }

    /// The operation on one of them.
    ///
    /// # Errors
    /// None that reading it has not had.
    pub(super) fn operation(&self, id: &InteractionId) -> Result<Operation, Refusal> {
        Operation::parse(self.spec.name, Some(id.as_str()), &self.parameters)
    }

    /// Those that the request means. What has been done under its key is part of it when it comes again, although the query
    /// may not find it any more; a dry run looks at no key.
    ///
    /// # Errors
    /// Another request has been done under the key.
    pub(super) fn choose(
        &self,
        caller: &Caller,
        conditions: &Conditions,
    ) -> Result<Chosen, ApiError> {
        let done = match self.is_dry_run {
            true => Vec::new(),
            false => done_before(caller, conditions)?,
        };
        let search = match &self.targets {
            Targets::Listed(ids) => {
                return Ok(Chosen {
                    ids: ids.clone(),
                    after: None,
                    remaining: None,
                });
            }
            Targets::Searched(search) => search.as_ref().clone().less(done.len()),
        };
        let state = caller.0.centre.state();
        let visible = || {
            let all = state.interactions.values();
            all.filter(|it| caller.may_see(&state, it))
        };
        let is_new = |id: &InteractionId| {
            done.binary_search_by(|it| it.as_str().cmp(id.as_str()))
                .is_err()
        };
        let (found, next) = search.active(visible().filter(|it| is_new(&it.id)), neutral_state);
        let next = match search.len_max() {
            0 => done.last().cloned(),
            _ => next,
        };
        let remaining = next
            .as_ref()
            .and_then(|next| search.count_after(next, visible()));
        let mut ids = done;
        ids.extend(found.iter().map(|it| it.id.to_string()));
        ids.sort();
        Ok(Chosen {
            ids,
            after: next.filter(|_| remaining != Some(0)),
            remaining,
        })
    }
}

/// The operations on an interaction that are for supervisors and administrators as well.
pub(super) fn operations() -> impl Iterator<Item = &'static Spec> {
    let all = SPECS.iter().copied();
    all.filter(|it| it.gateway == Gateway::Interaction && it.roles.contains(&Role::Supervisor))
}

fn listed(given: &Value) -> Result<Vec<String>, ApiError> {
    let invalid = || {
        ApiError::invalid(format!(
            "Parameter 'interactionIds' must be a list of 1 to {BULK_LEN_MAX} texts"
        ))
    };
    let given = given.as_array().ok_or_else(invalid)?;
    if !(1..=BULK_LEN_MAX).contains(&given.len()) {
        return Err(invalid());
    }
    let mut ids: Vec<String> = Vec::with_capacity(given.len());
    for id in given {
        let id = id.as_str().ok_or_else(invalid)?;
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

/// A query that chooses nothing, or by what there is not, would mean more than whoever wrote it.
fn search(given: &Value) -> Result<Search, ApiError> {
    let search = Search::parse(&ListQuery::of_filters(given)?)?;
    if search.is_of_completed() {
        return Err(Refusal::invalid_value("state", "Completed").into());
    }
    if !search.is_narrow() {
        return Err(ApiError::invalid("The query must choose by something"));
    }
    Ok(search)
}

/// The interactions of which the request has been done under its key, in the order of their identifiers.
fn done_before(caller: &Caller, conditions: &Conditions) -> Result<Vec<String>, ApiError> {
    let (Some(keys), Some(whole)) = (conditions.keys_of_parts(), &conditions.idempotency) else {
        return Ok(Vec::new());
    };
    let found = caller.0.centre.first_answers_under(caller.user(), &keys);
    let mut done = Vec::with_capacity(found.len());
    for (key, first) in found {
        let is_this = first.head.idempotency.as_ref();
        if is_this.is_none_or(|it| it.digest != whole.digest) {
            let text = "Another request has been done under this Idempotency-Key";
            return Err(Refusal::new(RefusalKind::KeyReused, text).into());
        }
        let id = key.as_str().strip_prefix(keys.as_str());
        done.extend(id.map(str::to_owned));
    }
    Ok(done)
}
