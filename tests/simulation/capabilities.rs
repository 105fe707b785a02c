//! What is offered is not refused, and what is refused is not offered.

use baton::domain::InteractionId;
use baton::engine::capabilities;
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::{AGENTS, World, all_capabilities, user};

/// Tries everything on one interaction for one agent, on a copy of the engine.
pub(super) fn check(world: &World, dice: &mut Dice) {
    let agent = dice.pick(&AGENTS);
    let mut ids: Vec<InteractionId> = world
        .state()
        .involved(&user(agent))
        .map(|it| it.id.clone())
        .collect();
    if dice.percent(20) {
        ids = world.state().interactions.keys().cloned().collect();
    }
    let Some(id) = dice.one_of(&ids) else {
        return;
    };
    let interaction = world.interaction(id.as_str());
    let offered = capabilities(interaction, &user(agent));
    for name in all_capabilities() {
        let mut parameters = fitting(world, name, agent);
        parameters["interactionId"] = json!(id.as_str());
        let result = world.would(agent, name, parameters);
        assert_eq!(
            result.is_ok(),
            offered.contains(&name),
            "{name} of {id} by {agent}: {result:?}, offered {offered:?}"
        );
    }
}

fn fitting(world: &World, name: &str, agent: &str) -> Value {
    match name {
        "PlaceInQueue" => json!({"queueName": "chat"}),
        "PlaceInWorkbin" => json!({"workbin": "drafts"}),
        "AttachUserData" | "UpdateUserData" | "DeleteUserData" => json!({"userData": {"k": 1}}),
        "Transfer" => {
            let mut others = world.state().agents.iter().filter(|(other, found)| {
                other.as_str() != agent && found.media.len() == super::world::MEDIA.len()
            });
            match others.next() {
                Some((other, _)) => json!({"userId": other.as_str()}),
                None => json!({"queueName": "chat"}),
            }
        }
        _ => json!({}),
    }
}
