//! `GET /v1/users/{id}/presence`

use magpie_core::presence;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    problem::Problem,
    shapes::ReadFailures,
};

/// A user's presence at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresenceView {
    /// Who.
    user: String,
    /// Connected now.
    online: bool,
    /// Open connections, of every protocol.
    connections: u32,
    /// Last moment with a connection, Unix milliseconds; 0 if never.
    last_seen: u64,
}

/// Read whether a user is connected.
///
/// A user whom nobody has heard of is offline and was never seen.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/presence -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/presence", operation_id = "get_presence",
    tag = "presence",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "Now", body = PresenceView), ReadFailures),
    security(("api_key" = ["presence"]), ("user_token" = [])))]
pub(crate) async fn get_presence(
    access: Access<need::Presence>,
    Path(id): Path<String>,
) -> Result<Json<PresenceView>, Problem> {
    let subject = access.subject(&id).await?;
    let connections = subject.core.presence.connections(&subject.user);
    let states = presence::query(subject.core, std::slice::from_ref(&subject.user)).await?;
    let (online, last_seen) = states.first().map_or((false, 0), |s| (s.online, s.last_seen_ms));
    Ok(Json(PresenceView { user: subject.user.to_string(), online, connections, last_seen }))
}
