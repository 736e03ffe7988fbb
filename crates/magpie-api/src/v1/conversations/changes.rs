//! `GET /v1/users/{id}/conversations/{conversation}/changes`

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

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListChanges {
    /// The `rev` one has; absent: from the beginning.
    after: Option<u64>,
    /// Places wanted, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// Places that changed, each once, as they are now, in the order of their last change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeList {
    /// Messages, and ranges with nothing to see.
    items: Vec<ItemView>,
    /// The page covers the changes up to here; ask with it for the next one.
    rev: u64,
    /// Whether there are further ones.
    more: bool,
}

/// List the messages of a conversation that were recalled, edited or reacted to.
///
/// ```sh
/// curl 'http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697/changes?after=5' \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/conversations/{conversation}/changes",
    operation_id = "list_changes", tag = "conversations",
    params(
        ("id" = String, Path, description = "The user who looks"),
        ("conversation" = String, Path, description = "The conversation"),
        ListChanges),
    responses((status = 200, description = "A page", body = ChangeList), ReadFailures),
    security(("api_key" = ["messages"]), ("user_token" = [])))]
pub(crate) async fn list_changes(
    access: Access<need::Messages>,
    Path((id, conversation)): Path<(String, String)>,
    Query(query): Query<ListChanges>,
) -> Result<Json<ChangeList>, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    let after = params::seq("after", query.after.unwrap_or_default())?;
    let limit = params::limit(query.limit)?;
    let caller = &member.caller;
    let store = &member.core.store;
    let page = store.changes(caller.user.clone(), caller.is_agent(), conversation, after, limit);
    let page = page.await?.ok_or_else(Refusal::unknown_conversation)?;
    let items = page.items.into_iter().map(ItemView::from).collect();
    Ok(Json(ChangeList { items, rev: page.rev, more: page.more }))
}
