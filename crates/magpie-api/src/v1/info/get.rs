//! `GET /v1/info`

use serde::Serialize;
use utoipa::ToSchema;

use crate::{access::Anyone, extract::Json};

/// This server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Info {
    /// Name shown by the page.
    name: String,
    /// Version of the binary.
    version: String,
    /// The demo routes exist.
    demo: bool,
    /// Development mode: anybody may pose as anybody on old addresses.
    dev: bool,
}

/// Read what this server is.
///
/// ```sh
/// curl http://127.0.0.1:8080/v1/info
/// ```
#[utoipa::path(get, path = "/v1/info", operation_id = "get_info", tag = "operation",
    responses((status = 200, description = "Public facts", body = Info)))]
pub(crate) async fn get_info(anyone: Anyone) -> Json<Info> {
    let site = anyone.site();
    let (name, version) = (site.name.clone(), site.version.clone());
    Json(Info { name, version, demo: anyone.has_demo(), dev: site.dev })
}
