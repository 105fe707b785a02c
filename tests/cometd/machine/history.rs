//! What has happened to the user whose session it is: the log that everything is compared with.

use baton::bayeux::{ChannelId, Event, Replayed};
use serde_json::value::RawValue;

use super::moves::CHANNELS;

/// What is known of an event by its number.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) channel: &'static str,
    /// None: only for now, or part of a state.
    pub(super) sequence: Option<u64>,
}

/// All steps, in order.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) facts: Vec<Fact>,
    /// Per step its sequence and the numbers of its events.
    pub(super) steps: Vec<(u64, Vec<usize>)>,
    events: Vec<Event>,
    pub(super) delivered: usize,
    pub(super) kept_after: u64,
}

impl History {
    pub(super) fn head(&self) -> u64 {
        self.steps.last().map_or(0, |(sequence, _)| *sequence)
    }

    pub(super) fn commit(&mut self, events: &[(usize, bool)]) {
        // The first steps were before anybody was there; a cursor of 0 is then not all that there is.
        let sequence = self.head() + 1;
        let numbers = events
            .iter()
            .map(|(channel, passing)| self.make(CHANNELS[*channel], (!passing).then_some(sequence)))
            .collect();
        self.steps.push((sequence, numbers));
    }

    pub(super) fn make(&mut self, channel: &'static str, sequence: Option<u64>) -> usize {
        let number = self.facts.len();
        let padding = "x".repeat(number * 7 % 60);
        let data = RawValue::from_string(format!(r#"{{"n":{number},"pad":"{padding}"}}"#)).unwrap();
        let id = ChannelId::parse(channel).unwrap();
        self.facts.push(Fact { channel, sequence });
        self.events.push(Event::new(&id, sequence, &data));
        number
    }

    pub(super) fn events(&self, numbers: &[usize]) -> Vec<Event> {
        let event = |number: &usize| self.events[*number].clone();
        numbers.iter().map(event).collect()
    }

    /// The bytes of the longest of them on the wire.
    pub(super) fn bytes_max(&self, numbers: &[usize]) -> usize {
        let bytes = |number: &usize| self.events[*number].wire_slashed().len();
        numbers.iter().map(bytes).max().unwrap_or(0)
    }

    /// What can be told again after `after`: whole steps, at most `len_max` events unless one step has more.
    pub(super) fn read(&self, after: u64, len_max: usize) -> Option<Replayed> {
        if after < self.kept_after {
            return None;
        }
        let mut page = Replayed {
            events: Vec::new(),
            up_to: self.head(),
            is_all: true,
        };
        for (sequence, numbers) in self.steps.iter().filter(|(at, _)| *at > after) {
            let lasting = |number: &&usize| self.facts[**number].sequence.is_some();
            let numbers: Vec<usize> = numbers.iter().filter(lasting).copied().collect();
            if !page.events.is_empty() && page.events.len() + numbers.len() > len_max {
                page.up_to = sequence - 1;
                page.is_all = false;
                break;
            }
            page.events.extend(self.events(&numbers));
        }
        Some(page)
    }
}

/// Whether what is subscribed to takes in a channel.
pub(super) fn hears(pattern: &str, channel: &str) -> bool {
    match (pattern.strip_suffix("**"), pattern.strip_suffix('*')) {
        (Some(above), _) => channel.starts_with(above),
        (None, Some(above)) => channel
            .strip_prefix(above)
            .is_some_and(|name| !name.contains('/')),
        (None, None) => pattern == channel,
    }
}
