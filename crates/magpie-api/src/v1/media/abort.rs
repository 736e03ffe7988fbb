//! `DELETE /v1/media/{id}/content`

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::TicketFailures;
use crate::{
    problem::Problem,
    ticket::{Ticket, opens},
};

/// Give up an upload.
///
/// Its bytes are given back to the quota at once instead of when its time is over. One that is
/// finished is not touched: 404.
///
/// ```sh
/// curl -X DELETE "http://127.0.0.1:8080$UPLOAD"
/// ```
#[utoipa::path(delete, path = "/v1/media/{id}/content", operation_id = "delete_upload",
    tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    responses((status = 204, description = "Gone"), TicketFailures))]
pub(crate) async fn delete_upload(ticket: Ticket<opens::Content>) -> Result<Response, Problem> {
    match ticket.media.depot.abort(ticket.id).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(error) => Ok(super::refused(&error)),
    }
}
