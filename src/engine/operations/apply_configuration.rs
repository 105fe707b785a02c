//! What a file says of the contact centre, applied to it as it is now (design D16).

use serde::Deserialize;

use super::change_configuration::{check, check_name, leave_lost_roles};
use super::configure::leave_what_is_gone;
use super::{Gateway, Reply, Spec};
use crate::domain::{Configuration, ConfigurationChange, Refusal, Role};
use crate::engine::{Change, Outcome, Turn};

/// The contact centre as it is wanted. What is different is found when it is carried out, and is journalled at once: there is
/// no moment in which a part of it holds, such as a queue without its medium.
#[derive(Clone, Debug, Deserialize)]
pub struct ApplyConfiguration {
    /// What there is to be.
    pub configuration: Box<Configuration>,
    /// Whether what it does not name is removed; else that stays.
    pub removes_others: bool,
}

impl ApplyConfiguration {
    pub(in crate::engine) const SPEC: &Spec = &Spec {
        name: "RequestApplyConfiguration",
        aliases: &[],
        roles: &[Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::Resource,
        summary: "Makes the contact centre what a file says of it",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let before = turn.state().configuration.clone();
        let changes = before.changes_towards(&self.configuration);
        let is_kept = |it: &ConfigurationChange| it.is_removal() && !self.removes_others;
        let all = changes.iter();
        let differences = all.map(|it| before.difference(it, is_kept(it))).collect();
        let changes: Vec<_> = changes.into_iter().filter(|it| !is_kept(it)).collect();
        let mut after = before.as_ref().clone();
        changes.iter().for_each(|change| change.apply(&mut after));
        check(&before, &after)?;
        changes.iter().try_for_each(check_name)?;
        // Before the change, while everything is still there that what they have goes back to.
        for change in &changes {
            leave_lost_roles(turn, &before, change);
        }
        if !changes.is_empty() {
            turn.record(Change::ConfigurationApplied(changes));
            leave_what_is_gone(turn);
        }
        Ok(Outcome::ConfigurationApplied(differences))
    }
}
