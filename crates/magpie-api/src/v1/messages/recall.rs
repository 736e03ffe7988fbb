//! `DELETE /v1/conversations/{conversation}/messages/{seq}`

use axum::http::StatusCode;
use magpie_core::message::{
    revise::{self, At},
    send::system_caller,
};

use super::send::make_system_user;
use crate::{
    access::{Key, need},
    extract::Path,
    params,
    problem::Problem,
    shapes::WriteFailures,
};

/// Recall a message.
///
/// Whoever sent it and however long ago: its body is erased for everyone, its place stays. What was
/// recalled before stays so, and the answer is the same.
///
/// ```sh
/// curl -X DELETE http://127.0.0.1:8080/v1/conversations/0b3c8f12d4e5a697/messages/12 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(delete, path = "/v1/conversations/{conversation}/messages/{seq}",
    operation_id = "recall_message", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The conversation"),
        ("seq" = u64, Path, description = "The place of the message")),
    responses((status = 204, description = "Recalled for everyone"), WriteFailures),
    security(("api_key" = ["messages"])))]
pub(crate) async fn recall_message(
    key: Key<need::Messages>,
    Path((conversation, seq)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    let conversation = params::conversation(&conversation)?;
    let at = At { conversation, seq: params::place(seq)? };
    let caller = system_caller(key.system_user(make_system_user).await?);
    revise::recall(key.core(), &caller, at).await?;
    Ok(StatusCode::NO_CONTENT)
}
