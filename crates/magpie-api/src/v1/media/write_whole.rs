//! `POST /v1/media/{id}/content`

use axum::{
    body::Body,
    http::{HeaderMap, header},
    response::Response,
};
use magpie_media::{MediaError, Start, Writer};
use magpie_proto::ErrorCode;
use multer::{Field, Multipart};

use super::{
    Incoming, TicketFailures, broken_off, flushed,
    form::{Allowance, FormBody},
};
use crate::{
    problem::Problem,
    ticket::{Ticket, opens},
};

/// Other fields of the form, before or behind the file.
const FIELDS_MAX: usize = 16;

/// Write a whole file at once, as a form.
///
/// For platforms that can upload in this way only, like `wx.uploadFile`. The first part with a file
/// name is the file; what was written before is dropped. At most 64 KiB stand beside the file.
///
/// ```sh
/// curl -X POST "http://127.0.0.1:8080$UPLOAD" -F 'file=@cat.jpg'
/// ```
#[utoipa::path(post, path = "/v1/media/{id}/content", operation_id = "post_upload", tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses(
        (status = 204, description = "Kept", headers(
            ("Upload-Offset" = u64, description = "Where the upload stands now"))),
        (status = 415, description = "No form", body = crate::problem::ErrorBody),
        TicketFailures))]
pub(crate) async fn post_upload(
    ticket: Ticket<opens::Content>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok()).ok_or_else(|| {
        let text = "send the file as multipart/form-data with a boundary, or use PUT";
        Problem::Request(ErrorCode::UnsupportedMediaType, text.to_owned())
    })?;
    let allowance = Allowance::new();
    let body = FormBody::new(Incoming::new(body), allowance.clone());
    let mut form = Multipart::new(body, boundary);
    let mut file = None;
    for _ in 0..FIELDS_MAX {
        match allowance.keep(form.next_field()).await? {
            Ok(Some(field)) if field.file_name().is_some() => {
                file = Some(field);
                break;
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return Err(unreadable(&error)),
        }
    }
    let file = file.ok_or_else(|| Problem::bad("the form has no part with a file name"))?;
    let mut writer = match ticket.media.depot.writer(ticket.id, Start::Over).await {
        Ok(writer) => writer,
        Err(error) => return Ok(super::refused(&error)),
    };
    allowance.add_file(writer.size());
    let problem = take(&mut writer, file, &allowance).await.err();
    Ok(flushed(writer, problem).await)
}

async fn take(
    writer: &mut Writer,
    mut file: Field<'_>,
    allowance: &Allowance,
) -> Result<(), Problem> {
    let mut len = 0;
    loop {
        let read = allowance.keep(file.chunk()).await?;
        let Some(bytes) = read.map_err(|error| unreadable(&error))? else { break };
        len += bytes.len() as u64;
        writer.append(&bytes).await?;
    }
    if len < writer.size() {
        return Err(MediaError::Bad(format!(
            "the file has {len} bytes, and {} were announced",
            writer.size()
        ))
        .into());
    }
    Ok(())
}

fn unreadable(error: &multer::Error) -> Problem {
    match error {
        multer::Error::StreamReadFailed(_) | multer::Error::IncompleteStream => broken_off(),
        error => Problem::bad(format!("the form cannot be read: {error}")),
    }
}
