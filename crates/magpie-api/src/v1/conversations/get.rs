//! `GET /v1/users/{id}/conversations/{conversation}`

use magpie_core::conversation::settings;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    params,
    problem::Problem,
    shapes::{ConversationView, ReadFailures},
};

/// Read one conversation as a user sees it.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/conversations/{conversation}",
    operation_id = "get_conversation", tag = "conversations",
    params(
        ("id" = String, Path, description = "The user who looks"),
        ("conversation" = String, Path, description = "The conversation")),
    responses((status = 200, description = "As he sees it", body = ConversationView), ReadFailures),
    security(("api_key" = ["conversations"]), ("user_token" = [])))]
pub(crate) async fn get_conversation(
    access: Access<need::Conversations>,
    Path((id, conversation)): Path<(String, String)>,
) -> Result<Json<ConversationView>, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    let entry = settings::entry(member.core, &member.caller, conversation).await?;
    Ok(Json(entry.into()))
}
