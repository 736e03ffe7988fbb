//! `DELETE /v1/users/{id}/conversations/{conversation}`

use axum::http::StatusCode;
use magpie_core::conversation::settings;
use magpie_proto::client::Change;

use crate::{
    access::{Access, need},
    extract::Path,
    params,
    problem::Problem,
    shapes::WriteFailures,
};

/// Delete a conversation on one user's side.
///
/// The other side keeps everything. A later message brings the conversation back, without what was
/// deleted.
///
/// ```sh
/// curl -X DELETE http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(delete, path = "/v1/users/{id}/conversations/{conversation}",
    operation_id = "delete_conversation", tag = "conversations",
    params(
        ("id" = String, Path, description = "On whose side"),
        ("conversation" = String, Path, description = "The conversation")),
    responses((status = 204, description = "Deleted on this side"), WriteFailures),
    security(("api_key" = ["conversations"]), ("user_token" = [])))]
pub(crate) async fn delete_conversation(
    access: Access<need::Conversations>,
    Path((id, conversation)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    settings::set(member.core, &member.caller, conversation, Change::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}
