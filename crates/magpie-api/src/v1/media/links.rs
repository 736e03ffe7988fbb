//! `POST /v1/media/links`

use magpie_auth::Purpose;
use magpie_core::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{access::Own, extract::Json, problem::Problem, shapes::WriteFailures, ticket::id_of};

const IDS_MAX: usize = 100;
/// An address works at least so long, and at most twice: within one step all of them end at the
/// same time, so that a browser that asks again gets an address that it knows.
const STEP_S: u64 = 1_800;

/// Which files.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLinks {
    /// Ids of uploads, at most 100.
    ids: Vec<String>,
}

/// The addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// Those that this user may see, in the order asked for.
    links: Vec<Link>,
}

/// Where to read a file.
#[derive(Debug, Serialize, ToSchema)]
struct Link {
    /// The upload.
    id: String,
    /// The file, relative to the server's address; needs no token. `&dl=1` saves it.
    url: String,
    /// The small picture, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb: Option<String>,
    /// Until when, Unix milliseconds.
    expires: u64,
}

/// Get addresses to read files by.
///
/// Only those that the user may see: his own, and what a message holds that he sees. Others are
/// left out. An address works for 30 to 60 minutes.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/media/links -H "Authorization: Bearer $TOKEN" \
///   -H 'Content-Type: application/json' -d '{"ids":["6f1c0b54a1d9e2f3c4b5a69788796a5b"]}'
/// ```
#[utoipa::path(post, path = "/v1/media/links", operation_id = "create_media_links", tag = "media",
    request_body = CreateLinks,
    responses((status = 200, description = "The addresses", body = Links), WriteFailures),
    security(("user_token" = [])))]
pub(crate) async fn create_media_links(
    own: Own,
    Json(wanted): Json<CreateLinks>,
) -> Result<Json<Links>, Problem> {
    let media = own.media()?;
    if wanted.ids.len() > IDS_MAX {
        return Err(Problem::bad(format!("\"ids\" has at most {IDS_MAX} entries")));
    }
    // What no upload can be called is not there, like what nobody made.
    let ids = wanted.ids.iter().filter_map(|id| id_of(id).ok()).collect();
    let agent = own.caller.role == Role::Agent;
    let seen = media.depot.visible(&own.caller.user, agent, ids).await?;
    let exp_s = (own.now_ms() / 1_000 / STEP_S + 2) * STEP_S;
    let link = |(id, thumb): (magpie_proto::MediaId, bool)| Link {
        id: id.to_string(),
        url: media.address(Purpose::File, id, exp_s),
        thumb: thumb.then(|| media.address(Purpose::Thumb, id, exp_s)),
        expires: exp_s * 1_000,
    };
    Ok(Json(Links { links: seen.into_iter().map(link).collect() }))
}
