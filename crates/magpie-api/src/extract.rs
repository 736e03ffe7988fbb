//! Strict readers of bodies, queries and paths. JSON is scanned before it is parsed, and every
//! refusal says where the text goes wrong. They judge form only; rules are the handlers' and the
//! core's business.

use std::fmt::Display;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use magpie_proto::{ErrorCode, scan};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::{access::Shared, problem::Problem};

/// A JSON body: required as an extractor, and the shape of answers.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct MaybeJson<T>(pub(crate) T);

/// The query.
pub(crate) struct Query<T>(pub(crate) T);

/// The parts of the path, percent-decoded.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        JsonText::from_request(request, shared).await?.read().map(Self)
    }
}

/// A JSON object as text, for shapes that borrow from it.
pub(crate) struct JsonText(String);

impl JsonText {
    /// Its fields.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        fit("the body", &self.0)
    }
}

impl FromRequest<Shared> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::Request(
                ErrorCode::UnsupportedMediaType,
                "send the body as JSON, with the header Content-Type: application/json".to_owned(),
            ));
        }
        let bytes = read(request, shared.limits().http_body_bytes).await?;
        let bad = |message: String| Problem::Request(ErrorCode::BadJson, message);
        let text = String::from_utf8(bytes.into()).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            bad(format!("the body is not UTF-8 at byte {valid}"))
        })?;
        scan::check(&text).map_err(|error| bad(format!("the body is refused: {error}")))?;
        Ok(Self(text))
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Shared> for MaybeJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) && is_json(request.headers()) {
            return Json::from_request(request, shared).await.map(|Json(value)| Self(value));
        }
        let bytes = read(request, shared.limits().http_body_bytes).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        Err(Problem::Request(
            ErrorCode::UnsupportedMediaType,
            "send the body as JSON, with the header Content-Type: application/json".to_owned(),
        ))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (StatusCode::OK, kind, text).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                let text = "a fault of the server; its log has the reason".to_owned();
                Problem::Request(ErrorCode::Internal, text).into_response()
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::bad(format!("the query: {}", rejection.body_text())))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, shared)
            .await
            .map(|path| Self(path.0))
            .map_err(|rejection| Problem::bad(format!("the path: {}", rejection.body_text())))
    }
}

/// The header `Idempotency-Key`.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequestParts<Shared> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        match parts.headers.get("idempotency-key").map(|value| value.as_bytes().to_vec()) {
            None => Ok(Self(None)),
            Some(bytes) => String::from_utf8(bytes)
                .map(|text| Self(Some(text)))
                .map_err(|_utf8| Problem::bad("the header Idempotency-Key is not UTF-8")),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let text = format!("a request body has at most {bytes_max} bytes");
        Problem::Request(ErrorCode::TooLarge, text)
    };
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|len| len > bytes_max as u64) {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Err(_) => Err(Problem::bad("the request body ended before it was complete")),
    }
}

/// Reads text that was scanned as the shape that stands at this place.
pub(crate) fn fit<'a, T: Deserialize<'a>>(
    place: impl Display,
    text: &'a str,
) -> Result<T, Problem> {
    // A list would be taken for the fields in their order.
    if !text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Err(Problem::bad(format!("{place} must be a JSON object, like {{\"name\": ...}}")));
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Problem::bad(format!("{place} does not fit: {error}"))
        } else {
            Problem::Request(ErrorCode::BadJson, format!("{place} is not JSON: {error}"))
        }
    })
}
