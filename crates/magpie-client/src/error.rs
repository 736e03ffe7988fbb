//! What can go wrong for a user of this client.

use crate::{Closed, ServerError};

/// Why a request or a connection failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The server refused this request; the connection goes on.
    #[error("the server refused: {0}")]
    Refused(ServerError),
    /// The connection is over; the request may or may not have been done. Connect again, and send
    /// what was not acknowledged with the same `client_msg_id`.
    #[error("the connection is closed: {0}")]
    Closed(Closed),
    /// The server could not be reached, or refused the handshake.
    #[error("no connection to {url}: {reason}")]
    Connect {
        /// The address that was tried.
        url: String,
        /// What happened.
        reason: String,
        /// HTTP status of a refused handshake.
        status: Option<u16>,
    },
    /// A frame of the server that this client does not understand.
    #[error("the server sent a frame that is not protocol v1: {0}")]
    Frame(String),
}

impl ClientError {
    /// The stable code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(error) => Some(&error.code),
            _ => None,
        }
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        match self {
            Self::Closed(closed) => Some(closed),
            _ => None,
        }
    }
}
