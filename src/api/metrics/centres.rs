use super::Reading;
use crate::centre::{Meters, Queued, Storage};
use crate::metrics::{Histogram, Kind, Text};

/// What there is of every contact centre.
pub(super) fn write(text: &mut Text, readings: &[Reading]) {
    operations(text, readings);
    journals(text, readings);
    contents(text, readings);
}

fn operations(text: &mut Text, readings: &[Reading]) {
    let help = "Operations and requests by their statusCode";
    text.metric("baton_operations_total", Kind::Counter, help);
    for Reading { centre, .. } in readings {
        for read in centre.meters().operations() {
            for (code, count) in read.outcomes {
                let code = code.to_string();
                let operation = ("operation", read.name);
                let labels = [("centre", centre.id().as_str()), operation, ("code", &code)];
                text.sample(&labels, count);
            }
        }
    }
    let help = "From when an operation was read until its outcome was durable";
    text.metric("baton_operation_duration_seconds", Kind::Histogram, help);
    for Reading { centre, .. } in readings {
        for read in centre.meters().operations() {
            let labels = [("centre", centre.id().as_str()), ("operation", read.name)];
            text.histogram(&labels, read.times);
        }
    }
}

fn journals(text: &mut Text, readings: &[Reading]) {
    let help = "Requests that wait for their turn";
    gauge(text, readings, "baton_requests_waiting", help, |it| {
        Some(it.centre.requests_waiting() as u64)
    });
    let help = "Sequence of the last durable step";
    gauge(text, readings, "baton_journal_head", help, |it| {
        Some(it.census.head)
    });
    let help = "How long the disk took for a group of steps";
    let name = "baton_journal_commit_duration_seconds";
    histogram(text, readings, name, help, |it| &it.commits);
    let help = "Steps that were made durable together";
    let name = "baton_journal_group_steps";
    histogram(text, readings, name, help, |it| &it.groups);
    let help = "Groups of steps that did not become durable";
    let name = "baton_journal_groups_refused_total";
    counter(text, readings, name, help, Meters::groups_refused);
    let help = "Bytes of the steps that were handed to the journal";
    let name = "baton_journal_written_bytes_total";
    counter(text, readings, name, help, Meters::journalled_bytes);
    let help = "The journal's file and its write-ahead log";
    stored(text, readings, "baton_journal_bytes", help, |it| {
        it.journal.bytes
    });
    let help = "What of it is used again before it grows";
    stored(text, readings, "baton_journal_free_bytes", help, |it| {
        it.journal.free_bytes
    });
    let help = "Interactions in the archive";
    stored(text, readings, "baton_archive_interactions", help, |it| {
        it.journal.archived_len
    });
    let help = "Bytes of the interactions in the archive";
    stored(text, readings, "baton_archive_bytes", help, |it| {
        it.journal.archived_bytes
    });
    let help = "Bytes of the steps that are kept beyond a trim for the histories of interactions";
    stored(text, readings, "baton_history_bytes", help, |it| {
        it.journal.kept_bytes
    });
    let help = "Files of state snapshots";
    stored(text, readings, "baton_state_snapshot_bytes", help, |it| {
        it.snapshots_bytes
    });
}

fn contents(text: &mut Text, readings: &[Reading]) {
    let help = "Interactions that have not ended, by state";
    text.metric("baton_interactions", Kind::Gauge, help);
    for Reading { centre, census, .. } in readings {
        for (state, count) in &census.interactions {
            text.sample(&[("centre", centre.id().as_str()), ("state", state)], count);
        }
    }
    let help = "Interactions in a queue, by whether they can be given to anybody";
    text.metric("baton_queue_interactions", Kind::Gauge, help);
    for_queues(readings, |labels, queued| {
        for (state, count) in [
            ("waiting", queued.waiting),
            ("held", queued.held),
            ("locked", queued.locked),
        ] {
            text.sample(&[labels[0], labels[1], ("state", state)], count);
        }
    });
    let help = "How long ago that came to the queue which has waited there for the longest";
    text.metric("baton_queue_oldest_seconds", Kind::Gauge, help);
    for_queues(readings, |labels, queued| {
        text.sample(&labels, queued.oldest_ms as f64 / 1_000.0);
    });
    let help = "Agents who are logged in, by state";
    text.metric("baton_agents", Kind::Gauge, help);
    for Reading { centre, census, .. } in readings {
        for (state, count) in &census.agents {
            text.sample(&[("centre", centre.id().as_str()), ("state", state)], count);
        }
    }
}

fn for_queues(readings: &[Reading], mut tell: impl FnMut([(&str, &str); 2], &Queued)) {
    for Reading { centre, census, .. } in readings {
        for (queue, queued) in &census.queues {
            let labels = [("centre", centre.id().as_str()), ("queue", queue.as_str())];
            tell(labels, queued);
        }
    }
}

fn stored(
    text: &mut Text,
    readings: &[Reading],
    name: &'static str,
    help: &str,
    value: fn(&Storage) -> u64,
) {
    gauge(text, readings, name, help, |it| {
        it.storage.as_ref().map(value)
    });
}

/// A gauge of every contact centre that has a value of it.
fn gauge(
    text: &mut Text,
    readings: &[Reading],
    name: &'static str,
    help: &str,
    value: impl Fn(&Reading) -> Option<u64>,
) {
    text.metric(name, Kind::Gauge, help);
    for read in readings {
        if let Some(value) = value(read) {
            text.sample(&[("centre", read.centre.id().as_str())], value);
        }
    }
}

fn counter(
    text: &mut Text,
    readings: &[Reading],
    name: &'static str,
    help: &str,
    value: fn(&Meters) -> u64,
) {
    text.metric(name, Kind::Counter, help);
    for Reading { centre, .. } in readings {
        let value = value(centre.meters());
        text.sample(&[("centre", centre.id().as_str())], value);
    }
}

fn histogram(
    text: &mut Text,
    readings: &[Reading],
    name: &'static str,
    help: &str,
    value: fn(&Meters) -> &Histogram,
) {
    text.metric(name, Kind::Histogram, help);
    for Reading { centre, .. } in readings {
        let labels = [("centre", centre.id().as_str())];
        text.histogram(&labels, value(centre.meters()));
    }
}
