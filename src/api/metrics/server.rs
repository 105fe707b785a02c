use super::super::{App, health};
use crate::metrics::{Kind, Text};

/// What there is once: the server, its process, its push sessions.
pub(super) fn write(text: &mut Text, app: &App) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    text.metric(
        "baton_build_info",
        Kind::Gauge,
        "Always 1, with the version",
    );
    text.sample(&version, 1);
    let is_ready = u8::from(health::reasons(app).is_empty());
    text.single(
        "baton_ready",
        Kind::Gauge,
        "Whether /health/ready says so",
        is_ready,
    );
    text.metric(
        "baton_http_responses_total",
        Kind::Counter,
        "Responses by HTTP status",
    );
    for (status, count) in app.observer.responses() {
        text.sample(&[("status", &status.to_string())], count);
    }
    if let Some(process) = Process::read() {
        text.single(
            "process_resident_memory_bytes",
            Kind::Gauge,
            "Memory of the process that is not swapped out",
            process.resident_bytes,
        );
        text.single(
            "process_open_fds",
            Kind::Gauge,
            "Open files, connections among them",
            process.files_len,
        );
    }
    sessions(text, app);
}

fn sessions(text: &mut Text, app: &App) {
    let counts = app.hub.counts();
    text.metric(
        "baton_sessions",
        Kind::Gauge,
        "Push sessions by what carries them",
    );
    let listeners = usize::try_from(counts.listeners).unwrap_or(usize::MAX);
    let carried = counts.polling + counts.on_sockets + listeners;
    for (carrier, count) in [
        ("long-polling", counts.polling),
        ("websocket", counts.on_sockets),
        ("server-sent-events", listeners),
        ("none", counts.sessions.saturating_sub(carried)),
    ] {
        text.sample(&[("carrier", carrier)], count);
    }
    let users = "Users with a push session";
    text.single("baton_session_users", Kind::Gauge, users, counts.users);
    let held = "Connects that wait for something to say";
    text.single(
        "baton_connects_held",
        Kind::Gauge,
        held,
        counts.held_connects,
    );
    let opened = "Push sessions that were opened";
    text.single(
        "baton_sessions_opened_total",
        Kind::Counter,
        opened,
        counts.sessions_opened,
    );
    text.metric(
        "baton_sessions_ended_total",
        Kind::Counter,
        "Push sessions that ended, by why",
    );
    for (why, count) in [
        ("disconnected", counts.sessions_disconnected),
        ("expired", counts.sessions_expired),
        ("inactive", counts.sessions_inactive),
        ("overflowed", counts.sessions_overflowed),
        ("revoked", counts.sessions_revoked),
    ] {
        text.sample(&[("why", why)], count);
    }
    let written = counts.events_sent + counts.events_put_back;
    for (name, help, count) in [
        (
            "baton_notifications_queued_total",
            "Notifications put into the queue of a session",
            counts.events_queued,
        ),
        (
            "baton_notifications_delivered_total",
            "Notifications written out, repetitions too",
            written,
        ),
        (
            "baton_notifications_dropped_total",
            "Notifications that waited when their session ended",
            counts.events_dropped,
        ),
    ] {
        text.single(name, Kind::Counter, help, count);
    }
}

/// What the system says of the process; only Linux does.
struct Process {
    resident_bytes: u64,
    files_len: usize,
}

impl Process {
    fn read() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident_kib: u64 = resident.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(Self {
            resident_bytes: resident_kib * 1_024,
            files_len: std::fs::read_dir("/proc/self/fd").ok()?.count(),
        })
    }
}
