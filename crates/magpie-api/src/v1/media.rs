//! Uploads and files: announced by a user, then written, finished and read by signed addresses.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use http_body_util::BodyDataStream;
use magpie_media::{MediaError, Writer};
use magpie_proto::ErrorCode;
use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response as Declared},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{access::Shared, problem::Problem, shapes::failures};

mod abort;
mod complete;
mod create;
mod file;
mod form;
mod links;
mod stand;
mod thumb;
mod write;
mod write_whole;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create::create_media))
        .routes(routes!(links::create_media_links))
        .routes(routes!(
            stand::get_upload,
            write::put_upload,
            write_whole::post_upload,
            abort::delete_upload
        ))
        .routes(routes!(complete::complete_media))
        .routes(routes!(file::get_media_file))
        .routes(routes!(thumb::get_media_thumb))
}

/// Where an upload stands.
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How long it is when it is whole.
pub(crate) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// Failures of everything that a signed address opens.
pub(crate) struct TicketFailures;

impl IntoResponses for TicketFailures {
    fn responses() -> BTreeMap<String, RefOr<Declared>> {
        failures(&[
            (400, "A header or a part of the body cannot be what it says"),
            (401, "The address was not given out by this server, or has expired"),
            (404, "No such upload, or it is erased"),
            (
                409,
                "`upload_offset`: the bytes do not begin where the upload stands, or another request is writing; the header Upload-Offset says where it stands",
            ),
            (413, "More bytes than announced, or than fit into one piece"),
            (
                422,
                "`media_refused`: the file is not what it says, is not whole, or has too many pixels",
            ),
            (500, "A fault of the server; its log has the reason"),
            (503, "Overloaded, going down, or the store takes nothing"),
            (507, "The disk is full: what was acknowledged is kept, go on later"),
        ])
    }
}

/// Bytes of a request on their way.
type Incoming = BodyDataStream<axum::body::Body>;

/// A refusal that tells where the upload stands.
fn refused(error: &MediaError) -> Response {
    let at = match error {
        MediaError::Offset { at } | MediaError::Busy { at } => Some(*at),
        _ => None,
    };
    standing(Problem::from(error.clone()), at)
}

fn standing(problem: Problem, at: Option<u64>) -> Response {
    let mut response = problem.into_response();
    if let Some(at) = at {
        response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(at));
    }
    response
}

/// Flushes what came, told or not: whoever comes back goes on there. Answers with `problem`, or
/// that it is done.
async fn flushed(mut writer: Writer, problem: Option<Problem>) -> Response {
    match (writer.flush().await, problem) {
        (Ok(at), Some(problem)) => standing(problem, Some(at)),
        (Err(_), Some(problem)) => problem.into_response(),
        (Err(error), None) => refused(&error),
        (Ok(at), None) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(at));
            response
        }
    }
}

fn broken_off() -> Problem {
    Problem::bad("the request body ended before it was complete; go on at the offset")
}

fn piece_too_large(bytes_max: u64) -> Problem {
    Problem::Request(ErrorCode::TooLarge, format!("a piece has at most {bytes_max} bytes"))
}
