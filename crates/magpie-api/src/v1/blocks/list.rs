//! `GET /v1/users/{id}/blocks`

use magpie_core::conversation::settings;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    problem::Problem,
    shapes::{PersonView, ReadFailures},
};

/// Users, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockList {
    /// At most 1,000.
    users: Vec<PersonView>,
}

/// List whom a user has blocked.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/blocks -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/blocks", operation_id = "list_blocks", tag = "users",
    params(("id" = String, Path, description = "The user who decides")),
    responses((status = 200, description = "Whom he refuses", body = BlockList), ReadFailures),
    security(("api_key" = ["users"]), ("user_token" = [])))]
pub(crate) async fn list_blocks(
    access: Access<need::Users>,
    Path(id): Path<String>,
) -> Result<Json<BlockList>, Problem> {
    let subject = access.subject(&id).await?;
    let users = settings::blocks(subject.core, &subject.user).await?;
    Ok(Json(BlockList { users: users.into_iter().map(PersonView::from).collect() }))
}
