//! The document behind `/openapi.json`, put together from the annotations next to the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{problem::ErrorBody, router};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Magpie HTTP API",
        description = "Users, tokens, messages, conversations, presence and push for the backend \
            of an app. Ids are opaque text, times are Unix milliseconds. Every failure has the \
            shape `{\"error\":{\"code\",\"message\",\"retry\"}}`; compare `code`, show `message`."
    ),
    components(schemas(ErrorBody)),
    modifiers(&Schemes),
    tags(
        (name = "users", description = "People, agents and bots; ban, kick and block."),
        (name = "tokens", description = "Proofs of identity for clients."),
        (name = "messages", description = "Send as a user or as the system; history."),
        (name = "conversations", description = "A user's list, his read marks and unread counts."),
        (name = "presence", description = "Who is connected."),
        (name = "push", description = "Live values on named channels of a user."),
        (name = "media", description = "Files: upload in pieces, read by signed address."),
        (name = "demo", description = "Sign in without a password; only with `--demo`."),
        (name = "operation", description = "For monitoring and for tools.")
    )
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = |format: &str, text: &str| {
            let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            SecurityScheme::Http(http.description(Some(text)).build())
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "api_key",
            bearer(
                "mk_...",
                "An API key of a backend. The scope it needs is named with the operation.",
            ),
        );
        components.add_security_scheme(
            "user_token",
            bearer("JWT", "A user's own token, for his own data."),
        );
    }
}

/// The description without paths, to which the routes add themselves.
pub(crate) fn base() -> openapi::OpenApi {
    Document::openapi()
}

/// The whole document as JSON text.
#[must_use]
pub fn document() -> String {
    let (_, document) = router::routes().split_for_parts();
    // The document is made of strings and maps: writing it cannot fail.
    document.to_pretty_json().unwrap_or_default()
}
