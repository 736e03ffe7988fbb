//! `POST /v1/dialect-links`

use std::fmt::Write as _;

use axum::http::StatusCode;
use magpie_core::Dialect;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::Json,
    params,
    problem::Problem,
    shapes::{DialectName, WriteFailures},
};

const TTL_S: u64 = 3_600;
const TTL_S_MAX: u64 = 86_400;
const PART_BYTES_MAX: usize = 64;

/// Which address to sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDialectLink {
    /// Which old protocol.
    dialect: DialectName,
    /// The parts of its path in order, not percent-encoded: for market the sender and the receiver.
    #[schema(example = json!(["17", "2"]))]
    path: Vec<String>,
    /// How long the address works, at most 24 hours; an hour if absent.
    ttl_s: Option<u64>,
}

/// A signed address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DialectLink {
    /// Path, percent-encoded.
    #[schema(example = "/webSocket/17/2")]
    path: String,
    /// Query to put behind it.
    query: String,
    /// Both, to be put behind `wss://host`.
    address: String,
    /// When its socket is closed, Unix milliseconds.
    expires: u64,
}

/// Sign the address of an old client.
///
/// For dialects in mode `signed`: the page opens exactly this address and no other.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/dialect-links -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -d '{"dialect":"carwash","path":["17","2"],"ttl_s":600}'
/// ```
#[utoipa::path(post, path = "/v1/dialect-links", operation_id = "create_dialect_link",
    tag = "tokens",
    request_body = CreateDialectLink,
    responses((status = 201, description = "Signed", body = DialectLink), WriteFailures),
    security(("api_key" = ["tokens"])))]
pub(crate) async fn create_dialect_link(
    key: Key<need::Tokens>,
    Json(wanted): Json<CreateDialectLink>,
) -> Result<(StatusCode, Json<DialectLink>), Problem> {
    let dialect = Dialect::from(wanted.dialect);
    let (plain, encoded) = paths(dialect, &wanted.path)?;
    let ttl_s = wanted.ttl_s.unwrap_or(TTL_S);
    if !(1..=TTL_S_MAX).contains(&ttl_s) {
        return Err(Problem::bad(format!("\"ttl_s\" is 1 to {TTL_S_MAX} seconds")));
    }
    let now_ms = key.core().now_ms();
    let exp_s = now_ms / 1_000 + ttl_s;
    let signed = key.auth().sign_path(dialect.as_str(), &plain, exp_s, now_ms);
    let query = signed.map_err(|error| Problem::bad(error.to_string()))?.to_query();
    let address = format!("{encoded}?{query}");
    let link = DialectLink { path: encoded, query, address, expires: exp_s * 1_000 };
    Ok((StatusCode::CREATED, Json(link)))
}

/// The path as it is signed (decoded) and as it is opened (percent-encoded).
fn paths(dialect: Dialect, parts: &[String]) -> Result<(String, String), Problem> {
    let (root, count) = match dialect {
        Dialect::Market => ("wx", 2),
        Dialect::Miao => ("ws", 2),
        Dialect::Miniapp => ("websocket", 1),
        Dialect::Carwash => ("webSocket", 2),
        Dialect::Helpdesk => ("webSocket", 1),
    };
    if parts.len() != count {
        let name = dialect.as_str();
        let found = parts.len();
        return Err(Problem::bad(format!("\"path\" of {name} has {count} parts, not {found}")));
    }
    let (mut plain, mut encoded) = (format!("/{root}"), format!("/{root}"));
    for part in parts {
        params::name("\"path\"", part, PART_BYTES_MAX)?;
        // What is signed is the decoded path: a slash inside a part would sign another split, too.
        if part.contains('/') {
            return Err(Problem::bad("a part of \"path\" must not contain a slash"));
        }
        let _ = write!(plain, "/{part}");
        encoded.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Ok((plain, encoded))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_path_is_signed_decoded_and_opened_encoded() {
        let parts = ["小明".to_owned(), "a b".to_owned()];
        let (plain, encoded) = paths(Dialect::Miao, &parts).unwrap();
        assert_eq!(plain, "/ws/小明/a b");
        assert_eq!(encoded, "/ws/%E5%B0%8F%E6%98%8E/a%20b");
        for bad in [vec!["a/b".to_owned(), "c".to_owned()], vec!["a".to_owned()], vec![]] {
            assert!(paths(Dialect::Miao, &bad).is_err(), "{bad:?}");
        }
    }
}
