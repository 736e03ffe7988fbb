//! Tickets for files: an address with an expiry and an HMAC behind it, made here, checked here.
//! Says what may be done with which upload until when, no more; needs no token behind it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use magpie_proto::{ErrorCode, MediaId};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::SigningSecret;

/// How far ahead a ticket's end may lie, in seconds: a week and a minute.
const TTL_S_MAX: u64 = 7 * 86_400 + 60;

/// What a ticket opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Writing the bytes of an upload.
    Content,
    /// Finishing it.
    Complete,
    /// Reading the file.
    File,
    /// Reading its small picture.
    Thumb,
}

impl Purpose {
    /// The last part of its address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Complete => "complete",
            Self::File => "file",
            Self::Thumb => "thumb",
        }
    }
}

/// Why a ticket was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// `exp` or `sig` is not there or cannot be read.
    #[error("this address needs the `exp` and `sig` that it was given out with")]
    Malformed,
    /// The signature does not fit.
    #[error("this address was not given out by this server, or was changed: ask for a new one")]
    BadSignature,
    /// Its time is over.
    #[error("this address has expired: ask for a new one")]
    Expired,
}

impl TicketError {
    /// The stable code for HTTP answers.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::TokenExpired,
            _ => ErrorCode::Unauthorized,
        }
    }
}

/// Makes and proves tickets.
#[derive(Debug, Clone)]
pub struct Tickets(SigningSecret);

impl Tickets {
    /// Signs with this secret.
    #[must_use]
    pub fn new(secret: SigningSecret) -> Self {
        Self(secret)
    }

    /// The query of an address that works until `exp_s`, Unix seconds.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, id: MediaId, exp_s: u64) -> String {
        let signature = self.signature(purpose, id, exp_s).unwrap_or_default();
        format!("exp={exp_s}&sig={}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Proves the `exp` and `sig` of an address.
    ///
    /// # Errors
    /// [`TicketError`] names the rule that was broken.
    pub fn verify(
        &self,
        purpose: Purpose,
        id: MediaId,
        (exp, sig): (&str, &str),
        now_ms: u64,
    ) -> Result<(), TicketError> {
        // The number is part of what is signed: only its one plain form is taken.
        let exp_s = exp.parse::<u64>().ok().filter(|number| number.to_string() == exp);
        let exp_s = exp_s.ok_or(TicketError::Malformed)?;
        let given = URL_SAFE_NO_PAD.decode(sig).ok().ok_or(TicketError::Malformed)?;
        let wanted = self.signature(purpose, id, exp_s).ok_or(TicketError::BadSignature)?;
        if !bool::from(wanted.as_slice().ct_eq(&given)) {
            return Err(TicketError::BadSignature);
        }
        let now_s = now_ms / 1_000;
        if exp_s <= now_s || exp_s - now_s > TTL_S_MAX {
            return Err(TicketError::Expired);
        }
        Ok(())
    }

    /// An id is random, made here and never given twice: whose it is, how long and what for stand
    /// where it leads to, and need not be signed again.
    fn signature(&self, purpose: Purpose, id: MediaId, exp_s: u64) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        mac.update(format!("media v1\n{}\n{id}\n{exp_s}", purpose.as_str()).as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}
