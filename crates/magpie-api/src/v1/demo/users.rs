//! `GET /v1/demo/users`

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::DemoDoor,
    extract::Json,
    problem::{ErrorBody, Problem},
    shapes::PersonView,
};

/// The demo accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DemoUsers {
    /// In the order to show them.
    users: Vec<PersonView>,
}

/// List the demo accounts.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/demo/users
/// ```
#[utoipa::path(get, path = "/v1/demo/users", operation_id = "list_demo_users", tag = "demo",
    responses(
        (status = 200, description = "Who may sign in without a password", body = DemoUsers),
        (status = 404, description = "This server has no demo", body = ErrorBody),
        (status = 500, description = "A fault of the server", body = ErrorBody),
        (status = 503, description = "The store takes nothing", body = ErrorBody)))]
pub(crate) async fn list_demo_users(door: DemoDoor) -> Result<Json<DemoUsers>, Problem> {
    let mut users = Vec::with_capacity(door.demo().users.len());
    for id in &door.demo().users {
        users.extend(door.core().store.user(id.clone()).await?.map(PersonView::from));
    }
    Ok(Json(DemoUsers { users }))
}
