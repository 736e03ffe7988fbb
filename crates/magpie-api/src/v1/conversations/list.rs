//! `GET /v1/users/{id}/conversations`

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Access, need},
    extract::{Json, Path, Query},
    params,
    problem::Problem,
    shapes::{ConversationView, ReadFailures},
};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversations {
    /// The `next` of the page before.
    before: Option<String>,
    /// Conversations wanted, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// A page of a user's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationList {
    /// Pinned ones first, then the newest.
    conversations: Vec<ConversationView>,
    /// Name it as `before` to go on; absent on the last page.
    next: Option<String>,
}

/// List a user's conversations.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/conversations -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/conversations", operation_id = "list_conversations",
    tag = "conversations",
    params(("id" = String, Path, description = "Whose list"), ListConversations),
    responses((status = 200, description = "A page", body = ConversationList), ReadFailures),
    security(("api_key" = ["conversations"]), ("user_token" = [])))]
pub(crate) async fn list_conversations(
    access: Access<need::Conversations>,
    Path(id): Path<String>,
    Query(query): Query<ListConversations>,
) -> Result<Json<ConversationList>, Problem> {
    let member = access.member(&id).await?;
    let before = query.before.as_deref().map(params::read_mark).transpose()?;
    let limit = params::limit(query.limit)?;
    let caller = &member.caller;
    let page =
        member.core.store.inbox(caller.user.clone(), caller.is_agent(), before, limit).await?;
    let conversations = page.entries.into_iter().map(ConversationView::from).collect();
    Ok(Json(ConversationList { conversations, next: page.next.map(params::write_mark) }))
}
