//! An administrator changes the contact centre by chance, while work goes on in it.

use baton::domain::{Configuration, ConfigurationChange, MediaType, Role, UserId};
use baton::engine::operations::{ApplyConfiguration, ChangeConfiguration};
use baton::engine::{Operation, Outcome, State};
use serde_json::{Value, json};

use super::dice::Dice;
use super::setting::{AGENTS, MEDIA, QUEUES, configuration};
use super::world::{World, queue, user};

/// Who does it.
const ADMINISTRATOR: &str = "XA";

/// What a change comes upon.
pub(super) const APPLIED: &str = "a configuration is applied";
pub(super) const REFUSED: &str = "a change of the configuration is refused";
pub(super) const REMOVED_AT_WORK: &str = "a user is removed who works on something";
pub(super) const ROLE_LOST_AT_WORK: &str = "a user loses his role who works on something";
pub(super) const ROUTER_REMOVED: &str = "a router has something and is one no longer";
pub(super) const QUEUE_REMOVED: &str = "a queue is removed in which something waits";
pub(super) const WORKBIN_REMOVED: &str = "a workbin is removed with something in it";
pub(super) const BELOW_LOAD: &str = "a capacity falls below what somebody has";

/// Changes one thing, or several at once.
pub(super) fn act(world: &mut World, dice: &mut Dice) {
    let operation = match dice.below(5) {
        0 => Operation::ApplyConfiguration(ApplyConfiguration {
            configuration: Box::new(a_configuration(world.state(), dice)),
            removes_others: dice.percent(50),
        }),
        _ => Operation::ChangeConfiguration(ChangeConfiguration {
            change: a_change(world.state(), dice),
            keeps_password: dice.percent(50),
        }),
    };
    let before = world.state().clone();
    let result = world.administer(ADMINISTRATOR, operation);
    let Ok(step) = result else {
        world.befallen.insert(REFUSED);
        return;
    };
    if matches!(step.outcome, Outcome::ConfigurationApplied(_)) {
        world.befallen.insert(APPLIED);
    }
    let after = world.state().configuration.clone();
    world.befallen.extend(come_upon(&before, &after));
}

/// One thing of the contact centre, otherwise or not there.
fn a_change(state: &State, dice: &mut Dice) -> ConfigurationChange {
    let change = match dice.below(10) {
        0..=3 => json!({"User": [who(state, dice), perhaps(dice, 70, a_user)]}),
        4..=5 => json!({"Queue": [dice.pick(&QUEUES), perhaps(dice, 60, a_queue)]}),
        6..=7 => {
            // Most remove nothing: of each medium there is a queue.
            let capacity = |dice: &mut Dice| json!(dice.below(4));
            json!({"Capacity": [dice.pick(&MEDIA), perhaps(dice, 90, capacity)]})
        }
        8 => {
            let name = dice.pick(&["drafts", "team"]);
            json!({"Workbin": [name, perhaps(dice, 60, |_| a_workbin(name))]})
        }
        _ => json!({"AgentState": [dice.pick(&["Lunch", "Accept"]), {"display_name": "Out"}]}),
    };
    serde_json::from_value(change).unwrap()
}

/// Rather a router that has something to do.
fn who(state: &State, dice: &mut Dice) -> &'static str {
    let is_busy = |router: &&str| state.routed_by(&user(router)).next().is_some();
    let busy = ["R1", "R2"].into_iter().find(is_busy);
    match (dice.below(3), busy) {
        (0, Some(router)) => router,
        (0, None) => dice.pick(&["R1", "R2", "M2", "Nobody"]),
        _ => dice.pick(&AGENTS),
    }
}

fn perhaps(dice: &mut Dice, chance: u64, make: impl FnOnce(&mut Dice) -> Value) -> Value {
    match dice.percent(chance) {
        true => make(dice),
        false => Value::Null,
    }
}

fn a_user(dice: &mut Dice) -> Value {
    let roles = match dice.below(5) {
        0 => json!(["supervisor"]),
        _ => json!(["agent"]),
    };
    let groups = if dice.percent(60) {
        json!(["team"])
    } else {
        json!([])
    };
    json!({"roles": roles, "groups": groups, "skills": {"french": 1 + dice.below(3)}})
}

fn a_queue(dice: &mut Dice) -> Value {
    let mut queue = json!({"media_type": dice.pick(&MEDIA), "pull_groups": ["team"]});
    if dice.percent(30) {
        queue["skills"] = json!({"french": 1 + dice.below(3)});
    }
    queue
}

fn a_workbin(name: &str) -> Value {
    match name {
        "team" => json!({"display_name": "Team", "kind": {"AgentGroup": "team"}}),
        _ => json!({"display_name": "Drafts", "kind": "Agent"}),
    }
}

/// What a file may say: the usual, with something left out.
fn a_configuration(state: &State, dice: &mut Dice) -> Configuration {
    let mut wanted = configuration(&json!({}), 1 + dice.below(3));
    for (kind, name) in [
        ("users", who(state, dice)),
        ("queues", dice.pick(&QUEUES)),
        ("workbins", dice.pick(&["drafts", "team"])),
    ] {
        if dice.percent(40) {
            wanted[kind].as_object_mut().unwrap().remove(name);
        }
    }
    serde_json::from_value(wanted).unwrap()
}

/// What is otherwise now for somebody or something that there was.
fn come_upon(before: &State, after: &Configuration) -> Vec<&'static str> {
    let mut found = Vec::new();
    let is = |user: &UserId, role: Role| {
        let found = after.users.get(user);
        found.is_some_and(|it| it.roles.contains(&role))
    };
    for agent in AGENTS.map(user) {
        let is_at_work = before.involved(&agent).next().is_some();
        match after.users.contains_key(&agent) {
            _ if !is_at_work => {}
            false => found.push(REMOVED_AT_WORK),
            true if !is(&agent, Role::Agent) => found.push(ROLE_LOST_AT_WORK),
            true => {}
        }
        for media in MEDIA.map(|name| MediaType::parse(name).unwrap()) {
            let capacity = after.capacity.get(&media).copied().unwrap_or(1);
            if capacity < before.capacity(&media) && before.load(&agent, &media) > capacity {
                found.push(BELOW_LOAD);
            }
        }
    }
    let routers = ["R1", "R2"].map(user);
    let mut gone = routers.iter().filter(|it| !is(it, Role::Router));
    if gone.any(|it| before.routed_by(it).next().is_some()) {
        found.push(ROUTER_REMOVED);
    }
    let mut gone = QUEUES
        .map(queue)
        .into_iter()
        .filter(|it| !after.queues.contains_key(it));
    if gone.any(|it| before.configuration.queues.contains_key(&it) && before.waiting_len(&it) > 0) {
        found.push(QUEUE_REMOVED);
    }
    let bins = before.configuration.all_workbins();
    let mut gone = bins.filter(|it| !after.workbins.contains_key(&it.name));
    if gone.any(|it| before.workbin_len(&it) > 0) {
        found.push(WORKBIN_REMOVED);
    }
    found
}
