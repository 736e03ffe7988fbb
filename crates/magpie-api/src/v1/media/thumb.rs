//! `GET /v1/media/{id}/thumb`

use axum::{
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use magpie_media::{MediaError, Variant};

use super::TicketFailures;
use crate::{
    file::{self, Keep, Wanted},
    problem::Problem,
    ticket::{Ticket, opens},
};

/// Read the small picture of a file.
///
/// A JPEG, or a WebP when it can be seen through, at most 480 pixels wide and high.
///
/// ```sh
/// curl -O "http://127.0.0.1:8080$THUMB"
/// ```
#[utoipa::path(get, path = "/v1/media/{id}/thumb", operation_id = "get_media_thumb", tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "*/*"),
        (status = 304, description = "The reader has it"),
        (status = 416, description = "No such part"),
        TicketFailures))]
pub(crate) async fn get_media_thumb(
    ticket: Ticket<opens::Thumb>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let depot = &ticket.media.depot;
    let opened = depot.open_file(ticket.id, Variant::Thumb).await?.ok_or(MediaError::Unknown)?;
    let save = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "dl=1"));
    let wanted = Wanted { method: &method, headers: &headers, save, keep: Keep::Private };
    file::respond(depot, &opened, wanted).await
}
