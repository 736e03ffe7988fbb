//! `HEAD /v1/media/{id}/content`

use axum::{
    http::HeaderValue,
    response::{IntoResponse, Response},
};

use super::{TicketFailures, UPLOAD_LENGTH, UPLOAD_OFFSET};
use crate::{
    problem::Problem,
    ticket::{Ticket, opens},
};

/// Ask where an upload stands.
///
/// The bytes in front of the offset are on the server's disk, whatever happens to either side.
///
/// ```sh
/// curl -I "http://127.0.0.1:8080$UPLOAD"
/// ```
#[utoipa::path(head, path = "/v1/media/{id}/content", operation_id = "get_upload", tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    responses(
        (status = 200, description = "It stands there", headers(
            ("Upload-Offset" = u64, description = "Bytes that are kept"),
            ("Upload-Length" = u64, description = "Bytes in all"))),
        TicketFailures))]
pub(crate) async fn get_upload(ticket: Ticket<opens::Content>) -> Result<Response, Problem> {
    let stand = ticket.media.depot.stand(ticket.id).await?;
    let offset = (UPLOAD_OFFSET, HeaderValue::from(stand.offset));
    let length = (UPLOAD_LENGTH, HeaderValue::from(stand.size));
    Ok([offset, length].into_response())
}
