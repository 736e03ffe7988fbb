//! Reading columns: SQLite's integers are signed, ids are checked again on the way in.

use bytes::Bytes;
use magpie_core::model::Message;
use magpie_proto::{Body, ConversationId, MessageId, UserId};
use rusqlite::{Result, Row, types::Type};

/// Columns that [`message`] reads, from `messages m JOIN users u ON u.no = m.sender`.
pub(crate) const MESSAGE_COLUMNS: &str =
    "m.conversation, m.seq, m.id, u.id, m.client_msg_id, m.body, m.sent_ms";

/// What SQLite stores for an unsigned number.
pub(crate) fn int(value: u64) -> i64 {
    value.cast_signed()
}

pub(crate) fn uint(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

pub(crate) fn user_id(row: &Row<'_>, column: usize) -> Result<UserId> {
    let text = row.get_ref(column)?.as_str()?;
    UserId::parse(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

pub(crate) fn message(row: &Row<'_>) -> Result<Message> {
    Ok(Message {
        conversation: ConversationId::from_i64(row.get(0)?),
        seq: uint(row, 1)?,
        id: MessageId::from_bytes(row.get(2)?),
        sender: user_id(row, 3)?,
        client_msg_id: row.get::<_, Option<Box<str>>>(4)?,
        body: Body::from_stored(Bytes::copy_from_slice(row.get_ref(5)?.as_blob()?)),
        sent_ms: uint(row, 6)?,
        revision: None,
    })
}
