//! `POST /v1/media/{id}/complete`

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::TicketFailures;
use crate::{
    extract::Json,
    problem::Problem,
    shapes::raw,
    ticket::{Ticket, opens},
};

/// A finished upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Finished {
    /// What a message carries unchanged: `id`, `name`, `type`, `size`, and what is known of `w`,
    /// `h`, `ms`, `wave`, `poster`, `thumb`.
    #[schema(value_type = Object)]
    media: Box<RawValue>,
    /// With `use: avatar`: where anybody may read the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/avatars/6f1c0b54a1d9e2f3c4b5a69788796a5b")]
    avatar: Option<String>,
}

/// Finish an upload.
///
/// The type is seen from the content, pictures are unpacked, cleaned of places and names, and made
/// small. What is refused is erased. Asking again answers the same.
///
/// ```sh
/// curl -X POST "http://127.0.0.1:8080$COMPLETE"
/// ```
#[utoipa::path(post, path = "/v1/media/{id}/complete", operation_id = "complete_media",
    tag = "media",
    params(
        ("id" = String, Path, description = "The upload"),
        ("exp" = u64, Query, description = "Part of the address"),
        ("sig" = String, Query, description = "Part of the address")),
    responses((status = 200, description = "Finished", body = Finished), TicketFailures))]
pub(crate) async fn complete_media(ticket: Ticket<opens::Complete>) -> Result<Response, Problem> {
    match ticket.media.depot.complete(ticket.id).await {
        Ok(media) => {
            let avatar = media.public.then(|| format!("/v1/avatars/{}", media.id));
            let finished = Finished { media: raw(&media.descriptor), avatar };
            Ok(Json(finished).into_response())
        }
        Err(error) => Ok(super::refused(&error)),
    }
}
