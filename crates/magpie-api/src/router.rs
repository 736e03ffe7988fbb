//! Puts the routes together. Routes enter the API only through `routes!`, which takes handler and
//! description as one; the few plain routes are the embedded pages.

use axum::{Router, middleware, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{access::Shared, cors, observe, openapi, page, probe, state::ApiState, v1};

/// Everything that is described.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(v1::routes())
        .routes(routes!(probe::healthz))
        .routes(routes!(probe::readyz))
        .routes(routes!(probe::metrics))
        .routes(routes!(probe::openapi))
}

/// The API and the pages as one service. Socket paths are answered before it, by the gateway.
pub fn router(state: ApiState) -> Router {
    let shared = Shared::new(state);
    let (described, _) = routes().split_for_parts();
    described
        .route("/docs", get(page::docs_root))
        .route("/docs/", get(page::docs_index))
        .route("/docs/{*file}", get(page::docs_file))
        .method_not_allowed_fallback(page::wrong_method)
        .fallback(page::fallback)
        .layer(middleware::from_fn_with_state(shared.clone(), cors::layer))
        .layer(middleware::from_fn_with_state(shared.clone(), observe::layer))
        .with_state(shared)
}
