//! `POST /v1/users/{id}/unban`

use crate::{
    access::{Key, need},
    extract::{Json, Path},
    problem::Problem,
    shapes::{UserView, WriteFailures},
    v1::users,
};

/// Let a banned user in again.
///
/// Does nothing to a user who is not banned.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/users/17/unban -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(post, path = "/v1/users/{id}/unban", operation_id = "unban_user", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "Not banned any more", body = UserView), WriteFailures),
    security(("api_key" = ["users"])))]
pub(crate) async fn unban_user(
    key: Key<need::Users>,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    users::set_banned(&key, &id, false).await.map(Json)
}
