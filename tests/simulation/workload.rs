//! What everybody does, by chance.

use baton::domain::{Interaction, Whereabouts};
use serde_json::{Value, json};

use super::administration;
use super::carriage::Asked;
use super::dice::Dice;
use super::disk::Crash;
use super::setting::{AGENTS, MEDIA, QUEUES, configuration, configuration_of};
use super::snapshots;
use super::world::{World, user};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const BINS: [&str; 3] = ["drafts", "team", "Team"];

/// Media servers submit no more than about this many at a time.
const LIVE_LEN_MAX: usize = 20;

/// Requests that may arrive once more.
const SENT_LEN_MAX: usize = 12;

/// Does one thing.
pub(super) fn act(world: &mut World, dice: &mut Dice) {
    match dice.below(100) {
        0..=52 => act_as_agent(world, dice),
        53..=72 => act_as_media_server(world, dice),
        73..=84 => act_as_router(world, dice),
        85..=86 => repeat(world, dice),
        87 => {
            let who = dice.pick(&["M1", "M2", "S1"]);
            let (name, parameters) = snapshots::request(world, dice);
            ask(world, who, name, parameters);
        }
        88..=89 => {
            let agent = dice.pick(&AGENTS);
            let present = dice.percent(50);
            let _ = world.presence(agent, present);
        }
        90 => {
            let name = "RequestStartPlaceAgentReportingAll";
            ask(world, "RE", name, json!({"interactions": dice.percent(50)}));
        }
        91 => {
            let id = any_interaction(world, dice);
            let name = dice.pick(&[
                "RequestStopProcessing",
                "RequestAccept",
                "RequestRouteCall",
                "RequestIntrude",
                "RequestHold",
                "RequestResume",
                "RequestResume",
                "RequestPlaceInQueue",
                "RequestPlaceInQueue",
                "PlaceInWorkbin",
                "Complete",
                "UpdateUserData",
            ]);
            let who = dice.pick(&["S1", "RE", "M1", "A1"]);
            let parameters = json!({
                "interactionId": id, "queue": dice.pick(&QUEUES),
                "workbin": dice.pick(&["team.team", "drafts.A1", "drafts.A2"]),
                "userData": {dice.pick(&KEYS): dice.below(9)},
            });
            ask(world, who, name, parameters);
        }
        92..=93 => world.write(),
        94..=95 => world.commit(),
        96..=97 => administration::act(world, dice),
        98 => {
            let (timing, chats_max) = configuration_of(dice);
            let mut wanted = configuration(&timing, chats_max);
            let connections = dice.pick(&["true", "true", "false", "force-logout"]);
            wanted["allow_multiple_agent_connections"] = json!(connections);
            if dice.percent(30) {
                let gone = dice.pick(&["second", "french"]);
                wanted["queues"].as_object_mut().unwrap().remove(gone);
            }
            world.configure_as(wanted);
        }
        _ => {
            let moments = [Crash::Unwritten, Crash::Written, Crash::Acknowledged];
            world.crash(*dice.one_of(&moments).unwrap());
            if dice.percent(80) {
                let _ = world.restart();
            }
        }
    }
}

/// Moves the clock: a little, to when something is due, just before that, or far.
pub(super) fn pass_time(world: &mut World, dice: &mut Dice) {
    let due_in_ms = world
        .engine
        .poll_timeout(world.now)
        .map_or(0, |at| at.0.saturating_sub(world.now.0));
    let ms = match dice.below(100) {
        0..=39 => 0,
        40..=69 => dice.below(2_000),
        70..=84 => due_in_ms,
        85..=89 => due_in_ms.saturating_sub(1),
        90..=97 => dice.below(60_000),
        _ => dice.below(20 * 60_000),
    };
    if ms > 0 {
        world.pass(ms);
    }
}

fn act_as_agent(world: &mut World, dice: &mut Dice) {
    let agent = dice.pick(&AGENTS);
    if !world.state().agents.contains_key(&user(agent)) && dice.percent(70) {
        let channels = match dice.below(4) {
            0 => json!({"chat": 1}),
            1 => json!({"chat": 1, "email": 0}),
            2 => json!({"chat": 1, "email": 1}),
            _ => Value::Null,
        };
        return ask(
            world,
            agent,
            "RequestAgentLogin",
            json!({"channels": channels}),
        );
    }
    match dice.below(100) {
        0..=39 => work_on(world, dice, agent),
        40..=54 => answer_invitation(world, dice, agent),
        55..=64 => pull(world, dice, agent),
        65..=76 => change_readiness(world, dice, agent),
        77 => ask(world, agent, "RequestAgentLogout", json!({})),
        78 => {
            let place = dice.pick(&["desk", agent]);
            ask(world, agent, "RequestAgentLogin", json!({"placeId": place}));
        }
        79..=80 => {
            let flag = dice.below(2);
            let parameters = json!({"extension": {"event_properties_changed": flag}});
            ask(world, agent, "RequestRegisterClient", parameters);
        }
        81..=88 => {
            let bin = dice.pick(&BINS);
            let name = dice.pick(&[
                "RequestSubscribeWorkbin",
                "RequestSubscribeWorkbin",
                "RequestUnsubscribeWorkbin",
                "RequestGetWorkbinContent",
            ]);
            ask(world, agent, name, json!({"workbin": bin}));
        }
        _ => submit_as_agent(world, dice, agent),
    }
}

fn submit_as_agent(world: &mut World, dice: &mut Dice, agent: &str) {
    let media = dice.pick(&MEDIA);
    let parameters = match dice.below(4) {
        0 => json!({"mediaType": media, "workbin": dice.pick(&BINS)}),
        1 => json!({"mediaType": media, "queue": dice.pick(&QUEUES)}),
        _ => json!({"mediaType": media, "userData": {dice.pick(&KEYS): 1}}),
    };
    ask(world, agent, "RequestSubmit", parameters);
}

fn change_readiness(world: &mut World, dice: &mut Dice, agent: &str) {
    let name = dice.pick(&["Ready", "Ready", "Ready", "NotReady"]);
    let parameters = if dice.percent(40) {
        json!({"media": dice.pick(&MEDIA)})
    } else {
        json!({})
    };
    ask(world, agent, name, parameters);
}

/// Accepts or rejects what the agent is invited to, or now and then what he is not.
fn answer_invitation(world: &mut World, dice: &mut Dice, agent: &str) {
    let name = dice.pick(&["Accept", "Accept", "Accept", "Reject"]);
    let invited: Vec<(String, u64)> = world
        .state()
        .involved(&user(agent))
        .filter(|it| it.invites(&user(agent)))
        .map(|it| (it.id.to_string(), it.invitation().unwrap().ticket.0))
        .collect();
    let (id, ticket) = match dice.one_of(&invited) {
        Some(open) if dice.percent(90) => open.clone(),
        _ => (any_interaction(world, dice), world.state().last_ticket),
    };
    let parameters = match dice.below(20) {
        0 => json!({"interactionId": id, "ticketId": ticket.saturating_sub(1 + dice.below(3))}),
        1 => json!({"interactionId": id, "ticketId": ticket + 1 + dice.below(3)}),
        2..=9 => json!({"interactionId": id}),
        _ => json!({"interactionId": id, "ticketId": ticket}),
    };
    ask(world, agent, name, parameters);
}

fn pull(world: &mut World, dice: &mut Dice, agent: &str) {
    let id = any_interaction(world, dice);
    let parameters = match dice.below(6) {
        0 => json!({"queue": "second"}),
        1 => json!({"queue": dice.pick(&QUEUES), "count": dice.below(4)}),
        2 => json!({"workbin": dice.pick(&BINS)}),
        3 => json!({"workbin": dice.pick(&BINS), "interactionId": id}),
        4 => json!({"viewId": "second", "interactionIds": [id]}),
        _ => json!({"interactionId": id}),
    };
    ask(world, agent, "RequestPull", parameters);
}

fn work_on(world: &mut World, dice: &mut Dice, agent: &str) {
    let own: Vec<String> = world
        .state()
        .involved(&user(agent))
        .map(|it| it.id.to_string())
        .collect();
    let id = match dice.one_of(&own) {
        Some(id) if dice.percent(85) => id.clone(),
        _ => any_interaction(world, dice),
    };
    let mut parameters = json!({});
    let name = match dice.below(20) {
        0..=1 => "Complete",
        2 => {
            parameters = json!({"queueName": dice.pick(&QUEUES)});
            "Complete"
        }
        3..=4 => {
            parameters = json!({"queueName": dice.pick(&QUEUES)});
            "PlaceInQueue"
        }
        5..=6 => {
            parameters = json!({"workbin": dice.pick(&BINS)});
            "PlaceInWorkbin"
        }
        7..=9 => {
            parameters = match dice.below(8) {
                0 => json!({"queueName": dice.pick(&QUEUES)}),
                1 => json!({"userId": "nobody"}),
                _ => json!({"userId": dice.pick(&AGENTS)}),
            };
            "Transfer"
        }
        10 => dice.pick(&["Reply", "ReplyAll", "Cancel"]),
        11 => "Cancel",
        12 => "RequestStopProcessing",
        13 => {
            parameters = property_changes(dice);
            "RequestChangeProperties"
        }
        14..=16 => {
            parameters = json!({"userId": dice.pick(&AGENTS)});
            "Conference"
        }
        17 => "Leave",
        _ => {
            parameters = json!({"userData": {dice.pick(&KEYS): dice.below(9)}});
            dice.pick(&["AttachUserData", "UpdateUserData", "DeleteUserData"])
        }
    };
    parameters["interactionId"] = json!(id);
    ask(world, agent, name, parameters);
}

fn property_changes(dice: &mut Dice) -> Value {
    let mut parameters = json!({
        "addedProperties": {dice.pick(&KEYS): dice.below(9)},
        "changedProperties": {dice.pick(&KEYS): dice.below(9)},
    });
    if dice.percent(40) {
        parameters["deletedProperties"] = json!({dice.pick(&KEYS): ""});
    }
    if dice.percent(20) {
        parameters["userData"] = json!({dice.pick(&KEYS): "new", dice.pick(&KEYS): "new"});
    }
    if dice.percent(20) {
        parameters["changedProperties"] = json!({"Subject": format!("s{}", dice.below(9))});
    }
    if dice.percent(5) {
        parameters["addedProperties"] = json!({"Queue": "chat"});
    }
    parameters
}

fn act_as_media_server(world: &mut World, dice: &mut Dice) {
    let who = dice.pick(&["M1", "M2"]);
    match dice.below(20) {
        0 => {
            let flag = dice.below(2);
            let parameters = json!({"extension": {"event_properties_changed": flag}});
            ask(world, who, "RequestRegisterClient", parameters);
        }
        1..=5 => {
            let mut parameters = property_changes(dice);
            parameters["interactionId"] = json!(any_interaction(world, dice));
            ask(world, who, "RequestChangeProperties", parameters);
        }
        6..=8 => {
            let id = any_interaction(world, dice);
            let parameters = json!({"interactionId": id});
            ask(world, who, "RequestStopProcessing", parameters);
        }
        // Enough to be full, and few enough to be fast.
        _ if world.state().interactions.size() > LIVE_LEN_MAX => {}
        _ => {
            let mut parameters = json!({
                "queue": dice.pick(&["chat", "chat", "second", "email", "email", "french"]),
                "userData": {dice.pick(&KEYS): dice.below(9)},
            });
            if dice.percent(40) {
                parameters["interactionId"] = json!(format!("{who}-{}", dice.below(60)));
            }
            if dice.percent(10) {
                parameters["mediaType"] = json!(dice.pick(&["chat", "email", "fax"]));
            }
            ask(world, who, "RequestSubmit", parameters);
        }
    }
}

fn act_as_router(world: &mut World, dice: &mut Dice) {
    let who = dice.pick(&["R1", "R2"]);
    let held: Vec<String> = world
        .state()
        .routed_by(&user(who))
        .map(|it| it.id.to_string())
        .collect();
    let id = match dice.one_of(&held) {
        Some(id) if dice.percent(95) => id.clone(),
        _ => any_interaction(world, dice),
    };
    if held.is_empty() && dice.percent(50) || dice.percent(20) {
        let dn = match dice.below(10) {
            0 => "nowhere",
            1 => dice.pick(&AGENTS),
            _ => dice.pick(&QUEUES),
        };
        return match dice.below(20) {
            0..=4 => ask(world, who, "RequestRegisterClient", json!({})),
            5..=12 => {
                let mode = dice.one_of(&[0, 0, 0, 1, 2]).copied();
                let parameters = json!({"thisDN": dn, "mode": mode});
                ask(world, who, "RegisterAddress", parameters);
            }
            13..=14 => {
                let info = dice.pick(&["QueueStatus", "DNStatus", "AddressType"]);
                let parameters = json!({"thisDN": dn, "infoType": info});
                ask(world, who, "RequestQueryAddress", parameters);
            }
            15..=18 => ask(world, who, "UnregisterAddress", json!({"thisDN": dn})),
            _ => ask(world, who, "RequestUnregisterClient", json!({})),
        };
    }
    let mut name = "RequestRouteCall";
    let mut parameters = match dice.below(20) {
        0..=9 => json!({"agentId": dice.pick(&AGENTS)}),
        10..=11 => json!({"queue": dice.pick(&QUEUES)}),
        12 => json!({"queue": dice.pick(&["nowhere", "__STOP__"])}),
        13 => {
            json!({"workbin": "drafts", "workbinAgentId": dice.pick(&["A1", "A2", "nobody", "M1"])})
        }
        14 => json!({"workbin": "team", "workbinAgentId": dice.pick(&["A1", "A4"])}),
        15 => json!({"stop": true}),
        _ => {
            name = dice.pick(&["RequestUpdateUserData", "RequestDeleteUserData"]);
            json!({"userData": {dice.pick(&KEYS): dice.below(9)}})
        }
    };
    parameters["interactionId"] = json!(id);
    ask(world, who, name, parameters);
}

fn ask(world: &mut World, who: &str, name: &str, parameters: Value) {
    let reference = world.next_reference();
    let asked = Asked {
        who: who.to_owned(),
        name: name.to_owned(),
        parameters,
        reference,
        // Every other request has a key: enough to be repeated, and without a throw of the dice.
        key: reference
            .0
            .is_multiple_of(2)
            .then(|| format!("key-{reference}")),
        depends_on: world.state().sequence,
    };
    world.send(&asked);
    world.sent.push_back(asked);
    if world.sent.len() > SENT_LEN_MAX {
        world.sent.pop_front();
    }
}

/// A request arrives once more, and late: the network has it twice.
fn repeat(world: &mut World, dice: &mut Dice) {
    let sent: Vec<Asked> = world.sent.iter().cloned().collect();
    if let Some(asked) = dice.one_of(&sent) {
        world.send(asked);
    }
}

/// What happens on the way: things arrive or do not, and who has no reply asks again by the same reference.
pub(super) fn carry(world: &mut World, dice: &mut Dice) {
    world.carriage.carry();
    if world.carriage.counts().is_unknown() && dice.percent(30) {
        world.ask_for_counts();
    }
    if dice.percent(15)
        && let Some(asked) = world.carriage.unanswered.pop()
    {
        world.send(&asked);
    }
    if dice.percent(2) {
        world.carriage.trim();
    }
}

/// Everybody comes to know everything; then some ask again for what did not happen.
pub(super) fn rest(world: &mut World, dice: &mut Dice) {
    world.come_to_rest();
    for asked in std::mem::take(&mut world.carriage.unanswered) {
        if dice.percent(50) {
            world.send(&asked);
        }
    }
}

/// Any interaction, seldom a stopped or an unknown one.
fn any_interaction(world: &World, dice: &mut Dice) -> String {
    let state = world.state();
    let ids: Vec<String> = match dice.below(20) {
        0 => return format!("unknown-{}", dice.below(9)),
        1 => state.stopped.keys().map(ToString::to_string).collect(),
        2..=6 => state
            .interactions
            .values()
            .filter(|it| is_parked(it))
            .map(|it| it.id.to_string())
            .collect(),
        _ => state.interactions.keys().map(ToString::to_string).collect(),
    };
    let id = dice.one_of(&ids).cloned();
    id.unwrap_or_else(|| "unknown".to_owned())
}

fn is_parked(interaction: &Interaction) -> bool {
    matches!(interaction.whereabouts, Whereabouts::InWorkbin(_))
}
