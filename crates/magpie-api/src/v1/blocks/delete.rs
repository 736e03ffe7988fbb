//! `DELETE /v1/users/{id}/blocks/{other}`

use axum::http::StatusCode;
use magpie_core::conversation::settings;

use crate::{
    access::{Access, need},
    extract::Path,
    params,
    problem::Problem,
    shapes::WriteFailures,
};

/// Take messages from someone again.
///
/// Does nothing when there is no block.
///
/// ```sh
/// curl -X DELETE http://127.0.0.1:8080/v1/users/17/blocks/翠花 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(delete, path = "/v1/users/{id}/blocks/{other}", operation_id = "delete_block",
    tag = "users",
    params(
        ("id" = String, Path, description = "The user who decides"),
        ("other" = String, Path, description = "Whose messages it is about")),
    responses((status = 204, description = "Not blocked"), WriteFailures),
    security(("api_key" = ["users"]), ("user_token" = [])))]
pub(crate) async fn delete_block(
    access: Access<need::Users>,
    Path((id, other)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let member = access.member(&id).await?;
    let other = params::user("the other user in the path", &other)?;
    settings::block(member.core, &member.caller, other, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
