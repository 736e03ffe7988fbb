//! `DELETE /v1/users/{id}/devices/{device}`

use axum::http::StatusCode;
use magpie_core::device;

use crate::{
    access::{Access, need},
    extract::Path,
    params,
    problem::Problem,
    shapes::WriteFailures,
};

const DEVICE_BYTES_MAX: usize = 64;

/// Sign a device out.
///
/// Its connections are closed, and no token that was issued until now is taken from it any more.
/// With a new token it may sign in again.
///
/// ```sh
/// curl -X DELETE http://127.0.0.1:8080/v1/users/17/devices/phone-7c2e \
///   -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(delete, path = "/v1/users/{id}/devices/{device}",
    operation_id = "sign_out_device", tag = "users",
    params(
        ("id" = String, Path, description = "The user"),
        ("device" = String, Path, description = "The device's id")),
    responses((status = 204, description = "Signed out"), WriteFailures),
    security(("api_key" = ["kick"]), ("user_token" = [])))]
pub(crate) async fn sign_out_device(
    access: Access<need::Kick>,
    Path((id, device)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let subject = access.subject(&id).await?;
    let device = params::name("the device in the path", &device, DEVICE_BYTES_MAX)?;
    device::sign_out(subject.core, &subject.user, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
