//! `PUT /v1/users/{id}`

use magpie_core::{port::store::UserPatch, user};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::{Json, Path},
    params,
    problem::Problem,
    shapes::{RoleName, UserView, WriteFailures},
};

const NAME_BYTES_MAX: usize = 256;
const AVATAR_BYTES_MAX: usize = 1_024;

/// What to set; fields that are left out stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutUser {
    /// Shown name, at most 256 bytes; empty: show the id.
    name: Option<String>,
    /// Address of a picture, at most 1,024 bytes.
    avatar: Option<String>,
    /// What the user may be.
    role: Option<RoleName>,
}

/// Create or change a user.
///
/// ```sh
/// curl -X PUT http://127.0.0.1:8080/v1/users/17 -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -d '{"name":"小明","role":"user"}'
/// ```
#[utoipa::path(put, path = "/v1/users/{id}", operation_id = "put_user", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body = PutUser,
    responses((status = 200, description = "As stored now", body = UserView), WriteFailures),
    security(("api_key" = ["users"])))]
pub(crate) async fn put_user(
    key: Key<need::Users>,
    Path(id): Path<String>,
    Json(wanted): Json<PutUser>,
) -> Result<Json<UserView>, Problem> {
    let id = params::user("the user in the path", &id)?;
    params::shown("\"name\"", wanted.name.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
    params::shown("\"avatar\"", wanted.avatar.as_deref().unwrap_or_default(), AVATAR_BYTES_MAX)?;
    let patch = UserPatch {
        id,
        name: wanted.name,
        avatar: wanted.avatar,
        role: wanted.role.map(Into::into),
        banned: None,
        now_ms: key.core().now_ms(),
    };
    Ok(Json(user::put(key.core(), patch).await?.into()))
}
