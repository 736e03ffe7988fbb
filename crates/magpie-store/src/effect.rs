//! What a decided write changes, row by row and with absolute values. The journal keeps effects,
//! the tail shows them, the applier writes them into SQLite. Never a command: to replay them needs
//! no rule, and to apply them twice changes nothing.

pub(crate) mod codec;

use magpie_core::model::{ChannelValue, Membership, Message, Position, User};
use magpie_proto::{ConversationId, Seq, UserId};

/// How tables name a user.
pub(crate) type UserNo = i64;

/// One changed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    User(UserRow),
    Block(BlockRow),
    Conversation(ConversationRow),
    Member(MemberRow),
    Private(PrivateRow),
    Message(MessageRow),
    Hidden(HiddenRow),
    Channel(ChannelValue),
    PushKey(PushKeyRow),
}

/// A user as he is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserRow {
    pub(crate) no: UserNo,
    pub(crate) user: User,
}

/// Whether `user` refuses `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockRow {
    pub(crate) user: UserNo,
    pub(crate) other: UserNo,
    pub(crate) on: bool,
}

/// What all members of a conversation share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConversationRow {
    pub(crate) id: ConversationId,
    /// Direct: the user whose id sorts first; desk: the visitor.
    pub(crate) a: UserNo,
    /// Direct: the other one (`a` again in a talk with oneself).
    pub(crate) b: Option<UserNo>,
    pub(crate) head: Seq,
    pub(crate) rev: u64,
    pub(crate) head_ms: u64,
    pub(crate) ver: Position,
    pub(crate) voids: u64,
    /// Direct: messages of a and of b.
    pub(crate) own: [u64; 2],
    /// Direct: the newest message of a and of b.
    pub(crate) last: [Seq; 2],
}

/// What a member shows the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberRow {
    pub(crate) conversation: ConversationId,
    pub(crate) no: UserNo,
    pub(crate) id: UserId,
    pub(crate) delivered_seq: Seq,
    pub(crate) read_seq: Seq,
    /// Outside direct conversations: messages that this member sent, and the newest of them.
    pub(crate) own_total: u64,
    pub(crate) own_last: Seq,
}

/// A user's private state of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrivateRow {
    pub(crate) conversation: ConversationId,
    pub(crate) no: UserNo,
    pub(crate) private: Private,
}

/// See [`PrivateRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Private {
    pub(crate) shown: Membership,
    /// Own messages at or below the floor.
    pub(crate) own_at_floor: u64,
    /// Messages deleted on this side, one by one.
    pub(crate) hides: u64,
    pub(crate) ver: Position,
}

/// A new message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageRow {
    pub(crate) sender: UserNo,
    pub(crate) ver: Position,
    pub(crate) message: Message,
}

/// A message that a user deleted on his side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HiddenRow {
    pub(crate) no: UserNo,
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    /// He had sent it himself.
    pub(crate) own: bool,
    pub(crate) ver: Position,
}

/// An idempotency key of a push, with what it stored (its delivered version does not count).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushKeyRow {
    pub(crate) key: Box<str>,
    pub(crate) value: ChannelValue,
}
