//! Tokens: proofs of identity that a backend hands to its clients.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::access::Shared;

mod create;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(create::create_token))
}
