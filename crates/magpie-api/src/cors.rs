//! Browsers on other origins: answers preflights and marks answers for pages on the allow-list.
//! Nothing is allowed by default; credentials other than the Authorization header never are.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::access::Shared;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, if-range, range, upload-offset",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "magpie-channel-version, retry-after, upload-offset, upload-length, content-range, \
     content-length, content-disposition, accept-ranges, etag",
);
/// How long a browser may remember the answer to a preflight.
const PREFLIGHT_S: HeaderValue = HeaderValue::from_static("600");

/// Wraps every route.
pub(crate) async fn layer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = shared.allows_origin(request.headers());
    let allowed = match allowed {
        Err(problem) if preflight => return varied(problem.into_response()),
        judged => judged.is_ok(),
    };
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_S);
        }
    }
    varied(response)
}

fn varied(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}
