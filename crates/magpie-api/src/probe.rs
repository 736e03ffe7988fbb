//! What monitoring and tools ask: alive, ready, metrics, and the API's own description.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::Anyone,
    extract::Json,
    openapi,
    problem::{ErrorBody, Problem},
};

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `ready`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// The process answers.
///
/// Says nothing about the store: use it to decide whether to restart the process.
///
/// ```sh
/// curl http://127.0.0.1:8080/healthz
/// ```
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operation",
    responses((status = 200, description = "Alive", body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The server takes traffic.
///
/// 503 while it goes down, and while the store takes no writes (507 when the disk is full).
///
/// ```sh
/// curl http://127.0.0.1:8080/readyz
/// ```
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operation",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 500, description = "The store is broken", body = ErrorBody),
        (status = 503, description = "Not now", body = ErrorBody),
        (status = 507, description = "The disk is full", body = ErrorBody)))]
pub(crate) async fn readyz(anyone: Anyone) -> Result<Json<Health>, Problem> {
    anyone.ready()?;
    Ok(Json(Health { status: "ready" }))
}

/// Metrics for Prometheus.
///
/// ```sh
/// curl http://127.0.0.1:8080/metrics
/// ```
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation",
    responses((status = 200, description = "Text format", body = String,
        content_type = "text/plain")))]
pub(crate) async fn metrics(anyone: Anyone) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, anyone.metrics_text()).into_response()
}

/// This description.
///
/// ```sh
/// curl http://127.0.0.1:8080/openapi.json
/// ```
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(openapi::document);
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
