//! `GET /v1/users/{id}/conversations/{conversation}/unread`

use magpie_core::{Refusal, model::UnreadWhy};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    params,
    problem::Problem,
    shapes::ReadFailures,
};

/// Why the unread count is what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadReport {
    /// The count.
    unread: u64,
    /// Places up to here never count: read, or deleted.
    floor: u64,
    /// Newest place of the conversation.
    head: u64,
    /// The newest 200 places above the floor.
    places: Vec<UnreadPlace>,
}

/// One place above the floor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadPlace {
    /// The place.
    seq: u64,
    /// `counts`: someone else's message; `own`: the reader's; `void`: recalled or of a kind that
    /// never counts; `hidden`: deleted on the reader's side.
    #[schema(example = "counts")]
    why: &'static str,
}

/// Explain an unread count.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/conversations/0b3c8f12d4e5a697/unread \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/conversations/{conversation}/unread",
    operation_id = "explain_unread", tag = "conversations",
    params(
        ("id" = String, Path, description = "Whose count"),
        ("conversation" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The count and its parts", body = UnreadReport),
        ReadFailures),
    security(("api_key" = ["conversations"]), ("user_token" = [])))]
pub(crate) async fn explain_unread(
    access: Access<need::Conversations>,
    Path((id, conversation)): Path<(String, String)>,
) -> Result<Json<UnreadReport>, Problem> {
    let member = access.member(&id).await?;
    let conversation = params::conversation(&conversation)?;
    let caller = &member.caller;
    let read = member.core.store.unread(caller.user.clone(), caller.is_agent(), conversation);
    let unread = read.await?.ok_or_else(Refusal::unknown_conversation)?;
    let places = unread.places.into_iter().map(|(seq, why)| UnreadPlace { seq, why: word(why) });
    Ok(Json(UnreadReport {
        unread: unread.count,
        floor: unread.floor,
        head: unread.head,
        places: places.collect(),
    }))
}

fn word(why: UnreadWhy) -> &'static str {
    match why {
        UnreadWhy::Counts => "counts",
        UnreadWhy::Own => "own",
        UnreadWhy::Void => "void",
        UnreadWhy::Hidden => "hidden",
    }
}
