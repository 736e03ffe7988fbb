//! `POST /v1/demo/sign-in`

use magpie_auth::TokenRequest;
use magpie_core::Refusal;
use magpie_proto::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::DemoDoor,
    extract::Json,
    params,
    problem::{ErrorBody, Problem},
    shapes::PersonView,
};

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DemoSignIn {
    /// One of the demo accounts.
    #[schema(example = "小明")]
    user: String,
}

/// A demo session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DemoSession {
    /// A token for native sockets and this API.
    token: String,
    /// When it expires, Unix milliseconds.
    expires: u64,
    /// Who signed in.
    user: PersonView,
}

/// Sign in as a demo user, without a password.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/demo/sign-in -H 'Content-Type: application/json' \
///   -d '{"user":"小明"}'
/// ```
#[utoipa::path(post, path = "/v1/demo/sign-in", operation_id = "demo_sign_in", tag = "demo",
    request_body = DemoSignIn,
    responses(
        (status = 200, description = "Signed in", body = DemoSession),
        (status = 400, description = "The body cannot be what it says", body = ErrorBody),
        (status = 403, description = "The user is banned", body = ErrorBody),
        (status = 404, description = "No such demo user, or no demo", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not declared as JSON", body = ErrorBody),
        (status = 500, description = "A fault of the server", body = ErrorBody),
        (status = 503, description = "The store takes nothing", body = ErrorBody)))]
pub(crate) async fn demo_sign_in(
    door: DemoDoor,
    Json(wanted): Json<DemoSignIn>,
) -> Result<Json<DemoSession>, Problem> {
    let id = params::user("\"user\"", &wanted.user)?;
    if !door.demo().users.contains(&id) {
        return Err(
            Refusal::new(ErrorCode::UnknownUser, "this is not one of the demo users").into()
        );
    }
    let known = door.core().store.user(id.clone()).await?;
    let user = known.ok_or_else(|| Refusal::unknown_user(&id))?;
    if user.banned {
        return Err(Refusal::new(ErrorCode::Forbidden, "this user is banned").into());
    }
    let request =
        TokenRequest { role: user.role, ..TokenRequest::native(id, door.demo().token_ttl_s) };
    let minted = door.auth().mint(&request, door.core().now_ms())?;
    Ok(Json(DemoSession { token: minted.token, expires: minted.expires_ms, user: user.into() }))
}
