//! `PUT /v1/media/{id}/content`

use axum::{
    body::Body,
    http::{HeaderMap, header},
    response::Response,
};
use futures_util::StreamExt as _;
use magpie_media::{Start, Writer};

use super::{Incoming, TicketFailures, UPLOAD_OFFSET, broken_off, flushed, piece_too_large};
use crate::{
    problem::Problem,
    ticket::{Ticket, opens},
};

/// Write the next piece of an upload.
///
/// The header `Upload-Offset` says where the piece begins, which must be where the upload stands;
/// the answer says where it stands now, and that is on disk. A piece that was cut off counts as far
/// as it came: ask with `HEAD` and go on there.
///
/// ```sh
/// curl -X PUT "http://127.0.0.1:8080$UPLOAD" -H 'Upload-Offset: 0' --data-binary @piece
/// ```
#[utoipa::path(put, path = "/v1/media/{id}/content", operation_id = "put_upload", tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 204, description = "Kept", headers(
            ("Upload-Offset" = u64, description = "Where the upload stands now"))),
        TicketFailures))]
pub(crate) async fn put_upload(
    ticket: Ticket<opens::Content>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let number = |name| headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(offset) = number(UPLOAD_OFFSET) else {
        let text = "the header Upload-Offset says at which byte the piece begins, as a number";
        return Err(Problem::bad(text));
    };
    let depot = &ticket.media.depot;
    let bytes_max = depot.settings().chunk_bytes;
    if number(header::CONTENT_LENGTH).is_some_and(|len| len > bytes_max) {
        return Err(piece_too_large(bytes_max));
    }
    let mut writer = match depot.writer(ticket.id, Start::At(offset)).await {
        Ok(writer) => writer,
        Err(error) => return Ok(super::refused(&error)),
    };
    let problem = take(&mut writer, Incoming::new(body), bytes_max).await.err();
    Ok(flushed(writer, problem).await)
}

/// Writes a piece as it comes.
async fn take(writer: &mut Writer, mut body: Incoming, bytes_max: u64) -> Result<(), Problem> {
    let mut left = bytes_max;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|_cut_off| broken_off())?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| piece_too_large(bytes_max))?;
        writer.append(&bytes).await?;
    }
    Ok(())
}
