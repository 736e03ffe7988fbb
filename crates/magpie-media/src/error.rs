//! Why an upload or a download is refused, and how that is told. Texts of the file system stay in
//! the log.

use std::{io, sync::Arc};

use magpie_core::{Refusal, port::store::StoreError};
use magpie_proto::ErrorCode;

/// Why something about an uploaded file could not be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MediaError {
    /// A field of the request is not as it must be.
    #[error("{0}")]
    Bad(String),
    /// Nothing is there under this id, or not for this caller.
    #[error("no such upload, or it is not there for you")]
    Unknown,
    /// The content is not what it says, not allowed, or not whole.
    #[error("{text}")]
    Refused {
        /// Which rule, for the metric.
        reason: &'static str,
        /// What was wrong.
        text: String,
    },
    /// More bytes than allowed or announced.
    #[error("{0}")]
    TooLarge(String),
    /// The owner's uploads take all the room that he may have.
    #[error(
        "your uploads have {used} of {quota} bytes: recall messages with files or give unfinished \
         uploads up, or send a smaller file"
    )]
    Quota {
        /// Bytes in use, unfinished uploads too.
        used: u64,
        /// Bytes allowed.
        quota: u64,
    },
    /// Too many uploads of one user are unfinished.
    #[error("at most {0} uploads may be unfinished at a time: finish or abort one first")]
    Unfinished(usize),
    /// The bytes do not begin where the upload stands.
    #[error("the upload stands at byte {at}: go on there")]
    Offset {
        /// Where it stands.
        at: u64,
    },
    /// Another request is writing this upload.
    #[error(
        "another request is writing this upload, which stands at byte {at}: ask for its offset"
    )]
    Busy {
        /// Where it stood when that request began.
        at: u64,
    },
    /// No room on the disk. What was acknowledged is kept.
    #[error("the disk is full: go on with the upload later")]
    Full,
    /// Too many finished uploads wait to be judged.
    #[error("too many uploads wait to be judged: try again")]
    Overloaded,
    /// The core said no.
    #[error(transparent)]
    Core(#[from] Refusal),
    /// The file system or the object store failed.
    #[error("a fault of the file store: {0}")]
    Io(Arc<io::Error>),
}

impl MediaError {
    pub(crate) fn refused(reason: &'static str, text: impl Into<String>) -> Self {
        Self::Refused { reason, text: text.into() }
    }

    /// Its stable code.
    fn code(&self) -> ErrorCode {
        match self {
            Self::Bad(_) => ErrorCode::BadRequest,
            Self::Unknown => ErrorCode::UnknownMedia,
            Self::Refused { .. } => ErrorCode::MediaRefused,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::Quota { .. } => ErrorCode::QuotaExceeded,
            Self::Unfinished(_) => ErrorCode::RateLimited,
            Self::Offset { .. } | Self::Busy { .. } => ErrorCode::UploadOffset,
            Self::Full => ErrorCode::StorageFull,
            Self::Overloaded => ErrorCode::Overloaded,
            Self::Core(refusal) => refusal.code,
            Self::Io(_) => ErrorCode::Internal,
        }
    }

    /// How it is told.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Core(refusal) => refusal.clone(),
            Self::Io(error) => {
                tracing::error!(%error, "the file store failed");
                Refusal::new(self.code(), "a fault of the server; its log has the reason")
            }
            other => Refusal::new(other.code(), other.to_string()),
        }
    }

    /// The same, counted by its reason.
    pub(crate) fn counted(self) -> Self {
        let reason = match &self {
            Self::Refused { reason, .. } => reason,
            other => other.code().as_str(),
        };
        metrics::counter!("magpie_media_refused_total", "reason" => reason).increment(1);
        self
    }
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full,
            _ => Self::Io(Arc::new(error)),
        }
    }
}

impl From<StoreError> for MediaError {
    fn from(error: StoreError) -> Self {
        Self::Core(error.into())
    }
}

/// A thread of the blocking pool that did not come back.
pub(crate) fn lost(error: &tokio::task::JoinError) -> MediaError {
    MediaError::Io(Arc::new(io::Error::other(format!("a worker did not finish: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such_and_other_faults_keep_their_text() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let refusal = MediaError::from(io::Error::from(kind)).refusal();
            assert_eq!(refusal.code, ErrorCode::StorageFull);
        }
        let fault = MediaError::from(io::Error::other("/var/lib/magpie is broken"));
        assert_eq!(fault.refusal().code, ErrorCode::Internal);
        assert!(!fault.refusal().message.contains("/var/lib"));
    }
}
