//! Why the core says no, in the form that every door shows: a stable code, whether to try again,
//! and a sentence that says what to do. Store texts never leave the process.

use magpie_proto::{ErrorCode, Retry};

use crate::port::store::{Rejection, StoreError};

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable code.
    pub code: ErrorCode,
    /// Whether trying again can help.
    pub retry: Retry,
    /// What was wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with the code's own retry rule.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, retry: code.retry(), message: message.into() }
    }

    /// The caller is in no conversation with this id.
    #[must_use]
    pub fn unknown_conversation() -> Self {
        Self::new(ErrorCode::UnknownConversation, "no such conversation, or you are not in it")
    }

    /// The caller sees no message at this place.
    #[must_use]
    pub fn unknown_message() -> Self {
        Self::new(ErrorCode::UnknownMessage, "no such message, or it is not there for you")
    }

    /// No user has this id.
    #[must_use]
    pub fn unknown_user(id: &magpie_proto::UserId) -> Self {
        Self::new(ErrorCode::UnknownUser, format!("no user {:?}; create him first", id.as_str()))
    }
}

impl From<&Rejection> for Refusal {
    fn from(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::UnknownUser(id) => Self::unknown_user(id),
            Rejection::UnknownConversation => Self::unknown_conversation(),
            Rejection::Blocked => {
                Self::new(ErrorCode::Blocked, "the receiver takes no messages from you")
            }
            Rejection::StrangerLimit { limit } => Self::new(
                ErrorCode::StrangerLimit,
                format!("at most {limit} messages until the receiver answers or connects"),
            ),
            Rejection::UnknownMessage => Self::unknown_message(),
            Rejection::Recalled => Self::new(ErrorCode::Recalled, "this message was recalled"),
            Rejection::NotTheSender => {
                Self::new(ErrorCode::Forbidden, "only the sender of a message may do this")
            }
            Rejection::NotEditable => {
                Self::new(ErrorCode::BadRequest, "only a text can be edited, and only into a text")
            }
            Rejection::TooLate { window_ms } => Self::new(
                ErrorCode::TooLate,
                format!("this is possible for {} s after sending", window_ms / 1_000),
            ),
            Rejection::UnknownDevice => {
                Self::new(ErrorCode::BadRequest, "no such device of yours; \"devices\" lists them")
            }
            Rejection::TooManyReactions { limit } => Self::new(
                ErrorCode::BadRequest,
                format!("a message takes at most {limit} different reactions"),
            ),
            Rejection::UnknownMedia => Self::new(
                ErrorCode::UnknownMedia,
                "no such upload of yours; \"media\" is the object that its completion answered",
            ),
            Rejection::ClientMsgIdReused => Self::new(
                ErrorCode::ClientMsgIdReused,
                "this client message id was used for another body; make a new one",
            ),
            Rejection::PushKeyReused => Self::new(
                ErrorCode::ClientMsgIdReused,
                "this idempotency key was used for other data; make a new one",
            ),
            Rejection::Store(error) => Self::from(error),
        }
    }
}

impl From<&StoreError> for Refusal {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full => Self::new(
                ErrorCode::StorageFull,
                "the server's disk is full: nothing was stored, reading still works",
            ),
            StoreError::Unavailable(_) => {
                Self::new(ErrorCode::StorageUnavailable, "the server takes no writes at the moment")
            }
            StoreError::Overloaded => Self::new(ErrorCode::Overloaded, "too much work is waiting"),
            StoreError::Fault(text) => {
                tracing::error!(fault = %text, "store fault");
                Self::new(ErrorCode::Internal, "a fault of the server; its log has the reason")
            }
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}
