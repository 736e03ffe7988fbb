//! `GET /v1/users/{id}`

use magpie_core::Refusal;

use crate::{
    access::{Key, need},
    extract::{Json, Path},
    params,
    problem::Problem,
    shapes::{ReadFailures, UserView},
};

/// Read a user.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17 -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView), ReadFailures),
    security(("api_key" = ["users"])))]
pub(crate) async fn get_user(
    key: Key<need::Users>,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let id = params::user("the user in the path", &id)?;
    let known = key.core().store.user(id.clone()).await?;
    let user = known.ok_or_else(|| Refusal::unknown_user(&id))?;
    Ok(Json(user.into()))
}
