//! What S3 answers, told so that a person can act on it: the code of its error document or the
//! innermost cause, never a page of XML.

use std::io;

use object_store::{Error, path::Path};

use super::S3;
use crate::MediaError;

/// Of an answer that is no document of S3's no more is told.
const TEXT_CHARS_MAX: usize = 300;

/// Why this store cannot be used, and which setting to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong and what to do.
    pub text: String,
}

impl S3 {
    /// A request that failed.
    pub(super) fn fault(&self, doing: &str, path: &Path, error: &Error) -> MediaError {
        let answer = Answer::of(error);
        let kind = match error {
            _ if answer.is_full() => io::ErrorKind::StorageFull,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                io::ErrorKind::PermissionDenied
            }
            _ => io::ErrorKind::Other,
        };
        let text = format!("cannot {doing} s3://{}/{path}: {}", self.bucket, answer.text);
        let fault = io::Error::new(kind, text);
        if answer.is_full() {
            // Users are told of a full disk and no more.
            tracing::error!(%fault, "the object store is full");
        }
        fault.into()
    }

    /// A request of the start that failed; `right` is what it needs.
    pub(super) fn unusable(&self, right: &str, error: &Error) -> Unusable {
        let answer = Answer::of(error);
        let bucket = &self.bucket;
        let (setting, text) = match answer.code.as_deref() {
            Some("NoSuchBucket") => {
                ("bucket", format!("there is no bucket {bucket:?}: create it, or correct the name"))
            }
            Some("InvalidAccessKeyId") => {
                ("access_key", "the object store does not know this access key".to_owned())
            }
            Some("SignatureDoesNotMatch") => (
                "secret_key",
                "the object store does not accept our signature: this is not the secret of \
                 media.s3.access_key, or media.s3.region is wrong"
                    .to_owned(),
            ),
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect") => {
                ("region", format!("the bucket {bucket:?} is elsewhere: {}", answer.text))
            }
            Some("SecondLevelDomainForbidden" | "VirtualHostDomainRequired") => {
                ("path_style", answer.text)
            }
            _ if answer.cut_off => ("endpoint", format!("cannot be reached: {}", answer.text)),
            _ if matches!(
                error,
                Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
            ) =>
            {
                let text =
                    format!("needs the right {right} in the bucket {bucket:?}: {}", answer.text);
                ("access_key", text)
            }
            _ => ("endpoint", format!("answers {right} with a fault: {}", answer.text)),
        };
        Unusable { setting, text }
    }
}

/// Whether the answer was that there is no such file. A bucket that is gone is a fault.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. })
        && Answer::of(error).code.is_none_or(|code| code != "NoSuchBucket")
}

/// What is worth telling of an error.
struct Answer {
    /// The code of S3's error document.
    code: Option<String>,
    /// For a person.
    text: String,
    /// No answer came.
    cut_off: bool,
}

impl Answer {
    fn of(error: &Error) -> Self {
        let whole = error.to_string();
        if let Some(code) = element(&whole, "Code") {
            let text = element(&whole, "Message")
                .map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"));
            return Self { code: Some(code.to_owned()), text, cut_off: false };
        }
        // Every answer has a status; what fails before one is told by its innermost cause.
        let (text, cut_off) = match whole.split_once("status code: ") {
            Some((_, status)) => (status.to_owned(), false),
            None => (innermost(error), true),
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { code: None, text: text.chars().take(TEXT_CHARS_MAX).collect(), cut_off }
    }

    fn is_full(&self) -> bool {
        let full = |code: &String| code.contains("StorageFull") || code.contains("QuotaExceeded");
        self.code.as_ref().is_some_and(full)
    }
}

fn innermost(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The text of an element of S3's small error documents.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}
