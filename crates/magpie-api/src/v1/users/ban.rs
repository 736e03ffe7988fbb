//! `POST /v1/users/{id}/ban`

use crate::{
    access::{Key, need},
    extract::{Json, Path},
    problem::Problem,
    shapes::{UserView, WriteFailures},
    v1::users,
};

/// Ban a user.
///
/// His connections are closed at once, and signing in is refused until he is unbanned. What he wrote stays.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/users/17/ban -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(post, path = "/v1/users/{id}/ban", operation_id = "ban_user", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "Banned", body = UserView), WriteFailures),
    security(("api_key" = ["users"])))]
pub(crate) async fn ban_user(
    key: Key<need::Users>,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    users::set_banned(&key, &id, true).await.map(Json)
}
