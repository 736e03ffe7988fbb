//! What a client writes down: what it asked for, what it was promised, what it was shown. The
//! order of the lines is the order in which it learned of them.

/// A message's address and name, as somebody reported it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stored {
    pub(crate) conversation: String,
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) text: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Handed to the socket, for the first time or again.
    Sent { text: String },
    /// Acknowledged.
    Acked { text: String, conversation: String, seq: u64, id: String },
    /// Shown to the user: the next of its conversation.
    Shown(Stored),
    /// Came again and was dropped, as the protocol says.
    Repeated(Stored),
    /// Came by itself although the one before had not come.
    Skipped { conversation: String, seq: u64 },
    /// The server ended the connection by itself.
    Closed { code: u16 },
    /// The server said that it cannot replay.
    Gap,
}

/// One client's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) user: String,
    pub(crate) lines: Vec<Line>,
}
