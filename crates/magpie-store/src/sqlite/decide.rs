//! One queued operation to the module that decides it: what it changes goes to the state as
//! effects, what it answers comes back. Writes nothing.

use magpie_core::port::store::{Op, Rejection, StoreError, WriteResult};
use rusqlite::Result;

use super::{channels, marks, messages, state::State, users, view::View};

/// What an operation did or why it was refused; `Err` when the database cannot be read, which
/// undoes the whole batch.
pub(crate) type Decided = Result<WriteResult>;

pub(crate) fn decide(view: &View<'_>, state: &mut State, op: Op) -> Decided {
    match op {
        Op::Append(append) => messages::append(view, state, append),
        Op::Read { user, conversation, seq } => marks::read(view, state, user, conversation, seq),
        Op::Delivered(marks) => marks::delivered(view, state, marks),
        Op::Open { user, peer, create_peer, now_ms } => {
            marks::open(view, state, user, peer, create_peer, now_ms)
        }
        Op::Set { user, conversation, change } => {
            marks::set(view, state, user, conversation, change)
        }
        Op::HideMessage { user, conversation, seq } => {
            marks::hide_message(view, state, user, conversation, seq)
        }
        Op::Block { user, other, on } => users::block(view, state, user, other, on),
        Op::PutUser(patch) => users::put(view, state, patch),
        Op::Seen { user, at_ms } => users::seen(view, state, user, at_ms),
        Op::Publish(publish) => channels::publish(view, state, publish),
        Op::PushDelivered { user, channel, version } => {
            channels::delivered(view, state, &user, &channel, version)
        }
        Op::Revise(_)
        | Op::Draft { .. }
        | Op::DeviceSeen { .. }
        | Op::SignOutDevice { .. }
        | Op::PutMedia(_)
        | Op::DropMedia { .. } => {
            Ok(Err(Rejection::Store(StoreError::Unavailable("not built yet".into()))))
        }
    }
}
