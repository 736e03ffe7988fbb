//! One log line and two metrics for every request, named by route and never by address: paths and
//! queries carry user ids and may carry tokens. Also the headers that every answer has.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::access::Shared;

/// Wraps every route.
pub(crate) async fn layer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let started_ms = shared.uptime_ms();
    let mut response = next.run(request).await;
    let took_ms = shared.uptime_ms().saturating_sub(started_ms);
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let status = response.status().as_u16();
    tracing::debug!(method = known(method.as_str()), route, status, took_ms, "http request");
    metrics::counter!(
        "magpie_http_requests_total",
        "method" => known(method.as_str()),
        "route" => route.to_owned(),
        "status" => status.to_string()
    )
    .increment(1);
    let headers = response.headers_mut();
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Answers about people are kept by nobody; pages and their files say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response
}

/// Methods are free text; a metric's labels are not.
fn known(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
        .into_iter()
        .find(|name| *name == method)
        .unwrap_or("other")
}
