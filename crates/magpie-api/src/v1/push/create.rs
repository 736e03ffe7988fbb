//! `POST /v1/push`

use magpie_core::{
    model::Replay,
    push::publish::{self, Published, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    access::{Key, need},
    extract::{IdempotencyKey, Json},
    params,
    problem::{ErrorBody, Problem},
    shapes::WriteFailures,
};

pub(crate) const CHANNEL_BYTES_MAX: usize = 64;
const HOLD_S_MAX: u64 = 366 * 86_400;

/// To whom a held value is given later.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayName {
    /// To a page that opens before anyone got it.
    UntilDelivered,
    /// To every page that has not seen this version.
    Always,
}

/// A value to push.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePush {
    /// Whose channel. Need not be known.
    #[schema(example = "17")]
    user: String,
    /// Which channel; for carwash pages the id of the carwash.
    #[schema(example = "2")]
    channel: String,
    /// Any JSON; for carwash pages a string, which they get as it is.
    #[schema(value_type = Value, example = "0_扣费成功_剩余次数: 5")]
    data: Box<RawValue>,
    /// How long it is held for pages that open late; the configured time if absent; 0: do not
    /// store, pass it to whoever is connected.
    hold_s: Option<u64>,
    /// To whom it is given later; absent: `until_delivered` if `data` is a string, else `always`.
    replay: Option<ReplayName>,
    /// The same key within the hold time answers with the first version. The header
    /// `Idempotency-Key` means the same.
    idempotency_key: Option<String>,
}

impl CreatePush {
    /// What the core is asked; `header` is the idempotency key beside the body.
    pub(super) fn request(self, header: Option<&str>) -> Result<Request, Problem> {
        let field = "\"idempotency_key\"";
        let idempotency_key = params::idempotency(field, header, self.idempotency_key.as_deref())?;
        let data = self.data.get();
        if self.hold_s.is_some_and(|hold_s| hold_s > HOLD_S_MAX) {
            return Err(Problem::bad(format!("\"hold_s\" is at most {HOLD_S_MAX} seconds")));
        }
        let replay = match self.replay {
            Some(ReplayName::UntilDelivered) => Replay::UntilDelivered,
            Some(ReplayName::Always) => Replay::Always,
            // A bare string is what old payment pages take: replayed to the next visit it would be
            // a result of the wrong payment.
            None if data.starts_with('"') => Replay::UntilDelivered,
            None => Replay::Always,
        };
        Ok(Request {
            user: params::user("\"user\"", &self.user)?,
            channel: params::name("\"channel\"", &self.channel, CHANNEL_BYTES_MAX)?,
            data: data.into(),
            hold_ms: self.hold_s.map(|hold_s| hold_s * 1_000),
            replay,
            idempotency_key,
        })
    }
}

/// What happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pushed {
    /// Its version in the channel; 0 when it is not stored.
    version: u64,
    /// Whether it is durable.
    stored: bool,
    /// Connections that it was put on at that moment.
    connections: u32,
}

impl From<Published> for Pushed {
    fn from(done: Published) -> Self {
        let Published { version, stored, connections } = done;
        Self { version, stored, connections }
    }
}

/// Push a value to a user's pages.
///
/// The payment result of a car wash, word for word:
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/push -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -H 'Idempotency-Key: payment-4711' \
///   -d '{"user":"17","channel":"2","data":"0_扣费成功_剩余次数: 5","hold_s":600}'
/// ```
#[utoipa::path(post, path = "/v1/push", operation_id = "create_push", tag = "push",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "At most 64 bytes; the same as `idempotency_key`")),
    request_body = CreatePush,
    responses(
        (status = 200, description = "Taken", body = Pushed),
        (status = 409, description = "The same key was used for other data", body = ErrorBody),
        WriteFailures),
    security(("api_key" = ["push"])))]
pub(crate) async fn create_push(
    key: Key<need::Push>,
    IdempotencyKey(header): IdempotencyKey,
    Json(wanted): Json<CreatePush>,
) -> Result<Json<Pushed>, Problem> {
    let request = wanted.request(header.as_deref())?;
    Ok(Json(publish::publish(key.core(), request).await?.into()))
}
