//! What is offered is not refused, and what is refused is not offered.

use baton::domain::{Interaction, InteractionId};
use baton::engine::capabilities;
use serde_json::{Value, json};

use super::dice::Dice;
use super::setting::AGENTS;
use super::world::{World, all_capabilities, user};

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
        let Some(mut parameters) = fitting(world, name, interaction) else {
            continue;
        };
        parameters["interactionId"] = json!(id.as_str());
        let result = world.would(agent, name, parameters);
        assert_eq!(
            result.is_ok(),
            offered.contains(&name),
            "{name} of {id} by {agent}: {result:?}, offered {offered:?}"
        );
    }
}

/// Parameters with which an operation is possible; none if there is nobody whom it could be done with.
fn fitting(world: &World, name: &str, interaction: &Interaction) -> Option<Value> {
    let mut agents = world.state().agents.iter();
    let free = agents.find(|(other, found)| {
        !interaction.has_party(other) && found.media.len() == super::setting::MEDIA.len()
    });
    let free = free.map(|(other, _)| json!({"userId": other.as_str()}));
    match name {
        "PlaceInQueue" => Some(json!({"queueName": "chat"})),
        "PlaceInWorkbin" => Some(json!({"workbin": "drafts"})),
        "AttachUserData" | "UpdateUserData" | "DeleteUserData" => {
            Some(json!({"userData": {"k": 1}}))
        }
        "Conference" => free,
        "Transfer" => free.or(Some(json!({"queueName": "chat"}))),
        _ => Some(json!({})),
    }
}
