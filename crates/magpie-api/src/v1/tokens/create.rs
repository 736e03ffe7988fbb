//! `POST /v1/tokens`

use axum::http::StatusCode;
use magpie_auth::{Audience, TokenRequest};
use magpie_core::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::Json,
    params,
    problem::Problem,
    shapes::{RoleName, WriteFailures},
};

const TTL_S: u64 = 3_600;
const TTL_S_MAX: u64 = 366 * 86_400;

/// Where a token is taken.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AudienceName {
    /// Native sockets and this API.
    #[default]
    Magpie,
    /// Addresses of old clients (`?token=`); lives at most 24 hours.
    Dialect,
}

/// What to put into the token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// Who the bearer is. Need not exist yet.
    #[schema(example = "17")]
    user: String,
    /// How long it lives, in seconds; an hour if absent.
    ttl_s: Option<u64>,
    /// Where it is taken; `magpie` if absent.
    #[serde(default)]
    audience: AudienceName,
    /// The bearer's role; absent: what is stored of him.
    role: Option<RoleName>,
    /// Named permissions: `broadcast` lets him send to everyone.
    #[serde(default)]
    permissions: Vec<String>,
    /// How he is shown; stored when he signs in.
    name: Option<String>,
}

/// The token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    /// Give it to the client, keep it out of logs.
    token: String,
    /// When it expires, Unix milliseconds.
    expires: u64,
}

/// Make a token for a user.
///
/// Call it from your backend after it has checked who its visitor is; never from a page.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/tokens -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -d '{"user":"17","ttl_s":3600,"audience":"magpie"}'
/// ```
#[utoipa::path(post, path = "/v1/tokens", operation_id = "create_token", tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, description = "Made", body = Token), WriteFailures),
    security(("api_key" = ["tokens"])))]
pub(crate) async fn create_token(
    key: Key<need::Tokens>,
    Json(wanted): Json<CreateToken>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let user = params::user("\"user\"", &wanted.user)?;
    let ttl_s = wanted.ttl_s.unwrap_or(TTL_S);
    if !(1..=TTL_S_MAX).contains(&ttl_s) {
        return Err(Problem::bad(format!("\"ttl_s\" is 1 to {TTL_S_MAX} seconds")));
    }
    let request = TokenRequest {
        audience: match wanted.audience {
            AudienceName::Magpie => Audience::Native,
            AudienceName::Dialect => Audience::Dialect,
        },
        role: wanted.role.map_or(Role::User, Role::from),
        permissions: wanted.permissions,
        name: wanted.name,
        ..TokenRequest::native(user, ttl_s)
    };
    // A wish that breaks a rule of tokens is a bad request, not a failed sign-in.
    let minted = key.auth().mint(&request, key.core().now_ms());
    let minted = minted.map_err(|error| Problem::bad(error.to_string()))?;
    let token = Token { token: minted.token, expires: minted.expires_ms };
    Ok((StatusCode::CREATED, Json(token)))
}
