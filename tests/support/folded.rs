//! What a data folder comes to, read without a server.

use std::path::Path;

use baton::centre::{Links, channel_name, notification};
use baton::engine::{Head, State, Step, fold};
use baton::journal::{DataFolder, Journal, SqliteJournal};
use serde_json::Value;

use super::base::{base, of_parts};
use crate::contracts::notifications;

/// The address that the server of a comparison must be given.
pub(crate) const URL: &str = "http://baton.test";

/// The fold of the journal of the contact centre `demo`.
pub(crate) struct Folded {
    pub(crate) state: State,
    pub(crate) heads: Vec<Head>,
    /// What a user hears, each with its channel and its sequence.
    pub(crate) said: Vec<(&'static str, u64, Value)>,
}

impl Folded {
    /// Reads the journal of a stopped server, and what `user` hears according to it alone.
    pub(crate) fn read(data: &Path, user: &str) -> Self {
        Self::of(&DataFolder::open(data).unwrap(), user)
    }

    /// The same of an open folder. Who reads it several times opens it once: a process that another test begins just then
    /// holds the lock until it runs.
    pub(crate) fn of(folder: &DataFolder, user: &str) -> Self {
        let journal = SqliteJournal::open(folder, "demo", 0).unwrap();
        let base = base(&journal).unwrap().map(|(_, parts)| of_parts(parts));
        let mut folded = Self {
            state: base.unwrap_or_default(),
            heads: Vec::new(),
            said: Vec::new(),
        };
        for record in journal.read_after(0, usize::MAX).unwrap() {
            let step: Step = serde_json::from_slice(&record.body).unwrap();
            for said in fold(&mut folded.state, &step) {
                if said.to.as_str() == user && !said.body.is_transient() {
                    let body = notification(&said, &step.head, "baton", &Links::new(URL));
                    let channel = channel_name(said.body.channel());
                    notifications::check(channel, &body);
                    folded.said.push((channel, step.head.sequence.0, body));
                }
            }
            folded.heads.push(step.head);
        }
        folded
    }

    /// What is heard on a channel after a sequence, up to and with another.
    pub(crate) fn on(&self, channel: &str, after: u64, up_to: u64) -> Vec<Value> {
        let of_channel = self
            .said
            .iter()
            .filter(|(on, at, _)| *on == channel && *at > after && *at <= up_to);
        of_channel.map(|(_, _, body)| body.clone()).collect()
    }
}
