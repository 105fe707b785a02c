//! The REST interface: the route table, the callers, the errors (design section 4).

mod administration;
mod app;
mod asyncapi;
mod body;
mod bulk;
mod caller;
mod channels;
mod conditions;
mod configuration;
mod configured;
mod csrf;
mod directory;
mod error;
mod event_schemas;
mod headers;
mod health;
mod history;
mod interactions;
mod interface;
mod me;
mod media;
mod metrics;
mod notification_schemas;
mod observer;
mod openapi;
mod operate;
mod operation_links;
mod pages;
mod panics;
mod parameter_schemas;
mod rate;
mod request_schemas;
mod requests;
mod resource_schemas;
mod schemas;
mod search;
mod services;
mod session;
mod settings;
mod statistics;
mod tokens;
mod url;
mod view;
mod workbin_operations;
mod workbins;

pub use asyncapi::notifications_document;
pub use body::BodyLimits;
pub use headers::COMPRESSED_BYTES_MIN;
pub use interface::{Interface, Parts, Routers, routers};
pub use observer::{Observer, REQUEST_ID_LEN_MAX};
pub use openapi::document;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use app::App;

/// The route table, and the OpenAPI document of it.
fn routes() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::beginning())
        .routes(routes!(session::log_in))
        .routes(routes!(session::log_out))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(me::read_me, me::operate_on_me))
        .routes(routes!(channels::list_my_channels))
        .routes(routes!(
            channels::read_my_channel,
            channels::operate_on_channel
        ))
        .routes(routes!(workbins::list_my_workbins))
        .routes(routes!(
            workbins::read_my_workbin,
            workbin_operations::operate_on_my_workbin
        ))
        .routes(routes!(interactions::list_my_interactions))
        .routes(routes!(
            interactions::read_my_interaction,
            interactions::operate_on_interaction
        ))
        .routes(routes!(
            interactions::list_interactions,
            interactions::submit_interaction
        ))
        .routes(routes!(
            interactions::read_interaction,
            interactions::update_interaction
        ))
        .routes(routes!(bulk::operate_on_interactions))
        .routes(routes!(history::read_history))
        .routes(routes!(requests::take_request))
        .routes(routes!(
            workbins::list_workbins,
            workbin_operations::operate_on_workbins
        ))
        .routes(routes!(
            workbins::read_workbin,
            workbin_operations::operate_on_workbin
        ))
        .merge(media_routes())
        .merge(directory_routes())
        .routes(routes!(statistics::read_statistics))
        .routes(routes!(services::list_services))
        .routes(routes!(services::read_service))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::version))
        .routes(routes!(health::storage))
        .routes(routes!(metrics::read_own))
        .routes(routes!(openapi::read_document))
        .routes(routes!(asyncapi::read_notifications_document))
        .split_for_parts()
}

/// The agent's interactions under the gateway's names for their media.
fn media_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media::list_my_chats))
        .routes(routes!(media::read_my_chat, media::operate_on_chat))
        .routes(routes!(media::list_my_emails))
        .routes(routes!(media::read_my_email, media::operate_on_email))
        .routes(routes!(media::list_my_workitems))
        .routes(routes!(media::read_my_workitem, media::operate_on_workitem))
        .routes(routes!(media::list_my_openmedia))
        .routes(routes!(
            media::read_my_openmedia,
            media::operate_on_openmedia
        ))
}

/// Whom and what there is in a contact centre.
fn directory_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(directory::list_users))
        .routes(routes!(
            directory::read_user,
            administration::put_user,
            administration::delete_user
        ))
        .routes(routes!(
            channels::list_channels,
            channels::operate_on_channels_of
        ))
        .routes(routes!(channels::operate_on_channel_of))
        .routes(routes!(
            workbins::list_workbins_of,
            workbin_operations::operate_on_workbins_of
        ))
        .routes(routes!(
            workbins::read_workbin_of,
            workbin_operations::operate_on_workbin_of
        ))
        .routes(routes!(directory::list_queues))
        .routes(routes!(
            directory::read_queue,
            administration::put_queue,
            administration::delete_queue
        ))
        .routes(routes!(directory::list_skills))
        .routes(routes!(directory::read_skill))
        .routes(routes!(directory::list_groups))
        .routes(routes!(directory::read_group))
        .routes(routes!(settings::list_agent_states))
        .merge(settings_routes())
        .routes(routes!(services::list_features))
        .routes(routes!(services::read_feature))
}

/// What administrators set up besides users and queues.
fn settings_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(configuration::put_configuration))
        .routes(routes!(
            administration::put_agent_state,
            administration::delete_agent_state
        ))
        .routes(routes!(settings::list_workbin_types))
        .routes(routes!(
            administration::put_workbin,
            administration::delete_workbin
        ))
        .routes(routes!(settings::list_capacity))
        .routes(routes!(
            administration::put_capacity,
            administration::delete_capacity
        ))
}
