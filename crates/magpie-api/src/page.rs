//! The files inside the binary: the web page at `/` with its assets, and the API's page at
//! `/docs`. Serves what exists, with cache and content-security headers; nothing is fetched from
//! elsewhere.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use magpie_proto::ErrorCode;
use rust_embed::{EmbeddedFile, RustEmbed};
use utoipa_swagger_ui::Config;

use crate::{
    file::is_known,
    problem::{Problem, error_response},
};

#[derive(RustEmbed)]
#[folder = "$MAGPIE_WEB_PAGE"]
struct Page;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: https:; font-src 'self'; media-src 'self' blob: https:; manifest-src 'self'; \
    connect-src 'self' blob: ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What the page records itself: voice messages, pictures, calls and shared screens.
const PAGE_PERMISSIONS: &str = "microphone=(self), camera=(self), display-capture=(self), \
    autoplay=(self), fullscreen=(self)";
/// The API's page sets styles from its script.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Everything that no route took: a file of the page, or an error.
pub(crate) async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let Some(file) = Page::get(name) else {
        return Problem::not_found(uri.path()).into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        let text = "this is a file: it is read with GET";
        let mut response = error_response(ErrorCode::MethodNotAllowed, text);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        return response;
    }
    serve(name, file, &headers)
}

/// A known route with another method; axum adds `Allow`.
pub(crate) async fn wrong_method(method: Method) -> Response {
    let text =
        format!("this route exists, but not with {method}; the header Allow lists what does");
    error_response(ErrorCode::MethodNotAllowed, &text)
}

fn serve(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    // Names below assets/ hold a hash of their content.
    let forever = name.starts_with("assets/");
    let cache = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let hash: String =
        file.metadata.sha256_hash()[..16].iter().map(|b| format!("{b:02x}")).collect();
    let etag = format!("\"{hash}\"");
    let kind = content_type(file.metadata.mimetype());
    let mut response = if is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match file.data {
            Cow::Borrowed(data) => Body::from(data),
            Cow::Owned(data) => Body::from(data),
        };
        Response::new(body)
    };
    let out = response.headers_mut();
    let values = [
        (header::CONTENT_TYPE, kind.as_str()),
        (header::ETAG, etag.as_str()),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (HeaderName::from_static("permissions-policy"), PAGE_PERMISSIONS),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    }
    response
}

fn content_type(guess: &str) -> String {
    let text =
        guess.starts_with("text/") || guess.ends_with("javascript") || guess.ends_with("json");
    if text { format!("{guess}; charset=utf-8") } else { guess.to_owned() }
}

/// `/docs`: relative addresses of the page need the slash.
pub(crate) async fn docs_root() -> Redirect {
    Redirect::permanent("docs/")
}

/// `/docs/`.
pub(crate) async fn docs_index() -> Response {
    docs("")
}

/// A file of the API's page.
pub(crate) async fn docs_file(Path(name): Path<String>) -> Response {
    docs(&name)
}

fn docs(name: &str) -> Response {
    // The page asks an outside service to judge the document unless told not to.
    let config = Config::new(["../openapi.json"]).validator_url("none");
    match utoipa_swagger_ui::serve(name, Arc::new(config)) {
        Ok(Some(file)) => {
            let headers = [
                (header::CONTENT_TYPE, content_type(&file.content_type)),
                (header::CACHE_CONTROL, "no-cache".to_owned()),
                (header::CONTENT_SECURITY_POLICY, DOCS_POLICY.to_owned()),
            ];
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::not_found(&format!("/docs/{name}")).into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of the API's page could not be served");
            error_response(ErrorCode::Internal, "a fault of the server; its log has the reason")
        }
    }
}
