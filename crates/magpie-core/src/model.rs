//! The things the core talks about: users, messages, conversations as one viewer sees them.
//! Plain data; wire formats and tables are other crates' business.

use magpie_proto::{Body, ConversationId, MediaId, MessageId, Seq, UserId};

/// Position of a commit in the store's history. Rises with every change.
pub type Position = u64;

/// What a user may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Anybody.
    #[default]
    User,
    /// Answers at the desk.
    Agent,
    /// A program.
    Bot,
    /// Runs the deployment.
    Admin,
}

impl Role {
    /// Name on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Bot => "bot",
            Self::Admin => "admin",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::User, Self::Agent, Self::Bot, Self::Admin].into_iter().find(|r| r.as_str() == name)
    }
}

/// A person, agent or bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name shown to others; empty means "show the id".
    pub name: String,
    /// Address of a picture; may be empty.
    pub avatar: String,
    /// What the user may be.
    pub role: Role,
    /// Signing in is refused.
    pub banned: bool,
    /// First seen, Unix ms.
    pub created_ms: u64,
    /// Last moment with a connection, Unix ms; 0 if never.
    pub last_seen_ms: u64,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it lives.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// Global id.
    pub id: MessageId,
    /// Who sent it.
    pub sender: UserId,
    /// The sender's idempotency key.
    pub client_msg_id: Option<Box<str>>,
    /// What.
    pub body: Body,
    /// When the server took it, Unix ms.
    pub sent_ms: u64,
    /// What became of it since; most messages never change.
    pub revision: Option<Box<Revision>>,
}

/// The shared changes of one message, as they stand now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revision {
    /// The conversation's `rev` at the last of them: of two states of a message the one with the
    /// higher rev is newer.
    pub rev: u64,
    /// When its body was changed last, Unix ms.
    pub edited_ms: Option<u64>,
    /// In the order of first use.
    pub reactions: Vec<Reaction>,
}

/// One emoji on a message, with those who put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Box<str>,
    /// Who, in the order in which they came; never empty.
    pub users: Vec<UserId>,
}

/// A shared change of a message, as it is told to everyone in the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// Where.
    pub conversation: ConversationId,
    /// The conversation's number of this change: 1, 2, 3, ... without gaps.
    pub rev: u64,
    /// Which message.
    pub seq: Seq,
    /// What was done.
    pub kind: RevisionKind,
    /// By whom.
    pub by: UserId,
    /// When, Unix ms.
    pub at_ms: u64,
    /// The place as it is now for everyone who has not hidden it.
    pub item: Item,
}

/// What was done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionKind {
    /// Taken back for everyone.
    Recall,
    /// Another body.
    Edit,
    /// A reaction put or taken away.
    React,
}

impl RevisionKind {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::Edit => "edit",
            Self::React => "react",
        }
    }
}

/// Places that changed after a rev, as one viewer sees them now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesPage {
    /// Each changed place once, in the order of its last change.
    pub items: Vec<Item>,
    /// The page covers the changes up to here.
    pub rev: u64,
    /// Whether there are further ones.
    pub more: bool,
}

/// What a user has typed and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The text; empty only when something is answered.
    pub text: Box<str>,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
}

/// An installation of an app that a user has signed in on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its stable id.
    pub id: Box<str>,
    /// What it calls itself; may be empty.
    pub name: Box<str>,
    /// First sign-in, Unix ms.
    pub first_ms: u64,
    /// Last sign-in that was noted, Unix ms.
    pub last_ms: u64,
    /// Tokens issued before this moment are not taken from it any more, Unix ms; 0: never.
    pub signed_out_ms: u64,
}

/// A finished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Which.
    pub id: MediaId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Bytes on disk, with everything that was made from it.
    pub bytes: u64,
    /// What is told about it: the JSON object that a message carries.
    pub descriptor: Box<str>,
    /// Another upload that belongs to it: the still picture of a video.
    pub poster: Option<MediaId>,
    /// Anybody may see it (a user's picture).
    pub public: bool,
    /// When it was finished, Unix ms.
    pub created_ms: u64,
    /// Messages that hold it.
    pub uses: u64,
    /// While no message holds it: it is erased from here on, Unix ms.
    pub free_after_ms: u64,
}

/// One place in a viewer's dense history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A message the viewer may see.
    Message(Message),
    /// Nothing to see at these places (inclusive): says why, so that gap filling ends.
    Gone {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
        /// Why.
        why: Gone,
    },
}

/// Why a place in the history is empty for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// Taken back for everyone; it was this user's message.
    Recalled(UserId),
    /// Deleted on the viewer's own side.
    Deleted,
    /// Past its retention.
    Expired,
}

impl Gone {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Recalled(_) => "recalled",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
        }
    }
}

/// A user's private state of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Membership {
    /// Read up to here, on any device.
    pub read_seq: Seq,
    /// Deleted on this side up to here.
    pub cleared_seq: Seq,
    /// Visible in the list when `head > hidden_seq`; -1: opened without messages.
    pub hidden_seq: i64,
    /// On top of the list.
    pub pinned: bool,
    /// No sound, no badge.
    pub muted: bool,
}

/// A conversation as one user sees it in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub conversation: ConversationId,
    /// The other user of a direct conversation, the visitor of a desk conversation seen by an
    /// agent; `None` for a visitor's own desk conversation.
    pub peer: Option<User>,
    /// Newest seq.
    pub head: Seq,
    /// Shared changes so far.
    pub rev: u64,
    /// Time of the newest message, Unix ms; 0 if none.
    pub head_ms: u64,
    /// Messages of others that this user has not read.
    pub unread: u64,
    /// This user's private state.
    pub membership: Membership,
    /// Newest message that this user may see.
    pub last: Option<Message>,
    /// What the other side has received and read (direct: the peer; desk: the highest of others).
    pub peer_delivered_seq: Seq,
    /// See `peer_delivered_seq`.
    pub peer_read_seq: Seq,
    /// This user's own delivered mark (max over devices).
    pub delivered_seq: Seq,
    /// What this user has typed here and not sent.
    pub draft: Option<Box<Draft>>,
}

impl Entry {
    /// Whether the conversation is in the user's list.
    #[must_use]
    pub fn visible(&self) -> bool {
        i64::try_from(self.head).unwrap_or(i64::MAX) > self.membership.hidden_seq
    }
}

/// A changed conversation in a resume reply: the entry and what the device missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The list entry.
    pub entry: Entry,
    /// The newest missed items, oldest first.
    pub items: Vec<Item>,
    /// Older missed places (inclusive) to page in, if they did not fit.
    pub hole: Option<(Seq, Seq)>,
    /// Set when not all places that changed since are in `items`: those that changed after this
    /// rev are to be paged in.
    pub changes_after: Option<u64>,
}

/// One page of a resume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePage {
    /// The read covers the store's history up to here.
    pub position: Position,
    /// Changed conversations.
    pub changed: Vec<Missed>,
    /// Where to go on; `None` when this was the last page.
    pub next: Option<ResumeMark>,
}

/// Where the next page of a resume starts; opaque outside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeMark(pub i64);

/// One page of the conversation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPage {
    /// Visible conversations, pinned first, then newest first.
    pub entries: Vec<Entry>,
    /// Mark of the next page.
    pub next: Option<InboxMark>,
}

/// Sort key of the last entry of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxMark {
    /// Whether the last entry was pinned.
    pub pinned: bool,
    /// Its time.
    pub head_ms: u64,
    /// Its id, as the tie break.
    pub conversation: ConversationId,
}

/// A page of history as one viewer sees it: dense, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Places of the page, without holes.
    pub items: Vec<Item>,
    /// Newest seq of the conversation.
    pub head: Seq,
    /// Whether there is more on the side that was asked for.
    pub more: bool,
}

/// Why the unread count is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The count, by the formula.
    pub count: u64,
    /// Places up to here never count.
    pub floor: Seq,
    /// Newest seq.
    pub head: Seq,
    /// Places above the floor, newest 200: counts, or why not.
    pub places: Vec<(Seq, UnreadWhy)>,
}

/// What a place above the floor does to the unread count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadWhy {
    /// Someone else's message: counts.
    Counts,
    /// The reader's own.
    Own,
    /// Recalled, or of a kind that never counts.
    Void,
    /// Deleted on the reader's side.
    Hidden,
}

/// The last value of a channel of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelValue {
    /// Whose.
    pub user: UserId,
    /// Which channel.
    pub channel: Box<str>,
    /// Rises by one with every stored value.
    pub version: u64,
    /// JSON text.
    pub data: Box<str>,
    /// When it was published, Unix ms.
    pub sent_ms: u64,
    /// Not replayed from here on, Unix ms.
    pub hold_until_ms: u64,
    /// To whom it is replayed.
    pub replay: Replay,
    /// Highest version known to have reached a page.
    pub delivered_version: u64,
}

/// To whom a held value is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replay {
    /// To a page that opens before anyone got it.
    UntilDelivered,
    /// To every page that has not seen this version.
    #[default]
    Always,
}
