//! What the contact centre consists of: who works in it, its queues and workbins, its times.

use serde_json::{Value, json};

use super::dice::Dice;

pub(crate) const AGENTS: [&str; 4] = ["A1", "A2", "A3", "A4"];
pub(crate) const QUEUES: [&str; 4] = ["chat", "second", "email", "french"];
pub(crate) const MEDIA: [&str; 2] = ["chat", "email"];

/// The same for all seeds, and shorter than a day, so that keys end too.
const KEY_TTL_MS: u64 = 120_000;

/// The times that the races count on; a seed has its own.
pub(crate) fn usual_timing() -> Value {
    json!({
        "delivery_timeout_ms": 30_000, "handling_timeout_ms": 600_000, "routing_timeout_ms": 900_000,
        "reoffer_delay_ms": 5_000, "pass_over_ms": 60_000,
        "invitation_grace_ms": 5_000, "ownership_grace_ms": 30_000, "snapshot_timeout_ms": 600_000,
    })
}

pub(crate) fn configuration(timing: &Value, chats_max: u64) -> Value {
    json!({
        "users": {
            "A1": {"roles": ["agent"], "groups": ["team"], "skills": {"french": 3}},
            "A2": {"roles": ["agent"], "groups": ["team"]},
            "A3": {"roles": ["agent"], "groups": ["team"], "skills": {"french": 1}},
            "A4": {"roles": ["agent"], "skills": {"french": 2}},
            "M1": {"roles": ["media_server"]}, "M2": {"roles": ["media_server"]},
            "R1": {"roles": ["router"]}, "R2": {"roles": ["router"]},
            "RE": {"roles": ["reporting"]}, "S1": {"roles": ["supervisor"]},
        },
        "queues": {
            "chat": {"media_type": "chat"},
            "second": {"media_type": "chat", "pull_groups": ["team"]},
            "email": {"media_type": "email"},
            "french": {"media_type": "chat", "skills": {"french": 2}},
        },
        "workbins": {
            "drafts": {"display_name": "Drafts", "kind": "Agent"},
            "team": {"display_name": "Team", "kind": {"AgentGroup": "team"}},
        },
        "capacity": {"chat": chats_max, "email": 1},
        "timing": timing,
    })
}

/// The times and the capacity of a seed.
pub(crate) fn configuration_of(dice: &mut Dice) -> (Value, u64) {
    let mut ms = |choices: &[u64]| dice.one_of(choices).copied().unwrap();
    let timing = json!({
        "delivery_timeout_ms": ms(&[3_000, 30_000]),
        "handling_timeout_ms": ms(&[20_000, 60_000, 600_000]),
        "routing_timeout_ms": ms(&[10_000, 60_000, 900_000]),
        "reoffer_delay_ms": ms(&[0, 1_000, 5_000]),
        "pass_over_ms": ms(&[0, 10_000, 60_000]),
        "invitation_grace_ms": ms(&[0, 1_000, 5_000]),
        "idempotency_key_ttl_ms": KEY_TTL_MS,
        "ownership_grace_ms": ms(&[2_000, 30_000]),
        "snapshot_timeout_ms": ms(&[5_000, 600_000]),
    });
    (timing, ms(&[1, 2, 3]))
}
