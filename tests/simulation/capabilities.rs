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
        let Some(mut parameters) = fitting(world, agent, name, interaction) else {
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

/// Parameters with which an operation is possible; none if there is nobody whom it could be done with, and nothing.
fn fitting(world: &World, agent: &str, name: &str, interaction: &Interaction) -> Option<Value> {
    let state = world.state();
    let mut agents = state.agents.iter();
    let free = agents.find(|(other, found)| {
        !interaction.has_party(other) && found.media.len() == super::setting::MEDIA.len()
    });
    let free = free.map(|(other, _)| json!({"userId": other.as_str()}));
    let configuration = &state.configuration;
    let queue = configuration.queues.keys().next();
    let queue = queue.map(|queue| json!({"queueName": queue}));
    let mut workbins = configuration.workbins.keys();
    let drafts = workbins.find(|it| it.as_str() == "drafts");
    match name {
        "PlaceInQueue" => queue,
        "PlaceInWorkbin" => drafts.map(|drafts| json!({"workbin": drafts})),
        "AttachUserData" | "UpdateUserData" | "DeleteUserData" => {
            Some(json!({"userData": {"k": 1}}))
        }
        // A draft goes somewhere if its agent leaves.
        "Reply" | "ReplyAll" => {
            let media = &interaction.media_type;
            let home = state.home_of(&user(agent), media, state.sequence);
            home.map(|_| json!({}))
        }
        "Conference" => free,
        "Transfer" => free.or(queue),
        _ => Some(json!({})),
    }
}
