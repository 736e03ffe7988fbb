//! The persistence port. Writes are queued operations that one committer applies in order, many
//! per commit; what they did is handed to the commit sink after the commit is durable and never
//! before. Reads are answered apart from the writer, from a consistent snapshot.

mod commit;

use std::{future::Future, pin::Pin};

use magpie_proto::{
    Body, ConversationId, MediaId, MessageId, Seq, UserId, client::Change, client::Edge,
};

pub use commit::{CallSlot, CommitSink, Committed, Origin, ReplyTo, Write};

use crate::model::{
    ChangesPage, ChannelValue, Device, Draft, Entry, HistoryPage, InboxMark, InboxPage, Item,
    Media, Membership, Message, Position, Replay, ResumeMark, ResumePage, Revised, Role, Unread,
    User,
};

/// Why the store cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No space left on the device. Reads still work.
    #[error("the disk is full")]
    Full,
    /// Writes are refused; the text says why (read-only directory, failed fsync, shutting down).
    #[error("the store takes no writes: {0}")]
    Unavailable(String),
    /// The queue of writes is full.
    #[error("too many writes are waiting")]
    Overloaded,
    /// Anything else; the text is for the log, never for a client.
    #[error("store fault: {0}")]
    Fault(String),
}

/// Why a single operation was not done. The rest of its batch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No such user.
    UnknownUser(UserId),
    /// No such conversation, or the caller is not in it.
    UnknownConversation,
    /// The receiver has blocked the sender.
    Blocked,
    /// Too many messages to someone who has neither answered nor connected.
    StrangerLimit {
        /// How many are allowed.
        limit: u32,
    },
    /// No such message in the conversation, or the caller cannot see it.
    UnknownMessage,
    /// The message was recalled.
    Recalled,
    /// Only the sender of a message may do this.
    NotTheSender,
    /// This kind of message cannot be edited, or only into its own kind.
    NotEditable,
    /// The time in which this may be done is over.
    TooLate {
        /// How long it was.
        window_ms: u64,
    },
    /// The user has no such device.
    UnknownDevice,
    /// Too many different emoji on one message.
    TooManyReactions {
        /// How many are allowed.
        limit: usize,
    },
    /// No such upload, not the sender's, or the message describes it as it is not.
    UnknownMedia,
    /// The same idempotency key with another body.
    ClientMsgIdReused,
    /// A push with an idempotency key that was used for other data.
    PushKeyReused,
    /// The store itself failed; nothing of the batch was kept.
    Store(StoreError),
}

/// Where an appended message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The direct conversation of the sender and this user; created when it does not exist.
    Direct(UserId),
    /// The desk conversation of this visitor; created when the sender is the visitor.
    Desk(UserId),
    /// An existing conversation.
    Existing(ConversationId),
}

/// Rules that the store checks at its serialization point, in this order: receiver known,
/// dedupe, member, block, stranger limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    /// Create the receiver of a direct message when he does not exist.
    pub create_receiver: bool,
    /// Refuse when the sender is not in the conversation (agents are in every desk conversation).
    pub must_be_member: bool,
    /// Refuse when the receiver has blocked the sender.
    pub not_blocked: bool,
    /// Refuse when so many of the sender's messages wait above
    /// max(receiver's delivered_seq, read_seq, last own seq). `None`: no limit, or the receiver
    /// has a connection at decision time.
    pub stranger_limit: Option<u32>,
    /// Refuse a body whose upload is not the sender's, or is described as it is not. (An upload
    /// that does not exist is refused in any case, and so is a reply to a message that does not.)
    pub own_media: bool,
    /// The server itself copied the body: what stands under the same key is the first copy, also
    /// when the original was edited since.
    pub is_copy: bool,
}

/// Most different emoji on one message.
pub const REACTIONS_MAX: usize = 20;

/// A shared change of a stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revise {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Who does it.
    pub by: UserId,
    /// What.
    pub what: Alteration,
    /// Time of the server.
    pub at_ms: u64,
    /// Recall and edit: refuse when the message is older than this. `None`: at any time.
    pub window_ms: Option<u64>,
    /// Refuse whoever is not in the conversation, and recall or edit of another one's message.
    /// Off for the owner's backend.
    pub guarded: bool,
}

/// What is changed. All of them may be repeated: what is so already makes no new change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// Take it back for everyone: the body is erased, the place stays.
    Recall,
    /// Another text; what the message answers and whose words it forwards stay.
    Edit(Body),
    /// Put an emoji of the caller on it, or take it away.
    React {
        /// Which.
        emoji: Box<str>,
        /// Put or take away.
        on: bool,
    },
}

/// A message to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where to.
    pub place: Place,
    /// Who sends.
    pub sender: UserId,
    /// Idempotency key.
    pub client_msg_id: Option<Box<str>>,
    /// What.
    pub body: Body,
    /// Fresh global id.
    pub id: MessageId,
    /// Time of the server.
    pub sent_ms: u64,
    /// Rules to check.
    pub guard: Guard,
}

/// A channel value to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Whose channel.
    pub user: UserId,
    /// Which.
    pub channel: Box<str>,
    /// JSON text.
    pub data: Box<str>,
    /// Time of the server.
    pub sent_ms: u64,
    /// Not replayed from here on.
    pub hold_until_ms: u64,
    /// To whom it is replayed.
    pub replay: Replay,
    /// The same key within the hold time answers with the first version.
    pub idempotency_key: Option<Box<str>>,
}

/// A user to create or change; `None` fields stay (or take their default).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPatch {
    /// Who.
    pub id: UserId,
    /// Shown name.
    pub name: Option<String>,
    /// Picture address.
    pub avatar: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Refuse signing in.
    pub banned: Option<bool>,
    /// Time of the server, for new users.
    pub now_ms: u64,
}

/// One durable change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Append a message.
    Append(Append),
    /// The user has read up to here. Clamped to head, never falls.
    Read {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// Up to.
        seq: Seq,
    },
    /// Folded delivery marks; unknown conversations and non-members are skipped.
    Delivered(Vec<(ConversationId, UserId, Seq)>),
    /// Make the direct conversation with `peer` visible to `user`: two rows, the peer's stays
    /// invisible until a first message.
    Open {
        /// Who opens.
        user: UserId,
        /// With whom.
        peer: UserId,
        /// Create the peer when he does not exist.
        create_peer: bool,
        /// Time of the server.
        now_ms: u64,
    },
    /// Change private state.
    Set {
        /// Whose.
        user: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// What.
        change: Change,
    },
    /// Hide one message on one side.
    HideMessage {
        /// Whose side.
        user: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// Which message; above head is rejected as unknown.
        seq: Seq,
    },
    /// Refuse (or accept again) messages from `other`.
    Block {
        /// Who refuses.
        user: UserId,
        /// Whom.
        other: UserId,
        /// Refuse or accept.
        on: bool,
    },
    /// Change a stored message for everyone.
    Revise(Revise),
    /// Keep what a user has typed and not sent; `None` forgets it.
    Draft {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// What.
        draft: Option<Box<Draft>>,
        /// Time of the server.
        at_ms: u64,
    },
    /// A device has signed in.
    DeviceSeen {
        /// Whose.
        user: UserId,
        /// Its stable id.
        device: Box<str>,
        /// What it calls itself; empty keeps the name that is known.
        name: Box<str>,
        /// Time of the server.
        at_ms: u64,
    },
    /// Take no token from this device that was issued before now. Rejected as unknown when the
    /// user has no such device.
    SignOutDevice {
        /// Whose.
        user: UserId,
        /// Which.
        device: Box<str>,
        /// Time of the server.
        at_ms: u64,
    },
    /// An upload is finished. `uses` is ignored.
    PutMedia(Media),
    /// An upload's files are erased: forget it, unless a message holds it now.
    DropMedia {
        /// Which.
        id: MediaId,
    },
    /// Create or change a user.
    PutUser(UserPatch),
    /// Last moment with a connection.
    Seen {
        /// Who.
        user: UserId,
        /// When.
        at_ms: u64,
    },
    /// Store a channel value.
    Publish(Publish),
    /// A page has this version of a channel. Never falls.
    PushDelivered {
        /// Whose channel.
        user: UserId,
        /// Which.
        channel: Box<str>,
        /// Which version.
        version: u64,
    },
}

/// What a durable change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The message is stored. `members`: the two users of a direct conversation, or the visitor
    /// alone of a desk conversation.
    Stored {
        /// As stored.
        message: Message,
        /// See above.
        members: [Option<UserId>; 2],
    },
    /// The same key was stored before: this is the first result.
    Duplicate {
        /// Where.
        conversation: ConversationId,
        /// Its id.
        id: MessageId,
        /// Its place.
        seq: Seq,
        /// Its time.
        sent_ms: u64,
    },
    /// The read mark as it stands now, and whether this moved it.
    Read {
        /// Who.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// Private state now.
        membership: Membership,
        /// Unread now.
        unread: u64,
        /// Delivered mark now (at least the read mark).
        delivered_seq: Seq,
        /// Who else is told, as in `Stored`.
        members: [Option<UserId>; 2],
        /// Whether the mark rose.
        moved: bool,
    },
    /// Private state as it stands now.
    Membership {
        /// Whose.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// State now.
        membership: Membership,
        /// Unread now.
        unread: u64,
    },
    /// A message is hidden on one side.
    Hidden {
        /// Whose side.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// Which.
        seq: Seq,
    },
    /// The message as it stands now, and the change that made it so; `None` when it was so already.
    Revised {
        /// See above.
        revised: Option<Box<Revised>>,
        /// Who is told, as in `Stored`.
        members: [Option<UserId>; 2],
    },
    /// A draft is kept, or forgotten.
    Draft {
        /// Whose.
        user: UserId,
        /// Where.
        conversation: ConversationId,
        /// As it is now.
        draft: Option<Box<Draft>>,
        /// When.
        at_ms: u64,
    },
    /// The device was signed out.
    SignedOut {
        /// Whose.
        user: UserId,
        /// Which.
        device: Box<str>,
    },
    /// Whether an upload was forgotten; if not, a message holds it.
    MediaDropped(bool),
    /// The user as stored.
    User(User),
    /// The channel value as stored. `fresh` is false when the idempotency key was known.
    Published {
        /// The value.
        value: ChannelValue,
        /// Whether it is new.
        fresh: bool,
    },
    /// Done, nothing to tell.
    Done,
}

/// Answer to one write.
pub type WriteResult = Result<Outcome, Rejection>;

/// A pending read.
pub type ReadFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// What a resume asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeQuery {
    /// Whose inbox.
    pub user: UserId,
    /// Agents see all desk conversations.
    pub agent: bool,
    /// Changes after here; `None`: a new device, which gets each visible conversation with its
    /// newest message and a hole for the rest.
    pub since: Option<Position>,
    /// Where the page before ended.
    pub mark: Option<ResumeMark>,
    /// Page budget: stop after about so many bytes of bodies.
    pub budget_bytes: usize,
}

/// Most bytes of messages in one history page, and of one conversation in a resume: bodies, and
/// [`MESSAGE_BYTES`] each. A single message always fits.
pub const PAGE_BYTES_MAX: usize = 512 * 1024;

/// What a message weighs beside its body.
pub const MESSAGE_BYTES: usize = 256;

/// The store port. One instance per process; cheap to share.
pub trait Store: Send + Sync + 'static {
    /// Queues a write. The answer comes through the commit sink.
    ///
    /// # Errors
    /// The reason, when the queue is full or the store takes none; `origin` is not answered then.
    fn submit(&self, write: Write) -> Result<(), StoreError>;

    /// Identity of this store's history.
    fn epoch(&self) -> u64;

    /// Position of the newest durable commit.
    fn position(&self) -> Position;

    /// Whether writes are taken; the reason if not.
    fn health(&self) -> Result<(), StoreError>;

    /// Changed conversations since a position.
    fn resume(&self, query: ResumeQuery) -> ReadFuture<ResumePage>;

    /// Visible conversations, pinned first, then newest first.
    fn inbox(
        &self,
        user: UserId,
        agent: bool,
        after: Option<InboxMark>,
        limit: u32,
    ) -> ReadFuture<InboxPage>;

    /// One conversation as `user` sees it; `None` when he is not in it.
    fn entry(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Entry>>;

    /// A page of history as `user` sees it, cut at [`PAGE_BYTES_MAX`]; `None` when he is not in it.
    fn history(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        edge: Edge,
        limit: u32,
    ) -> ReadFuture<Option<HistoryPage>>;

    /// One place as `user` sees it; `None` when he is not in the conversation or it has no such
    /// place.
    fn message(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        seq: Seq,
    ) -> ReadFuture<Option<Item>>;

    /// Places that changed after `after`, as `user` sees them; `None` when he is not in the
    /// conversation. At most `limit`, cut at [`PAGE_BYTES_MAX`].
    fn changes(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
        after: u64,
        limit: u32,
    ) -> ReadFuture<Option<ChangesPage>>;

    /// Why the unread count is what it is; `None` when the user is not in the conversation.
    fn unread(
        &self,
        user: UserId,
        agent: bool,
        conversation: ConversationId,
    ) -> ReadFuture<Option<Unread>>;

    /// The members of a conversation (as in [`Outcome::Stored`]) and its head; `None` when it does
    /// not exist.
    fn members(
        &self,
        conversation: ConversationId,
    ) -> ReadFuture<Option<([Option<UserId>; 2], Seq)>>;

    /// Messages of others in all direct conversations above the user's delivered mark, oldest
    /// first by time: what a device without cursors still has to get. At most `limit`.
    fn undelivered(&self, user: UserId, limit: u32) -> ReadFuture<Vec<Message>>;

    /// One user.
    fn user(&self, id: UserId) -> ReadFuture<Option<User>>;

    /// Users by id, in id order, after `after`.
    fn users(&self, after: Option<UserId>, limit: u32) -> ReadFuture<Vec<User>>;

    /// The devices that a user has signed in on, newest first, at most 100. Those that he signed
    /// out and that did not come back are not among them.
    fn devices(&self, user: UserId) -> ReadFuture<Vec<Device>>;

    /// A user and one of his devices, also one that was signed out: what every sign-in asks for,
    /// in one read.
    fn user_and_device(
        &self,
        user: UserId,
        device: Box<str>,
    ) -> ReadFuture<(Option<User>, Option<Device>)>;

    /// A finished upload.
    fn media(&self, id: MediaId) -> ReadFuture<Option<Media>>;

    /// Those of `ids` that `user` may see: his own, public ones, and what a message holds, or the
    /// still picture of what it holds, that he can see now. In the order of `ids`.
    fn visible_media(&self, user: UserId, agent: bool, ids: Vec<MediaId>)
    -> ReadFuture<Vec<Media>>;

    /// Uploads that no message holds and whose time is over, at most `limit`.
    fn idle_media(&self, now_ms: u64, limit: u32) -> ReadFuture<Vec<Media>>;

    /// Bytes of all uploads of a user.
    fn media_bytes(&self, user: UserId) -> ReadFuture<u64>;

    /// Whom the user has blocked, in id order.
    fn blocked(&self, user: UserId) -> ReadFuture<Vec<UserId>>;

    /// The same with names and pictures, at most `limit`.
    fn blocked_users(&self, user: UserId, limit: u32) -> ReadFuture<Vec<User>>;

    /// The current values of a user's channels (one channel if named), expired ones included.
    fn channels(&self, user: UserId, channel: Option<Box<str>>) -> ReadFuture<Vec<ChannelValue>>;
}
