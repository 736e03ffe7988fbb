//! One queued operation to the module that decides it: what it changes goes to the state as
//! effects, what it answers comes back. Writes nothing.

use magpie_core::port::store::{Op, WriteResult};
use rusqlite::Result;

use super::{
    channels, devices, drafts, marks, media, messages, revise, state::State, users, view::View,
};

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
        Op::Revise(op) => revise::revise(view, state, op),
        Op::Draft { user, conversation, draft, at_ms } => {
            drafts::keep(view, state, user, conversation, draft, at_ms)
        }
        Op::DeviceSeen { user, device, name, at_ms } => {
            devices::seen(view, state, user, device, name, at_ms)
        }
        Op::SignOutDevice { user, device, at_ms } => {
            devices::sign_out(view, state, user, device, at_ms)
        }
        Op::PutMedia(upload) => media::put(view, state, upload),
        Op::DropMedia { id } => media::drop_unused(view, state, id),
    }
}
