//! `GET /v1/users`

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Key, need},
    extract::{Json, Query},
    params,
    problem::Problem,
    shapes::{ReadFailures, UserView},
};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// The `next` of the page before.
    after: Option<String>,
    /// Users wanted, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    /// In the order of their ids.
    users: Vec<UserView>,
    /// Name it as `after` to go on; absent on the last page.
    next: Option<String>,
}

/// List users.
///
/// ```sh
/// curl 'http://127.0.0.1:8080/v1/users?limit=100' -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users", operation_id = "list_users", tag = "users",
    params(ListUsers),
    responses((status = 200, description = "A page", body = UserList), ReadFailures),
    security(("api_key" = ["users"])))]
pub(crate) async fn list_users(
    key: Key<need::Users>,
    Query(query): Query<ListUsers>,
) -> Result<Json<UserList>, Problem> {
    let after = query.after.map(|after| params::user("\"after\"", &after)).transpose()?;
    let limit = params::limit(query.limit)?;
    let users = key.core().store.users(after, limit).await?;
    let full = users.len() as u64 >= u64::from(limit);
    let next = users.last().filter(|_| full).map(|user| user.id.to_string());
    Ok(Json(UserList { users: users.into_iter().map(UserView::from).collect(), next }))
}
