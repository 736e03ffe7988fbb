//! `GET /v1/media/{id}/file`

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

/// Read a file.
///
/// Whole, or one range of it. Pictures, sound and video may be shown in place; everything else, and anything with `&dl=1`, is to be saved. 404 when it is erased.
///
/// ```sh
/// curl -O "http://127.0.0.1:8080$URL"
/// ```
#[utoipa::path(get, path = "/v1/media/{id}/file", operation_id = "get_media_file", tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("dl" = Option<u8>, Query, description = "1: to be saved, whatever it is"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "*/*"),
        (status = 304, description = "The reader has it"),
        (status = 416, description = "No such part"),
        TicketFailures))]
pub(crate) async fn get_media_file(
    ticket: Ticket<opens::File>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let depot = &ticket.media.depot;
    let opened = depot.open_file(ticket.id, Variant::File).await?.ok_or(MediaError::Unknown)?;
    let save = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "dl=1"));
    let wanted = Wanted { method: &method, headers: &headers, save, keep: Keep::Private };
    file::respond(depot, &opened, wanted).await
}
