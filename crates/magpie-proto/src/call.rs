//! The words of calls: ids, what is carried, how a call stands and why it ended.
//! Names on the wire only; what may follow what is the core's business.

use std::{fmt, sync::Arc};

use crate::ids::{IdError, check_text};

/// Longest id of a call, in bytes.
pub const CALL_ID_BYTES_MAX: usize = 64;
/// Largest `data` of a signal, in bytes.
pub const SIGNAL_BYTES_MAX: usize = 65_536;

/// A call: an id that the caller's client has made.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(Arc<str>);

impl CallId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`IdError`] when it is empty, longer than 64 bytes or holds control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check_text(text, CALL_ID_BYTES_MAX)?;
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a call was begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallMedia {
    /// Voices.
    Audio,
    /// Voices and pictures.
    Video,
}

impl CallMedia {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    /// By its name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "audio" => Some(Self::Audio),
            "video" => Some(Self::Video),
            _ => None,
        }
    }
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallWhy {
    /// One side hung up.
    Hangup,
    /// The caller gave up while it rang.
    Cancelled,
    /// The callee refused.
    Rejected,
    /// Nobody answered in time.
    Missed,
    /// The callee was in another call.
    Busy,
    /// A client could not set it up.
    Failed,
    /// The server lost the connection of one side, and it did not come back in time.
    Lost,
}

impl CallWhy {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hangup => "hangup",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Missed => "missed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}
