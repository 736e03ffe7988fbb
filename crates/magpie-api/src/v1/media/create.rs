//! `POST /v1/media`

use axum::http::StatusCode;
use magpie_auth::Purpose;
use magpie_media::{Usage, Wanted};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::Own,
    extract::Json,
    params,
    problem::{ErrorBody, Problem},
    shapes::WriteFailures,
    ticket::id_of,
};

/// More than any system allows; what is kept is shorter.
const NAME_BYTES_MAX: usize = 4_096;

/// What an upload is for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UsageName {
    /// To be sent.
    Message,
    /// The still picture of a video.
    Poster,
    /// The user's own picture.
    Avatar,
}

/// A file that is going to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateMedia {
    /// Its name, to show and to save it under. Says nothing about what it is.
    #[schema(example = "cat.jpg")]
    name: String,
    /// Its bytes.
    size: u64,
    /// What for.
    r#use: UsageName,
    /// How long it plays in ms, as the recorder measured.
    ms: Option<u64>,
    /// Up to 64 bars from 0 to 100, as the recorder heard.
    wave: Option<Vec<u8>>,
    /// A finished upload with `use: poster`.
    poster: Option<String>,
}

/// Where to write it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MediaTicket {
    /// The upload.
    id: String,
    /// Where the bytes go, relative to the server's address; needs no token.
    upload: String,
    /// Where to finish it.
    complete: String,
    /// Most bytes of one piece.
    chunk_bytes: u64,
    /// Until when, Unix milliseconds.
    expires: u64,
}

/// Announce a file.
///
/// Answers signed addresses for its bytes. A user has a quota, into which unfinished uploads count.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/media -H "Authorization: Bearer $TOKEN" \
///   -H 'Content-Type: application/json' -d '{"name":"cat.jpg","size":12345,"use":"message"}'
/// ```
#[utoipa::path(post, path = "/v1/media", operation_id = "create_media", tag = "media",
    request_body = CreateMedia,
    responses(
        (status = 201, description = "Go ahead", body = MediaTicket),
        (status = 422, description = "The poster is no picture", body = ErrorBody),
        (status = 429, description = "Too many unfinished uploads", body = ErrorBody),
        WriteFailures),
    security(("user_token" = [])))]
pub(crate) async fn create_media(
    own: Own,
    Json(wanted): Json<CreateMedia>,
) -> Result<(StatusCode, Json<MediaTicket>), Problem> {
    let media = own.media()?;
    if wanted.name.len() > NAME_BYTES_MAX {
        return Err(Problem::bad(format!("\"name\" has at most {NAME_BYTES_MAX} bytes")));
    }
    params::seq("size", wanted.size)?;
    let wanted = Wanted {
        name: wanted.name,
        size: wanted.size,
        usage: match wanted.r#use {
            UsageName::Message => Usage::Message,
            UsageName::Poster => Usage::Poster,
            UsageName::Avatar => Usage::Avatar,
        },
        ms: wanted.ms,
        wave: wanted.wave,
        poster: wanted.poster.as_deref().map(id_of).transpose()?,
    };
    let created = media.depot.create(&own.caller.user, wanted).await?;
    let (id, exp_s) = (created.id, created.expires_ms / 1_000);
    let ticket = MediaTicket {
        id: id.to_string(),
        upload: media.address(Purpose::Content, id, exp_s),
        complete: media.address(Purpose::Complete, id, exp_s),
        chunk_bytes: media.depot.settings().chunk_bytes,
        expires: exp_s * 1_000,
    };
    Ok((StatusCode::CREATED, Json(ticket)))
}
