//! What a decided write changes, row by row and with absolute values. The journal keeps effects,
//! the tail shows them, the applier writes them into SQLite. Never a command: to replay them needs
//! no rule, and to apply them twice changes nothing.

pub(crate) mod codec;

use magpie_core::model::{
    ChannelValue, Device, Draft, Media, Membership, Message, Position, RevisionKind, User,
};
use magpie_proto::{Body, ConversationId, MediaId, Seq, UserId};

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
    Body(BodyRow),
    Void(VoidRow),
    Change(ChangeRow),
    Reaction(ReactionRow),
    Draft(DraftRow),
    Device(DeviceRow),
    Media(MediaRow),
    MediaGone(MediaId),
    MediaRef(MediaRefRow),
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

/// What a message says from now on; nothing when it was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) body: Body,
}

/// A message that counts for nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VoidRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) sender: UserNo,
}

/// The last change of a message that everyone sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangeRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) rev: u64,
    pub(crate) ver: Position,
    pub(crate) kind: RevisionKind,
    /// 0: somebody without a number (the owner's backend).
    pub(crate) by: UserNo,
    pub(crate) at_ms: u64,
    pub(crate) edited_ms: Option<u64>,
}

/// Whether a user's emoji is on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReactionRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) emoji: Box<str>,
    pub(crate) no: UserNo,
    pub(crate) id: UserId,
    pub(crate) on: bool,
    /// The change that put it there: the order of the users of one emoji.
    pub(crate) rev: u64,
    /// The change that put the first of this emoji there: the order of the emoji.
    pub(crate) first_rev: u64,
}

/// What a user has typed in a conversation and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftRow {
    pub(crate) conversation: ConversationId,
    pub(crate) no: UserNo,
    pub(crate) draft: Option<Box<Draft>>,
}

/// A device of a user as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceRow {
    pub(crate) no: UserNo,
    pub(crate) device: Device,
}

/// An upload as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRow {
    pub(crate) owner: UserNo,
    pub(crate) media: Media,
}

/// Whether a message holds an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaRefRow {
    pub(crate) media: MediaId,
    pub(crate) conversation: ConversationId,
    pub(crate) seq: Seq,
    pub(crate) on: bool,
}
