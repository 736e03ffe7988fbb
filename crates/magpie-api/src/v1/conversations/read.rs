//! `POST /v1/users/{id}/conversations/{conversation}/read`

use magpie_core::{
    Refusal,
    port::store::{Op, Outcome},
};
use magpie_proto::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    params,
    problem::Problem,
    shapes::WriteFailures,
};

/// Up to where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkRead {
    /// The user has seen everything up to this place. Beyond the newest: the newest.
    seq: u64,
}

/// The mark as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadMark {
    /// Read up to here; a mark never falls.
    read: u64,
    /// Messages of others above it.
    unread: u64,
}

/// Mark a conversation as read.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697/read \
///   -H "Authorization: Bearer $MAGPIE_API_KEY" -H 'Content-Type: application/json' -d '{"seq":42}'
/// ```
#[utoipa::path(post, path = "/v1/users/{id}/conversations/{conversation}/read",
    operation_id = "read_conversation", tag = "conversations",
    params(
        ("id" = String, Path, description = "The user who has read"),
        ("conversation" = String, Path, description = "The conversation")),
    request_body = MarkRead,
    responses((status = 200, description = "Durable", body = ReadMark), WriteFailures),
    security(("api_key" = ["conversations"]), ("user_token" = [])))]
pub(crate) async fn read_conversation(
    access: Access<need::Conversations>,
    Path((id, conversation)): Path<(String, String)>,
    Json(wanted): Json<MarkRead>,
) -> Result<Json<ReadMark>, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    let seq = params::seq("seq", wanted.seq)?;
    let user = member.caller.user;
    match member.core.write(Op::Read { user, conversation, seq }).await? {
        Outcome::Read { membership, unread, .. } => {
            Ok(Json(ReadMark { read: membership.read_seq, unread }))
        }
        other => {
            tracing::error!(?other, "a read mark had another outcome");
            Err(Refusal::new(ErrorCode::Internal, "a fault of the server").into())
        }
    }
}
