//! One queued operation to the module that does it.

use magpie_core::port::store::{Op, WriteResult};
use rusqlite::{Connection, Result};

use super::{channels, marks, messages, state::State, users};

/// What an operation did or why it was refused; `Err` when the database failed, which undoes
/// the whole batch.
pub(crate) type Applied = Result<WriteResult>;

pub(crate) fn apply(conn: &Connection, state: &mut State, op: Op) -> Applied {
    match op {
        Op::Append(append) => messages::append(conn, state, append),
        Op::Read { user, conversation, seq } => marks::read(conn, state, user, conversation, seq),
        Op::Delivered(marks) => marks::delivered(conn, state, marks),
        Op::Open { user, peer, create_peer, now_ms } => {
            marks::open(conn, state, user, peer, create_peer, now_ms)
        }
        Op::Set { user, conversation, change } => {
            marks::set(conn, state, user, conversation, change)
        }
        Op::HideMessage { user, conversation, seq } => {
            marks::hide_message(conn, state, user, conversation, seq)
        }
        Op::Block { user, other, on } => users::block(conn, state, user, other, on),
        Op::PutUser(patch) => users::put(conn, state, patch),
        Op::Seen { user, at_ms } => users::seen(conn, state, user, at_ms),
        Op::Publish(publish) => channels::publish(conn, state, publish),
        Op::PushDelivered { user, channel, version } => {
            channels::delivered(conn, state, &user, &channel, version)
        }
    }
}
