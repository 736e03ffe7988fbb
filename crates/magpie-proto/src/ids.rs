//! Identifiers: users, conversations, messages. Opaque on the wire, cheap inside.
//! Parsing is the only way in, so an id that exists is a valid one.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};

/// Position of a message inside its conversation: 1, 2, 3, ... without gaps.
pub type Seq = u64;

/// Longest user id, in bytes of UTF-8.
pub const USER_ID_BYTES_MAX: usize = 64;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The text is longer than allowed.
    #[error("an id has at most {max} bytes, this one has {len}")]
    TooLong {
        /// Bytes found.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The text holds a control character.
    #[error("an id must not contain control characters (NUL, line breaks and the like)")]
    Control,
    /// "-1" stands for "everyone" or "the desk" in the dialects and never names a person.
    #[error("\"-1\" is reserved and never a user")]
    Reserved,
    /// Not the form that this server hands out.
    #[error("not an id this server made")]
    Malformed,
}

/// A person, agent or bot: 1 to 64 bytes of UTF-8, one namespace for a deployment.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`IdError`] when it is empty, too long, reserved or holds control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check_text(text, USER_ID_BYTES_MAX)?;
        if text == "-1" {
            return Err(IdError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for UserId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a text that names something: not empty, not too long, no control characters.
///
/// # Errors
/// [`IdError`] names the rule that was broken.
pub fn check_text(text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > max {
        return Err(IdError::TooLong { len: text.len(), max });
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    Ok(())
}

/// An uploaded file: 128 random bits, 32 hex digits on the wire. Nobody can guess one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaId([u8; 16]);

impl MediaId {
    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's bytes, for a store.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Reads the form on the wire.
    ///
    /// # Errors
    /// [`IdError::Malformed`] for anything else than 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(hex) {
            return Err(IdError::Malformed);
        }
        let bits = u128::from_str_radix(text, 16).map_err(|_not_hex| IdError::Malformed)?;
        Ok(Self(bits.to_be_bytes()))
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationKind {
    /// Two users.
    Direct,
    /// Many users.
    Group,
    /// One visitor and the agents of the desk.
    Desk,
}

impl ConversationKind {
    /// The name used on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Desk => "desk",
        }
    }
}

/// A conversation: 63 bits inside (two for the kind, 61 of hash or randomness), 16 hex digits on
/// the wire. The id of a direct conversation is a pure function of its two users, so that two
/// people who write to each other at the same moment cannot create it twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(u64);

const KIND_SHIFT: u32 = 61;
const HASH_MASK: u64 = (1 << KIND_SHIFT) - 1;

impl ConversationId {
    /// The conversation of two users, in whichever order they are named.
    #[must_use]
    pub fn direct(a: &UserId, b: &UserId) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self::hashed(ConversationKind::Direct, &[low.as_str(), high.as_str()])
    }

    /// The desk conversation of a visitor.
    #[must_use]
    pub fn desk(visitor: &UserId) -> Self {
        Self::hashed(ConversationKind::Desk, &[visitor.as_str()])
    }

    fn hashed(kind: ConversationKind, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // Ids hold no NUL, so the separator keeps ("ab", "c") apart from ("a", "bc").
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digest = hash.finalize();
        let mut head = [0_u8; 8];
        head.copy_from_slice(&digest[..8]);
        Self(kind_bits(kind) | (u64::from_be_bytes(head) & HASH_MASK))
    }

    /// What kind of conversation the id names.
    #[must_use]
    pub fn kind(self) -> ConversationKind {
        match self.0 >> KIND_SHIFT {
            1 => ConversationKind::Group,
            2 => ConversationKind::Desk,
            _ => ConversationKind::Direct,
        }
    }

    /// The integer that a store keeps; never negative as `i64`.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// The id behind a stored integer.
    #[must_use]
    pub fn from_i64(stored: i64) -> Self {
        Self(stored.cast_unsigned())
    }

    /// Reads the wire form.
    ///
    /// # Errors
    /// [`IdError::Malformed`] when it is not 16 lower-case hex digits of a known kind.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let hex = text.len() == 16
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let value = u64::from_str_radix(text, 16).ok().filter(|_| hex).ok_or(IdError::Malformed)?;
        if value >> KIND_SHIFT > 2 { Err(IdError::Malformed) } else { Ok(Self(value)) }
    }
}

fn kind_bits(kind: ConversationKind) -> u64 {
    let code: u64 = match kind {
        ConversationKind::Direct => 0,
        ConversationKind::Group => 1,
        ConversationKind::Desk => 2,
    };
    code << KIND_SHIFT
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Global id of a message: a UUID, version 7.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(uuid::Uuid);

impl MessageId {
    /// Wraps 16 bytes made by the ids port or read from a store.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// The bytes that a store keeps.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_direct_conversation_is_the_same_from_both_sides() {
        let (a, b) = (UserId::parse("小明").unwrap(), UserId::parse("翠花").unwrap());
        let id = ConversationId::direct(&a, &b);
        assert_eq!(id, ConversationId::direct(&b, &a));
        assert_eq!(id.kind(), ConversationKind::Direct);
        assert_eq!(ConversationId::parse(&id.to_string()), Ok(id));
        assert_eq!(ConversationId::from_i64(id.to_i64()), id);
        assert!(id.to_i64() >= 0);
    }

    #[test]
    fn the_split_between_two_names_matters() {
        let id = |a: &str, b: &str| {
            ConversationId::direct(&UserId::parse(a).unwrap(), &UserId::parse(b).unwrap())
        };
        assert_ne!(id("ab", "c"), id("a", "bc"));
    }

    #[test]
    fn a_desk_belongs_to_its_visitor() {
        let visitor = UserId::parse("17").unwrap();
        assert_eq!(ConversationId::desk(&visitor).kind(), ConversationKind::Desk);
    }

    #[test]
    fn bad_user_ids_are_refused_with_the_rule_they_break() {
        assert_eq!(UserId::parse(""), Err(IdError::Empty));
        assert_eq!(UserId::parse("-1"), Err(IdError::Reserved));
        assert_eq!(UserId::parse("a\0b"), Err(IdError::Control));
        assert_eq!(UserId::parse("a\nb"), Err(IdError::Control));
        assert_eq!(UserId::parse(&"x".repeat(65)), Err(IdError::TooLong { len: 65, max: 64 }));
        assert!(UserId::parse(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn only_our_own_conversation_ids_parse() {
        for bad in [
            "",
            "1",
            "00000000000000zz",
            "+000000000000001",
            "FFFFFFFFFFFFFFFF",
            "6000000000000000",
        ] {
            assert_eq!(ConversationId::parse(bad), Err(IdError::Malformed), "{bad}");
        }
    }
}
