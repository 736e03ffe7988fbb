//! `PUT /v1/conversations/{conversation}/messages/{seq}`

use axum::http::StatusCode;
use magpie_core::message::{
    revise::{self, At},
    send::system_caller,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::send::make_system_user;
use crate::{
    access::{Key, need},
    extract::{Json, Path},
    params,
    problem::{ErrorBody, Problem},
    shapes::WriteFailures,
};

/// The new text, as `text` or as a whole `body` of kind `text`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditMessage {
    /// A plain text.
    #[schema(example = "您的订单已发货, 单号 SF1234")]
    text: Option<String>,
    /// A whole body of kind `text`.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
}

/// Edit a message.
///
/// A text into another text, whoever sent it and however long ago. What it answers and whose words
/// it forwards stays.
///
/// ```sh
/// curl -X PUT http://127.0.0.1:8080/v1/conversations/0b3c8f12d4e5a697/messages/12 \
///   -H "Authorization: Bearer $MAGPIE_API_KEY" -H 'Content-Type: application/json' \
///   -d '{"text":"您的订单已发货, 单号 SF1234"}'
/// ```
#[utoipa::path(put, path = "/v1/conversations/{conversation}/messages/{seq}",
    operation_id = "edit_message", tag = "messages",
    params(
        ("conversation" = String, Path, description = "The conversation"),
        ("seq" = u64, Path, description = "The place of the message")),
    request_body = EditMessage,
    responses(
        (status = 204, description = "Changed for everyone"),
        (status = 410, description = "The message was recalled", body = ErrorBody),
        WriteFailures),
    security(("api_key" = ["messages"])))]
pub(crate) async fn edit_message(
    key: Key<need::Messages>,
    Path((conversation, seq)): Path<(String, u64)>,
    Json(wanted): Json<EditMessage>,
) -> Result<StatusCode, Problem> {
    let conversation = params::conversation(&conversation)?;
    let at = At { conversation, seq: params::place(seq)? };
    let body = params::body(wanted.body.as_deref(), wanted.text.as_deref())?;
    let caller = system_caller(key.system_user(make_system_user).await?);
    revise::edit(key.core(), &caller, at, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
