//! `GET /v1/presence`

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Key, need},
    extract::{Json, Query},
    params,
    problem::Problem,
    shapes::ReadFailures,
};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPresence {
    /// The `next` of the page before.
    after: Option<String>,
    /// Users wanted, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// A page of connected users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineList {
    /// In the order of their ids.
    online: Vec<OnlineUser>,
    /// Open connections of all users.
    connections: u64,
    /// Name it as `after` to go on; absent on the last page.
    next: Option<String>,
}

/// A connected user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlineUser {
    /// Who.
    user: String,
    /// Open connections, of every protocol.
    connections: u32,
}

/// List who is connected.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/presence -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/presence", operation_id = "list_presence", tag = "presence",
    params(ListPresence),
    responses((status = 200, description = "A page", body = OnlineList), ReadFailures),
    security(("api_key" = ["presence"])))]
pub(crate) async fn list_presence(
    key: Key<need::Presence>,
    Query(query): Query<ListPresence>,
) -> Result<Json<OnlineList>, Problem> {
    let after = query.after.map(|after| params::user("\"after\"", &after)).transpose()?;
    let limit = params::limit(query.limit)? as usize;
    let presence = &key.core().presence;
    let page = presence.online(after.as_ref(), limit);
    let next = page.last().filter(|_| page.len() >= limit).map(|last| last.user.to_string());
    let online = page
        .into_iter()
        .map(|one| OnlineUser { user: one.user.to_string(), connections: one.connections })
        .collect();
    Ok(Json(OnlineList { online, connections: presence.count(None), next }))
}
