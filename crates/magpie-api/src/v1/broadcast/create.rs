//! `POST /v1/broadcast`

use magpie_core::push::publish;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::Json,
    params,
    problem::Problem,
    shapes::{DialectName, WriteFailures},
};

/// What to tell everyone: `text` or `body`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBroadcast {
    /// A plain text.
    #[schema(example = "今晚 23:00 停机维护")]
    text: Option<String>,
    /// A whole body: its kind `k`, its text or fallback text `x`, and more.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
    /// Only connections of this old protocol; absent: every connection.
    dialect: Option<DialectName>,
}

/// Whom it reached.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Broadcasted {
    /// Connections at that moment.
    connections: u64,
}

/// Send to everyone connected.
///
/// Nothing is stored: who is not connected never sees it.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/broadcast -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -d '{"text":"今晚 23:00 停机维护"}'
/// ```
#[utoipa::path(post, path = "/v1/broadcast", operation_id = "create_broadcast", tag = "messages",
    request_body = CreateBroadcast,
    responses((status = 200, description = "On its way", body = Broadcasted), WriteFailures),
    security(("api_key" = ["broadcast"])))]
pub(crate) async fn create_broadcast(
    key: Key<need::Broadcast>,
    Json(wanted): Json<CreateBroadcast>,
) -> Result<Json<Broadcasted>, Problem> {
    let body = params::body(wanted.body.as_deref(), wanted.text.as_deref())?;
    let dialect = wanted.dialect.map(Into::into);
    let connections = publish::broadcast(key.core(), None, body, dialect);
    Ok(Json(Broadcasted { connections }))
}
