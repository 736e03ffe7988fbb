//! `POST /v1/users/{id}/kick`

use magpie_core::user;
use magpie_proto::CloseCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::{Json, MaybeJson, Path},
    params,
    problem::Problem,
    shapes::WriteFailures,
};

const DEVICE_BYTES_MAX: usize = 64;

/// Which connections; may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kick {
    /// Only this device; absent: all of them.
    device: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kicked {
    /// Connections that the user had at that moment, on all devices.
    connections: u32,
}

/// Close a user's connections.
///
/// They are closed with a code that tells clients not to come back by themselves. The user may sign
/// in again; ban him to keep him out.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/users/17/kick -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(post, path = "/v1/users/{id}/kick", operation_id = "kick_user", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body = Option<Kick>,
    responses((status = 200, description = "They are being closed", body = Kicked), WriteFailures),
    security(("api_key" = ["kick"])))]
pub(crate) async fn kick_user(
    key: Key<need::Kick>,
    Path(id): Path<String>,
    MaybeJson(wanted): MaybeJson<Kick>,
) -> Result<Json<Kicked>, Problem> {
    let id = params::user("the user in the path", &id)?;
    let device = wanted.device.map(|text| params::name("\"device\"", &text, DEVICE_BYTES_MAX));
    let device = device.transpose()?;
    let connections = key.core().presence.connections(&id);
    user::kick(key.core(), id, device, CloseCode::Kicked);
    Ok(Json(Kicked { connections }))
}
