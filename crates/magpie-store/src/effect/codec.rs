//! Effects as the journal keeps them: a version and the store's epoch, then a tag and fields for
//! each effect. Numbers are varints, texts have their length in front. A tag and its fields never
//! change; a new need is a new tag. Decoding trusts nothing.

mod revisions;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use magpie_core::model::{ChannelValue, Membership, Message, Replay, Role, User};
use magpie_proto::{Body, ConversationId, MessageId, UserId};

use super::{
    BlockRow, ConversationRow, Effect, HiddenRow, MemberRow, MessageRow, Private, PrivateRow,
    PushKeyRow, UserRow,
};

/// Version of the payloads that this build writes.
const VERSION: u8 = 1;

mod tag {
    pub(super) const USER: u8 = 1;
    pub(super) const BLOCK: u8 = 2;
    pub(super) const CONVERSATION: u8 = 3;
    pub(super) const MEMBER: u8 = 4;
    pub(super) const PRIVATE: u8 = 5;
    pub(super) const MESSAGE: u8 = 6;
    pub(super) const HIDDEN: u8 = 7;
    pub(super) const CHANNEL: u8 = 8;
    pub(super) const PUSH_KEY: u8 = 9;
    pub(super) const BODY: u8 = 10;
    pub(super) const VOID: u8 = 11;
    pub(super) const CHANGE: u8 = 12;
    pub(super) const REACTION: u8 = 13;
    pub(super) const DRAFT: u8 = 14;
    pub(super) const DEVICE: u8 = 15;
    pub(super) const MEDIA: u8 = 16;
    pub(super) const MEDIA_GONE: u8 = 17;
    pub(super) const MEDIA_REF: u8 = 18;
}

/// Why bytes are not a list of effects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    /// Made by a later version.
    #[error("payload version {0} is newer than this magpie ({VERSION}): use that version")]
    Newer(u8),
    /// The bytes end in the middle of a field.
    #[error("the payload ends early, at byte {0}")]
    Short(usize),
    /// No effect has this tag.
    #[error("unknown tag {tag} at byte {at}")]
    Tag {
        /// What was found.
        tag: u8,
        /// Where.
        at: usize,
    },
    /// A field holds what it never holds.
    #[error("bad {field} before byte {at}")]
    Field {
        /// Which.
        field: &'static str,
        /// Where it ends.
        at: usize,
    },
}

/// Begins a payload.
pub(crate) fn begin(epoch: u64, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(&epoch.to_le_bytes());
}

/// Adds an effect to a payload.
pub(crate) fn encode(effect: &Effect, out: &mut Vec<u8>) {
    match effect {
        Effect::User(row) => user(row, out),
        Effect::Block(row) => {
            out.push(tag::BLOCK);
            numbers(out, &[signed(row.user), signed(row.other), u64::from(row.on)]);
        }
        Effect::Conversation(row) => conversation(row, out),
        Effect::Member(row) => {
            out.push(tag::MEMBER);
            numbers(out, &[id(row.conversation), signed(row.no)]);
            text(out, row.id.as_str());
            numbers(out, &[row.delivered_seq, row.read_seq, row.own_total, row.own_last]);
        }
        Effect::Private(row) => private(row, out),
        Effect::Message(row) => message(row, out),
        Effect::Hidden(row) => {
            out.push(tag::HIDDEN);
            let own = u64::from(row.own);
            numbers(out, &[signed(row.no), id(row.conversation), row.seq, own, row.ver]);
        }
        Effect::Channel(value) => {
            out.push(tag::CHANNEL);
            channel(value, out);
        }
        Effect::PushKey(row) => {
            out.push(tag::PUSH_KEY);
            text(out, &row.key);
            channel(&row.value, out);
        }
        other => revisions::encode(other, out),
    }
}

fn user(UserRow { no, user }: &UserRow, out: &mut Vec<u8>) {
    out.push(tag::USER);
    numbers(out, &[signed(*no)]);
    for field in [user.id.as_str(), &user.name, &user.avatar, user.role.as_str()] {
        text(out, field);
    }
    numbers(out, &[u64::from(user.banned), user.created_ms, user.last_seen_ms]);
}

fn conversation(row: &ConversationRow, out: &mut Vec<u8>) {
    out.push(tag::CONVERSATION);
    // Numbers of users begin at 1: 0 stands for none.
    numbers(out, &[id(row.id), signed(row.a), row.b.map_or(0, signed)]);
    numbers(out, &[row.head, row.rev, row.head_ms, row.ver, row.voids]);
    numbers(out, &[row.own[0], row.own[1], row.last[0], row.last[1]]);
}

fn private(row: &PrivateRow, out: &mut Vec<u8>) {
    out.push(tag::PRIVATE);
    let Private { shown, own_at_floor, hides, ver } = row.private;
    let flags = u64::from(shown.pinned) | u64::from(shown.muted) << 1;
    // -1 is a value of its own: one more than it is stored.
    let hidden = shown.hidden_seq.wrapping_add(1).cast_unsigned();
    numbers(out, &[id(row.conversation), signed(row.no), shown.read_seq, shown.cleared_seq]);
    numbers(out, &[hidden, flags, own_at_floor, hides, ver]);
}

fn message(row: &MessageRow, out: &mut Vec<u8>) {
    let message = &row.message;
    out.push(tag::MESSAGE);
    numbers(out, &[id(message.conversation), message.seq, row.ver, signed(row.sender)]);
    out.extend_from_slice(&message.id.to_bytes());
    text(out, message.sender.as_str());
    match &message.client_msg_id {
        Some(key) => {
            out.push(1);
            text(out, key);
        }
        None => out.push(0),
    }
    numbers(out, &[message.sent_ms]);
    bytes(out, message.body.as_bytes());
}

fn channel(value: &ChannelValue, out: &mut Vec<u8>) {
    text(out, value.user.as_str());
    text(out, &value.channel);
    text(out, &value.data);
    let replay = match value.replay {
        Replay::UntilDelivered => 0,
        Replay::Always => 1,
    };
    numbers(out, &[value.version, value.sent_ms, value.hold_until_ms, replay]);
    numbers(out, &[value.delivered_version]);
}

fn signed(value: i64) -> u64 {
    value.cast_unsigned()
}

fn id(conversation: ConversationId) -> u64 {
    conversation.to_i64().cast_unsigned()
}

fn numbers(out: &mut Vec<u8>, values: &[u64]) {
    for value in values {
        let mut rest = *value;
        while rest >= 0x80 {
            // The low seven bits, and that there are more.
            out.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        out.push(rest.to_le_bytes()[0]);
    }
}

fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    numbers(out, &[value.len() as u64]);
    out.extend_from_slice(value);
}

fn text(out: &mut Vec<u8>, value: &str) {
    bytes(out, value.as_bytes());
}

/// The epoch and the effects of a payload.
pub(crate) fn decode(payload: Bytes) -> Result<(u64, Vec<Effect>), CodecError> {
    let mut input = Input { payload, at: 0 };
    let version = input.byte()?;
    match version {
        VERSION => {}
        0 => return Err(CodecError::Field { field: "version", at: input.at }),
        newer => return Err(CodecError::Newer(newer)),
    }
    let epoch = u64::from_le_bytes(input.array()?);
    let mut effects = Vec::new();
    while input.at < input.payload.len() {
        effects.push(input.effect()?);
    }
    Ok((epoch, effects))
}

struct Input {
    payload: Bytes,
    at: usize,
}

impl Input {
    fn effect(&mut self) -> Result<Effect, CodecError> {
        let at = self.at;
        Ok(match self.byte()? {
            tag::USER => Effect::User(self.user()?),
            tag::BLOCK => Effect::Block(BlockRow {
                user: self.signed()?,
                other: self.signed()?,
                on: self.flag("block")?,
            }),
            tag::CONVERSATION => Effect::Conversation(self.conversation()?),
            tag::MEMBER => Effect::Member(self.member()?),
            tag::PRIVATE => Effect::Private(self.private()?),
            tag::MESSAGE => Effect::Message(self.message()?),
            tag::HIDDEN => Effect::Hidden(HiddenRow {
                no: self.signed()?,
                conversation: self.id()?,
                seq: self.number()?,
                own: self.flag("own")?,
                ver: self.number()?,
            }),
            tag::CHANNEL => Effect::Channel(self.channel()?),
            tag::PUSH_KEY => {
                Effect::PushKey(PushKeyRow { key: self.text()?.into(), value: self.channel()? })
            }
            tag => revisions::decode(self, tag, at)?,
        })
    }

    fn user(&mut self) -> Result<UserRow, CodecError> {
        let no = self.signed()?;
        let id = self.user_id()?;
        let (name, avatar) = (self.text()?, self.text()?);
        let role = self.text()?;
        let role = Role::parse(&role).ok_or(CodecError::Field { field: "role", at: self.at })?;
        let banned = self.flag("banned")?;
        let (created_ms, last_seen_ms) = (self.number()?, self.number()?);
        Ok(UserRow { no, user: User { id, name, avatar, role, banned, created_ms, last_seen_ms } })
    }

    fn conversation(&mut self) -> Result<ConversationRow, CodecError> {
        Ok(ConversationRow {
            id: self.id()?,
            a: self.signed()?,
            b: Some(self.signed()?).filter(|b| *b != 0),
            head: self.number()?,
            rev: self.number()?,
            head_ms: self.number()?,
            ver: self.number()?,
            voids: self.number()?,
            own: [self.number()?, self.number()?],
            last: [self.number()?, self.number()?],
        })
    }

    fn member(&mut self) -> Result<MemberRow, CodecError> {
        Ok(MemberRow {
            conversation: self.id()?,
            no: self.signed()?,
            id: self.user_id()?,
            delivered_seq: self.number()?,
            read_seq: self.number()?,
            own_total: self.number()?,
            own_last: self.number()?,
        })
    }

    fn private(&mut self) -> Result<PrivateRow, CodecError> {
        let (conversation, no) = (self.id()?, self.signed()?);
        let (read_seq, cleared_seq) = (self.number()?, self.number()?);
        let hidden_seq = self.number()?.cast_signed().wrapping_sub(1);
        let flags = self.number()?;
        if flags > 3 {
            return Err(CodecError::Field { field: "flags", at: self.at });
        }
        let (pinned, muted) = (flags & 1 != 0, flags & 2 != 0);
        let shown = Membership { read_seq, cleared_seq, hidden_seq, pinned, muted };
        let (own_at_floor, hides, ver) = (self.number()?, self.number()?, self.number()?);
        let private = Private { shown, own_at_floor, hides, ver };
        Ok(PrivateRow { conversation, no, private })
    }

    fn message(&mut self) -> Result<MessageRow, CodecError> {
        let (conversation, seq) = (self.id()?, self.number()?);
        let (ver, sender_no) = (self.number()?, self.signed()?);
        let id = MessageId::from_bytes(self.array()?);
        let sender = self.user_id()?;
        let client_msg_id = match self.flag("key mark")? {
            true => Some(self.text()?.into()),
            false => None,
        };
        let sent_ms = self.number()?;
        let body = self.body()?;
        let message =
            Message { conversation, seq, id, sender, client_msg_id, body, sent_ms, revision: None };
        Ok(MessageRow { sender: sender_no, ver, message })
    }

    fn channel(&mut self) -> Result<ChannelValue, CodecError> {
        let user = self.user_id()?;
        let (channel, data) = (self.text()?.into(), self.text()?.into());
        let (version, sent_ms, hold_until_ms) = (self.number()?, self.number()?, self.number()?);
        let replay = match self.flag("replay")? {
            false => Replay::UntilDelivered,
            true => Replay::Always,
        };
        let delivered_version = self.number()?;
        Ok(ChannelValue {
            user,
            channel,
            version,
            data,
            sent_ms,
            hold_until_ms,
            replay,
            delivered_version,
        })
    }

    fn byte(&mut self) -> Result<u8, CodecError> {
        let byte = self.payload.get(self.at).copied().ok_or(CodecError::Short(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, len: usize) -> Result<Bytes, CodecError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.payload.len());
        let end = end.ok_or(CodecError::Short(self.at))?;
        let taken = self.payload.slice(self.at..end);
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let taken = self.take(N)?;
        taken.as_ref().try_into().map_err(|_other_len| CodecError::Short(self.at))
    }

    fn number(&mut self) -> Result<u64, CodecError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::Field { field: "number", at: self.at })
    }

    fn signed(&mut self) -> Result<i64, CodecError> {
        self.number().map(u64::cast_signed)
    }

    fn id(&mut self) -> Result<ConversationId, CodecError> {
        self.signed().map(ConversationId::from_i64)
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, CodecError> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::Field { field, at: self.at }),
        }
    }

    /// A piece of the payload: bodies share its memory.
    fn bytes(&mut self) -> Result<Bytes, CodecError> {
        let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        self.take(len)
    }

    fn body(&mut self) -> Result<Body, CodecError> {
        let body = self.bytes()?;
        if std::str::from_utf8(&body).is_err() {
            return Err(CodecError::Field { field: "body", at: self.at });
        }
        Ok(Body::from_stored(body))
    }

    fn text(&mut self) -> Result<String, CodecError> {
        let taken = self.bytes()?;
        let text = std::str::from_utf8(&taken);
        text.map(str::to_owned)
            .map_err(|_not_utf8| CodecError::Field { field: "text", at: self.at })
    }

    fn user_id(&mut self) -> Result<UserId, CodecError> {
        let text = self.text()?;
        UserId::parse(&text).map_err(|_why| CodecError::Field { field: "user id", at: self.at })
    }
}
