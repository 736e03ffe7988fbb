//! The body of a message: JSON text `{"k": kind, "x": text, ...}`, kept and forwarded as it came.
//! Every kind has `x`, the text that a client shows which does not know the kind.

mod call;
mod rules;

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use call::CallRecord;

use crate::{BODY_BYTES_MAX, MediaId, Seq, UserId};

/// Longest kind name, in bytes.
pub const KIND_BYTES_MAX: usize = 32;

/// Why a text is not a message body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not an object with the two required fields.
    #[error("a body is an object with \"k\" (its kind) and \"x\" (its text): {0}")]
    Shape(String),
    /// The kind's name is empty, too long or has odd characters.
    #[error("\"k\" is 1 to 32 characters out of a-z, 0-9, '_', '.' and '-'")]
    Kind,
    /// Larger than [`BODY_BYTES_MAX`].
    #[error("a body has at most {BODY_BYTES_MAX} bytes, this one has {0}")]
    TooLarge(usize),
    /// `fw` says whose words these are; only the server may.
    #[error("\"fw\" is set by the server only: forward with \"msg.forward\"")]
    Forwarded,
    /// Only the server writes records of calls.
    #[error("a body of kind \"call\" is made by the server only")]
    Call,
    /// A field that belongs to the kind is missing or wrong.
    #[error("a body of kind {0:?}: {1}")]
    Field(String, &'static str),
    /// `raw` is how the server keeps a dialect's own object; clients may not set it.
    #[error("\"raw\" is set by the server only")]
    Raw,
}

/// A checked body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(Bytes);

/// The parts of a body that the server itself looks at.
#[derive(Debug, Deserialize)]
pub struct Parts<'a> {
    /// Kind: `text`, `image`, `file`, ...
    #[serde(borrow)]
    pub k: Cow<'a, str>,
    /// Text, or the fallback text of another kind.
    #[serde(borrow)]
    pub x: Cow<'a, str>,
    /// The object as a dialect's client sent it.
    #[serde(borrow, default)]
    pub raw: Option<Raw<'a>>,
}

/// A dialect's own object beside the neutral text.
#[derive(Debug, Serialize, Deserialize)]
pub struct Raw<'a> {
    /// Name of the dialect.
    #[serde(borrow)]
    pub dialect: Cow<'a, str>,
    /// The object, untouched.
    #[serde(borrow)]
    pub object: &'a RawValue,
}

/// What a body points at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The message of the same conversation that this one answers.
    pub reply_to: Option<Seq>,
    /// The upload that it shows.
    pub media: Option<MediaId>,
    /// What the body says about the upload, as JSON text.
    pub descriptor: Option<Box<str>>,
}

/// Bytes that [`may_link`] looks at together.
const BLOCK: usize = 32;

/// Whether a quote is followed by `re` or `me` anywhere. It is asked of every message, so it looks
/// at whole blocks without a branch in them, which the compiler does with a few instructions.
fn may_link(json: &[u8]) -> bool {
    let one = |a: u8, b: u8, c: u8| {
        u8::from(a == b'"') & (u8::from(b == b'r') | u8::from(b == b'm')) & u8::from(c == b'e')
    };
    let Some(last) = json.len().checked_sub(BLOCK + 2) else {
        return json.windows(3).any(|w| matches!(w, [b'"', b'r' | b'm', b'e']));
    };
    let mut found = 0;
    // The last block ends where the bytes end; it may overlap the one before.
    for start in (0..last).step_by(BLOCK).chain([last]) {
        if let Some(block) = json.get(start..).and_then(<[u8]>::first_chunk::<{ BLOCK + 2 }>) {
            for i in 0..BLOCK {
                found |= one(block[i], block[i + 1], block[i + 2]);
            }
        }
    }
    found != 0
}

impl Body {
    /// A plain text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        #[derive(Serialize)]
        struct Text<'a> {
            k: &'a str,
            x: &'a str,
        }
        Self::from_serialize(&Text { k: "text", x: text })
    }

    /// A text with the object of the dialect that it came from.
    #[must_use]
    pub fn with_raw(text: &str, dialect: &str, object: &RawValue) -> Self {
        #[derive(Serialize)]
        struct Full<'a> {
            k: &'a str,
            x: &'a str,
            raw: Raw<'a>,
        }
        let raw = Raw { dialect: Cow::Borrowed(dialect), object };
        Self::from_serialize(&Full { k: "text", x: text, raw })
    }

    fn from_serialize<T: Serialize>(value: &T) -> Self {
        // Strings and raw JSON cannot fail to serialise; an empty body would be a bug seen at once.
        Self(serde_json::to_vec(value).unwrap_or_default().into())
    }

    /// Checks what a client sent as `b`. The caller has run [`crate::scan::check`] on the frame.
    ///
    /// # Errors
    /// [`BodyError`] says which rule is broken.
    pub fn parse(json: &str) -> Result<Self, BodyError> {
        if json.len() > BODY_BYTES_MAX {
            return Err(BodyError::TooLarge(json.len()));
        }
        let parts: rules::Loose<'_> =
            serde_json::from_str(json).map_err(|error| BodyError::Shape(error.to_string()))?;
        let kind_char = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
        if parts.k.is_empty() || parts.k.len() > KIND_BYTES_MAX || !parts.k.bytes().all(kind_char) {
            return Err(BodyError::Kind);
        }
        rules::check(&parts, json)?;
        Ok(Self(Bytes::copy_from_slice(json.as_bytes())))
    }

    /// What the body points at. Costs a look through the bytes when that is nothing, as usual.
    #[must_use]
    pub fn links(&self) -> Links {
        #[derive(Deserialize)]
        struct Loose<'a> {
            #[serde(default)]
            re: Option<Seq>,
            #[serde(borrow, default)]
            media: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Media<'a> {
            #[serde(borrow)]
            id: Cow<'a, str>,
        }
        if !may_link(&self.0) {
            return Links::default();
        }
        let json = self.as_json();
        let Ok(loose) = serde_json::from_str::<Loose<'_>>(json) else { return Links::default() };
        let descriptor = loose.media.map(RawValue::get);
        let id = descriptor.and_then(|text| serde_json::from_str::<Media<'_>>(text).ok());
        Links {
            reply_to: loose.re,
            media: id.and_then(|media| MediaId::parse(&media.id).ok()),
            descriptor: descriptor.map(Into::into),
        }
    }

    /// The copy that forwards this body: whose words these are stays with it for ever.
    ///
    /// # Errors
    /// [`BodyError`] for records of calls, and for what would grow too large.
    pub fn forwarded(&self, sender: &UserId, sent_ms: u64) -> Result<Self, BodyError> {
        let mut fields = self.fields()?;
        if self.kind().as_deref() == Some("call") {
            return Err(BodyError::Call);
        }
        fields.remove("re");
        fields.remove("raw");
        let words = serde_json::json!({ "from": sender.as_str(), "ts": sent_ms });
        let words = serde_json::value::to_raw_value(&words)
            .map_err(|error| BodyError::Shape(error.to_string()))?;
        fields.entry("fw".into()).or_insert(&words);
        Self::from_fields(&fields)
    }

    /// This body with another text; what it answers, whose words it forwards and what it holds
    /// stay: a text must not get hold of an upload that its send was not judged for.
    ///
    /// # Errors
    /// [`BodyError`] when one of the two is no text, or the result is too large.
    pub fn edited(&self, new: &Self) -> Result<Self, BodyError> {
        let text = Some("text");
        if self.kind().as_deref() != text || new.kind().as_deref() != text {
            return Err(BodyError::Kind);
        }
        let (old, mut fields) = (self.fields()?, new.fields()?);
        for kept in ["re", "fw", "media"] {
            fields.remove(kept);
            if let Some(value) = old.get(kept) {
                fields.insert(kept.into(), value);
            }
        }
        Self::from_fields(&fields)
    }

    fn kind(&self) -> Option<Cow<'_, str>> {
        self.parts().map(|parts| parts.k)
    }

    fn fields(&self) -> Result<BTreeMap<Cow<'_, str>, &RawValue>, BodyError> {
        serde_json::from_slice(&self.0).map_err(|error| BodyError::Shape(error.to_string()))
    }

    fn from_fields(fields: &BTreeMap<Cow<'_, str>, &RawValue>) -> Result<Self, BodyError> {
        let json = serde_json::to_vec(fields).map_err(|e| BodyError::Shape(e.to_string()))?;
        if json.len() > BODY_BYTES_MAX {
            return Err(BodyError::TooLarge(json.len()));
        }
        Ok(Self(json.into()))
    }

    /// Wraps bytes read back from a store.
    #[must_use]
    pub fn from_stored(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The JSON text as bytes, for the store.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The JSON text, for a frame.
    #[must_use]
    pub fn as_json(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("{}")
    }

    /// Looks inside. `None` only for bytes that no `Body` constructor made.
    #[must_use]
    pub fn parts(&self) -> Option<Parts<'_>> {
        serde_json::from_slice(&self.0).ok()
    }
}

#[cfg(test)]
mod tests;
