//! `PUT /v1/users/{id}/blocks/{other}`

use axum::http::StatusCode;
use magpie_core::conversation::settings;

use crate::{
    access::{Access, need},
    extract::Path,
    params,
    problem::Problem,
    shapes::WriteFailures,
};

/// Refuse messages from someone.
///
/// The other one gets the error `blocked` when he writes; he is not told before. Blocking twice is one block.
///
/// ```sh
/// curl -X PUT http://127.0.0.1:8080/v1/users/17/blocks/翠花 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(put, path = "/v1/users/{id}/blocks/{other}", operation_id = "put_block",
    tag = "users",
    params(
        ("id" = String, Path, description = "The user who decides"),
        ("other" = String, Path, description = "Whose messages it is about")),
    responses((status = 204, description = "Blocked"), WriteFailures),
    security(("api_key" = ["users"]), ("user_token" = [])))]
pub(crate) async fn put_block(
    access: Access<need::Users>,
    Path((id, other)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let member = access.member(&id).await?;
    let other = params::user("the other user in the path", &other)?;
    settings::block(member.core, &member.caller, other, true).await?;
    Ok(StatusCode::NO_CONTENT)
}
