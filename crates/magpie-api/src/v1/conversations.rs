//! Conversations: a user's list, and what he does to it on his own side.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod changes;
mod delete;
mod get;
mod list;
mod read;
mod unread;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list_conversations))
        .routes(routes!(get::get_conversation, delete::delete_conversation))
        .routes(routes!(read::read_conversation))
        .routes(routes!(changes::list_changes))
        .routes(routes!(unread::explain_unread))
}
