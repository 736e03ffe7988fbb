//! `GET /v1/users/{id}/conversations/{conversation}/messages`

use magpie_core::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Access, need},
    extract::{Json, Path, Query},
    params,
    problem::Problem,
    shapes::{ItemView, ReadFailures},
};

/// Which page; without a place the newest one.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// Older than this place.
    before: Option<u64>,
    /// Newer than this place.
    after: Option<u64>,
    /// Places wanted, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// A page of history without holes, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageList {
    /// Messages, and ranges with nothing to see.
    items: Vec<ItemView>,
    /// Newest place of the conversation.
    head: u64,
    /// Whether there is more on the side that was asked for.
    more: bool,
}

/// Read the history of a conversation as a user sees it.
///
/// ```sh
/// curl 'http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697/messages?limit=20' \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/conversations/{conversation}/messages",
    operation_id = "list_messages", tag = "messages",
    params(
        ("id" = String, Path, description = "The user who looks"),
        ("conversation" = String, Path, description = "The conversation"),
        ListMessages),
    responses((status = 200, description = "A page", body = MessageList), ReadFailures),
    security(("api_key" = ["messages"]), ("user_token" = [])))]
pub(crate) async fn list_messages(
    access: Access<need::Messages>,
    Path((id, conversation)): Path<(String, String)>,
    Query(query): Query<ListMessages>,
) -> Result<Json<MessageList>, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    let edge = params::edge(query.before, query.after)?;
    let limit = params::limit(query.limit)?;
    let caller = &member.caller;
    let store = &member.core.store;
    let page = store.history(caller.user.clone(), caller.is_agent(), conversation, edge, limit);
    let page = page.await?.ok_or_else(Refusal::unknown_conversation)?;
    let items = page.items.into_iter().map(ItemView::from).collect();
    Ok(Json(MessageList { items, head: page.head, more: page.more }))
}
