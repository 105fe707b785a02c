//! An administrator's change of the contact centre: a user, a queue, a workbin type, a capacity or an agent state
//! (design D16).

use serde::Deserialize;

use super::configure::leave_what_is_gone;
use super::register_client::leave;
use super::{Gateway, Reply, Spec, find};
use crate::domain::{Cause, Configuration, ConfigurationChange, Refusal, RefusalKind, Role};
use crate::engine::{Change, Outcome, Turn};

/// One thing of the configuration anew. It is applied to the configuration as it is then, so that of two administrators
/// neither undoes what the other does elsewhere; `If-Match` guards against the rest.
#[derive(Clone, Debug, Deserialize)]
pub struct ChangeConfiguration {
    /// What becomes different.
    pub change: ConfigurationChange,
    /// Whether a user has the password that he had, whatever the change says.
    pub keeps_password: bool,
}

impl ChangeConfiguration {
    pub(in crate::engine) const SPEC: &Spec = &Spec {
        name: "RequestChangeConfiguration",
        aliases: &[],
        roles: &[Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::Resource,
        summary: "Changes what the contact centre consists of",
        guard: None,
    };

    pub(super) fn perform(mut self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let before = turn.state().configuration.clone();
        self.keep_password(&before);
        self.change.check_removed(&before)?;
        let mut after = before.as_ref().clone();
        self.change.apply(&mut after);
        check(&before, &after)?;
        check_name(&self.change)?;
        // Before the change, while everything is still there that what he has goes back to.
        leave_lost_roles(turn, &before, &self.change);
        turn.record(Change::ConfigurationChanged(Box::new(self.change)));
        leave_what_is_gone(turn);
        Ok(Outcome::Acknowledged)
    }

    fn keep_password(&mut self, before: &Configuration) {
        if let ConfigurationChange::User(name, Some(user)) = &mut self.change
            && self.keeps_password
        {
            let known = before.users.get(name);
            user.password_hash = known.and_then(|known| known.password_hash.clone());
        }
    }
}

/// Nothing is wrong afterwards that was not wrong before: a store may have been seeded with what is not taken today.
pub(super) fn check(before: &Configuration, after: &Configuration) -> Result<(), Refusal> {
    if before.has_administrator() && !after.has_administrator() {
        let text = "The contact centre would have nobody with the role admin";
        return Err(Refusal::invalid_state(text));
    }
    let problems = after.problems();
    if problems.is_empty() {
        return Ok(());
    }
    let known = before.problems();
    match problems
        .into_iter()
        .find(|problem| !known.contains(problem))
    {
        None => Ok(()),
        Some(new) => {
            let text = format!("The contact centre would not be valid: {new}");
            Err(Refusal::new(RefusalKind::InvalidValue, text))
        }
    }
}

/// No state of agents goes by the name of an operation, which is how agents get into one.
pub(super) fn check_name(change: &ConfigurationChange) -> Result<(), Refusal> {
    if let ConfigurationChange::AgentState(name, Some(_)) = change
        && find(name.as_str()).is_some()
    {
        return Err(Refusal::invalid_value("operationName", name.as_str()));
    }
    Ok(())
}

/// A user who is an agent no longer is logged out, and the client of a role that he has no longer is registered no longer.
pub(super) fn leave_lost_roles(
    turn: &mut Turn<'_>,
    before: &Configuration,
    change: &ConfigurationChange,
) {
    let ConfigurationChange::User(user, now) = change else {
        return;
    };
    let (before, now) = (before.users.get(user), now.as_ref());
    let lost = |role: Role| {
        before.is_some_and(|it| it.roles.contains(&role))
            && !now.is_some_and(|it| it.roles.contains(&role))
    };
    if turn.state().agents.contains_key(user) && (now.is_none() || lost(Role::Agent)) {
        turn.log_out(user, Cause::LoggedOut);
    }
    let client = turn.state().clients.get(user);
    if client.is_some_and(|client| now.is_none() || lost(client.client_type.role())) {
        leave(turn, user);
    }
}
