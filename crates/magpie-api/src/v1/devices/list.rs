//! `GET /v1/users/{id}/devices`

use magpie_core::{device, model::Device};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Access, need},
    extract::{Json, Path},
    problem::Problem,
    shapes::ReadFailures,
};

/// An installation of an app that a user has signed in on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    /// Its id, as the app named it.
    #[schema(example = "phone-7c2e")]
    device: String,
    /// What it calls itself; may be empty.
    #[schema(example = "Chrome on Linux")]
    name: String,
    /// First sign-in, Unix milliseconds.
    first_seen: u64,
    /// Last sign-in that was noted, Unix milliseconds.
    last_seen: u64,
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            device: device.id.into(),
            name: device.name.into(),
            first_seen: device.first_ms,
            last_seen: device.last_ms,
        }
    }
}

/// Devices, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    /// At most 100.
    devices: Vec<DeviceView>,
}

/// List a user's devices.
///
/// Those that name themselves at sign-in. A device that was signed out and did not come back is not
/// among them.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/users/17/devices -H "Authorization: Bearer $MAGPIE_API_KEY"
/// ```
#[utoipa::path(get, path = "/v1/users/{id}/devices", operation_id = "list_devices", tag = "users",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "His devices", body = DeviceList), ReadFailures),
    security(("api_key" = ["users"]), ("user_token" = [])))]
pub(crate) async fn list_devices(
    access: Access<need::Users>,
    Path(id): Path<String>,
) -> Result<Json<DeviceList>, Problem> {
    let subject = access.subject(&id).await?;
    let devices = device::list(subject.core, &subject.user).await?;
    Ok(Json(DeviceList { devices: devices.into_iter().map(DeviceView::from).collect() }))
}
