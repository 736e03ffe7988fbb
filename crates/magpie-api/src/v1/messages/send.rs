//! `POST /v1/messages`

use axum::http::StatusCode;
use magpie_core::{
    Core, Refusal, Role,
    message::send::{Send, send_and_wait, system_caller},
    port::store::{Outcome, UserPatch},
    user,
};
use magpie_proto::{ErrorCode, UserId, client::Target};
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

/// In whose name the system speaks.
const SYSTEM_USER: &str = "system";
/// How clients address the desk.
const DESK: &str = "desk:";

/// A message to send. Name the receiver with `to` or `conversation`, the content with `text` or
/// `body`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendMessage {
    /// Who sends; absent: the user `system`, which is made on first use.
    from: Option<String>,
    /// The receiver, or `desk:` for the sender's own desk conversation.
    #[schema(example = "翠花")]
    to: Option<String>,
    /// An existing conversation, in place of `to`.
    conversation: Option<String>,
    /// A plain text.
    #[schema(example = "您的订单已发货")]
    text: Option<String>,
    /// A whole body: its kind `k`, its text or fallback text `x`, and more; at most 65,536 bytes.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
    /// Sending twice with the same key stores once. The header `Idempotency-Key` means the same.
    client_msg_id: Option<String>,
}

/// Where the message is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// Its conversation.
    conversation: String,
    /// Its global id.
    id: String,
    /// Its place in the conversation.
    seq: u64,
    /// When the server took it, Unix milliseconds.
    ts: u64,
}

/// Send a message.
///
/// The answer is given when the message is durable. Blocks and the stranger limit do not hold back
/// the owner's backend.
///
/// ```sh
/// curl -X POST http://127.0.0.1:8080/v1/messages -H "Authorization: Bearer $MAGPIE_API_KEY" \
///   -H 'Content-Type: application/json' -H 'Idempotency-Key: order-4711-shipped' \
///   -d '{"to":"翠花","text":"您的订单已发货"}'
/// ```
#[utoipa::path(post, path = "/v1/messages", operation_id = "send_message", tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "At most 64 bytes; the same as `client_msg_id`")),
    request_body = SendMessage,
    responses(
        (status = 201, description = "Stored", body = Sent),
        (status = 200, description = "The same key was stored before: the first result",
            body = Sent),
        (status = 409, description = "The same key was stored with another body",
            body = ErrorBody),
        WriteFailures),
    security(("api_key" = ["messages"])))]
pub(crate) async fn send_message(
    key: Key<need::Messages>,
    IdempotencyKey(header): IdempotencyKey,
    Json(wanted): Json<SendMessage>,
) -> Result<(StatusCode, Json<Sent>), Problem> {
    let field = "\"client_msg_id\"";
    let client_msg_id =
        params::idempotency(field, header.as_deref(), wanted.client_msg_id.as_deref())?;
    let target = target(&wanted)?;
    let body = params::body(wanted.body.as_deref(), wanted.text.as_deref())?;
    let from = match &wanted.from {
        Some(id) => sender(key.core(), params::user("\"from\"", id)?).await?,
        None => key.system_user(make_system_user).await?,
    };
    let send = Send { target, client_msg_id, body };
    match send_and_wait(key.core(), &system_caller(from), send).await? {
        Outcome::Stored { message, .. } => {
            let sent = Sent {
                conversation: message.conversation.to_string(),
                id: message.id.to_string(),
                seq: message.seq,
                ts: message.sent_ms,
            };
            Ok((StatusCode::CREATED, Json(sent)))
        }
        Outcome::Duplicate { conversation, id, seq, sent_ms } => {
            let (conversation, id) = (conversation.to_string(), id.to_string());
            Ok((StatusCode::OK, Json(Sent { conversation, id, seq, ts: sent_ms })))
        }
        other => {
            tracing::error!(?other, "a send had another outcome");
            Err(Refusal::new(ErrorCode::Internal, "a fault of the server").into())
        }
    }
}

fn target(wanted: &SendMessage) -> Result<Target, Problem> {
    match (wanted.to.as_deref(), wanted.conversation.as_deref()) {
        (Some(DESK), None) if wanted.from.is_none() => {
            Err(Problem::bad("a message to the desk needs \"from\": the visitor who asks"))
        }
        (Some(DESK), None) => Ok(Target::Desk),
        (Some(to), None) => params::user("\"to\"", to).map(Target::User),
        (None, Some(id)) => params::conversation(id).map(Target::Conversation),
        _ => Err(Problem::bad("name the receiver with either \"to\" or \"conversation\"")),
    }
}

async fn sender(core: &Core, id: UserId) -> Result<UserId, Problem> {
    if core.store.user(id.clone()).await?.is_some() {
        return Ok(id);
    }
    if !core.policy.create_unknown_users {
        return Err(Refusal::unknown_user(&id).into());
    }
    let now_ms = core.now_ms();
    let patch = UserPatch { id, name: None, avatar: None, role: None, banned: None, now_ms };
    Ok(user::put(core, patch).await?.id)
}

pub(super) async fn make_system_user(core: &Core) -> Result<UserId, Problem> {
    let id = params::user("the system user", SYSTEM_USER)?;
    if core.store.user(id.clone()).await?.is_none() {
        let (role, now_ms) = (Some(Role::Bot), core.now_ms());
        let patch =
            UserPatch { id: id.clone(), name: None, avatar: None, role, banned: None, now_ms };
        user::put(core, patch).await?;
    }
    Ok(id)
}
