//! The one error shape of the API, for refusals of the core, of identity and of routing alike:
//! `{"error":{"code","message","retry","after_ms"?}}`. Never carries a token or a store's text.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use magpie_auth::{KeyError, Scope, TokenError};
use magpie_core::{Refusal, port::store::StoreError};
use magpie_media::MediaError;
use magpie_proto::{ErrorCode, Retry};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A rule of the core or the state of the store.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The API key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The user's token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The key is known and may not do this.
    #[error("this API key may not do that: it needs the scope `{}`", .0.as_str())]
    Scope(Scope),
    /// The request itself.
    #[error("{1}")]
    Request(ErrorCode, String),
}

impl Problem {
    /// A field, a path part or a header that is not as it must be.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::Request(ErrorCode::BadRequest, message.into())
    }

    /// No such route.
    pub(crate) fn not_found(path: &str) -> Self {
        let shown: String = path.chars().take(100).collect();
        Self::Request(
            ErrorCode::NotFound,
            format!("nothing is at {shown:?}; /docs lists every route of this server"),
        )
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Key(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Scope(_) => ErrorCode::Forbidden,
            Self::Request(code, _) => *code,
        }
    }

    /// The body that tells it.
    pub(crate) fn body(&self) -> ErrorBody {
        ErrorBody::new(self.code(), &self.to_string(), self.retry())
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Refused(refusal) => refusal.retry,
            other => other.code().retry(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Refused(Refusal::from(error))
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        Self::Refused(error.refusal())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        respond(self.code(), &self.to_string(), self.retry())
    }
}

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorFields,
}

impl ErrorBody {
    fn new(code: ErrorCode, message: &str, retry: Retry) -> Self {
        let (retry, after_ms) = match retry {
            Retry::Never => ("never", None),
            Retry::Later => ("later", None),
            Retry::AfterMs(ms) => ("after_ms", Some(ms)),
        };
        let (code, message) = (code.as_str().to_owned(), message.to_owned());
        Self { error: ErrorFields { code, message, retry, after_ms } }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorFields {
    /// Stable code for programs; docs/protocol.md lists them.
    #[schema(example = "unknown_user")]
    code: String,
    /// For people: what was wrong, where, and what to do. May change.
    message: String,
    /// `never`: the same request fails again; `later`: back off and try; `after_ms`: wait that long.
    #[schema(example = "never")]
    retry: &'static str,
    /// Milliseconds to wait, with `retry: after_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u32>,
}

/// An answer in the API's error shape, for whoever refuses a request before the router sees it.
#[must_use]
pub fn error_response(code: ErrorCode, message: &str) -> Response {
    respond(code, message, code.retry())
}

fn respond(code: ErrorCode, message: &str, retry: Retry) -> Response {
    let body = ErrorBody::new(code, message, retry);
    let after_ms = body.error.after_ms;
    let text = serde_json::to_string(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(ms) = after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
    }
    match code {
        ErrorCode::Unauthorized | ErrorCode::TokenExpired => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        ErrorCode::UpgradeRequired => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_code_has_its_status_and_a_wait_is_also_a_header() {
        for code in ErrorCode::ALL {
            let response = error_response(*code, "x");
            assert_eq!(response.status().as_u16(), code.http_status(), "{}", code.as_str());
        }
        let response = error_response(ErrorCode::Overloaded, "busy");
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let response = error_response(ErrorCode::UpgradeRequired, "a socket");
        assert_eq!(response.headers()[header::UPGRADE], "websocket");
    }
}
