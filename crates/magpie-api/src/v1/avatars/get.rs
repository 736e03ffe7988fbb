//! `GET /v1/avatars/{id}`

use axum::{
    http::{HeaderMap, Method},
    response::Response,
};
use magpie_media::{MediaError, Variant};

use crate::{
    access::Anyone,
    extract::Path,
    file::{self, Keep, Wanted},
    problem::{ErrorBody, Problem},
    ticket::id_of,
};

/// Read a user's picture.
///
/// A JPEG of 256 x 256 pixels, made from an upload with `use: avatar`. It never changes: a new
/// picture has a new address.
///
/// ```sh
/// curl -O http://127.0.0.1:8080/v1/avatars/6f1c0b54a1d9e2f3c4b5a69788796a5b
/// ```
#[utoipa::path(get, path = "/v1/avatars/{id}", operation_id = "get_avatar", tag = "media",
    params(("id" = String, Path, description = "The upload")),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "The reader has it"),
        (status = 404, description = "No such picture", body = ErrorBody),
        (status = 416, description = "No such part"),
        (status = 500, description = "A fault of the server", body = ErrorBody),
        (status = 503, description = "Not now", body = ErrorBody)))]
pub(crate) async fn get_avatar(
    anyone: Anyone,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let media = anyone.media()?;
    let opened = media.depot.open_file(id_of(&id)?, Variant::File).await?;
    let opened = opened.filter(|opened| opened.public).ok_or(MediaError::Unknown)?;
    let wanted = Wanted { method: &method, headers: &headers, save: false, keep: Keep::Public };
    file::respond(&media.depot, &opened, wanted).await
}
