//! Why an identity was refused, or could not be set up, in words a person can act on.
//! Every text may be sent to a client: none carries a token, a secret or a signature.

use std::path::PathBuf;

use magpie_proto::{ErrorCode, IdError};

/// Why a user token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing was sent.
    #[error("no token: get one from your backend (POST /v1/tokens) and send it when connecting")]
    Missing,
    /// Longer than any token this server takes.
    #[error(
        "the token has {len} bytes, at most {max} are accepted: leave out claims that Magpie \
            does not read"
    )]
    TooLong {
        /// Bytes found.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not three base64url parts with JSON inside.
    #[error("not a JWT: {0}")]
    Malformed(&'static str),
    /// Algorithm `none`, or no signature.
    #[error("the token is not signed: sign it with a key that this server knows")]
    Unsigned,
    /// An algorithm this server never takes.
    #[error("the token's `alg` is not one of HS256, RS256, ES256, EdDSA")]
    UnknownAlgorithm,
    /// Another algorithm than the one its key is pinned to.
    #[error(
        "the token is signed with {found}, but no key named by it is registered for {found}: \
            sign with the key's own algorithm"
    )]
    AlgorithmMismatch {
        /// The algorithm that the token names.
        found: &'static str,
    },
    /// The token brings or points to its own key.
    #[error(
        "the token's header carries `{0}`: keys come from the server's configuration only, \
            remove it"
    )]
    ForeignKey(&'static str),
    /// A header this server does not implement but would have to.
    #[error("the token's header carries `crit`: no critical extension is supported")]
    CriticalHeader,
    /// The `typ` names something else than an access token.
    #[error("the token's `typ` is not \"JWT\" or \"at+jwt\": send an access token")]
    WrongType,
    /// No key has this id.
    #[error(
        "no key with the id {kid:?} is registered: add it to the server's token keys, or leave \
            `kid` out"
    )]
    UnknownKey {
        /// The id, cut to 64 characters.
        kid: String,
    },
    /// The signature does not fit.
    #[error("the signature is wrong: the token was signed with another key or was changed")]
    BadSignature,
    /// A required claim is absent.
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has the wrong JSON type.
    #[error("the claim `{claim}` must be {expected}")]
    ClaimType {
        /// The claim.
        claim: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A claim has an impossible value.
    #[error("the claim `{claim}` is refused: {reason}")]
    BadClaim {
        /// The claim.
        claim: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `exp` is over.
    #[error("the token expired at {exp_s} (Unix seconds): get a new one")]
    Expired {
        /// The token's `exp`.
        exp_s: u64,
    },
    /// `nbf` or `iat` lies in the future.
    #[error(
        "the token is not valid yet: its `{claim}` lies in the future; check the issuer's clock"
    )]
    NotYetValid {
        /// The claim.
        claim: &'static str,
    },
    /// Made for something else.
    #[error("the token is for another audience: `aud` must be, or contain, \"{expected}\"")]
    WrongAudience {
        /// What was asked for.
        expected: &'static str,
    },
    /// Made by someone else than the key's issuer.
    #[error("the token's `iss` is not the issuer registered for its key")]
    WrongIssuer,
    /// The subject is not a user.
    #[error("the claim `sub` is not a user id: {0}")]
    BadSubject(IdError),
    /// A token for use in addresses that lives too long.
    #[error(
        "a token for audience \"dialect\" travels in addresses and may live at most {max_s} \
            seconds: set an earlier `exp`"
    )]
    LivesTooLong {
        /// Seconds allowed.
        max_s: u64,
    },
}

impl TokenError {
    /// The stable code for replies and HTTP answers.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Expired { .. } => ErrorCode::TokenExpired,
            _ => ErrorCode::Unauthorized,
        }
    }
}

/// Why an API key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No header.
    #[error("no API key: send `Authorization: Bearer <key>`")]
    Missing,
    /// Not a bearer header.
    #[error("the Authorization header is not of the form `Bearer <key>`")]
    Malformed,
    /// No such key, or another secret.
    #[error(
        "unknown API key: compare it with the key printed at the first start or set in \
            MAGPIE_API_KEY"
    )]
    Unknown,
    /// The key existed once.
    #[error("this API key has been revoked: use another one")]
    Revoked,
}

impl KeyError {
    /// The stable code for HTTP answers.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        ErrorCode::Unauthorized
    }
}

/// Why a signed dialect path was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A query parameter is absent.
    #[error("the query parameter `{0}` is missing: a signed path needs kid, exp and sig")]
    Missing(&'static str),
    /// A query parameter cannot be read or comes twice.
    #[error("the query parameter `{name}` is refused: {reason}")]
    BadParameter {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path cannot be signed.
    #[error("the path holds a control character and cannot be signed")]
    BadPath,
    /// No key has this id.
    #[error("no path-signing key has this `kid`")]
    UnknownKey,
    /// The signature does not fit.
    #[error(
        "the path's signature is wrong: sign the decoded path, its dialect and exp with the same \
            key"
    )]
    BadSignature,
    /// `exp` is over.
    #[error("the signed path has expired: have your backend sign a new one")]
    Expired,
    /// `exp` lies too far ahead.
    #[error("`exp` of a signed path is in Unix seconds and lies at most 24 hours ahead")]
    TooFarAhead,
}

impl PathError {
    /// The stable code for replies and HTTP answers.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::TokenExpired,
            _ => ErrorCode::Unauthorized,
        }
    }
}

/// Why a page's origin was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not of the form `scheme://host[:port]`.
    #[error("the Origin header is not of the form scheme://host[:port]")]
    Malformed,
    /// A sandboxed page or a local file.
    #[error(
        "the origin `null` (a local file or a sandboxed frame) is not allowed: serve the page \
            over HTTP, or list \"null\""
    )]
    Null,
    /// Not on the list.
    #[error("this page's origin is not on the allow-list: add it to the server's allowed origins")]
    NotListed,
}

impl OriginError {
    /// The stable code for replies and HTTP answers.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        ErrorCode::OriginRefused
    }
}

/// Why keys, secrets or lists could not be set up. Shown to the operator at start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A secret that can be guessed.
    #[error(
        "{what} has {len} characters, at least 32 are required: make one with `openssl rand -hex \
            32`"
    )]
    WeakSecret {
        /// Which secret.
        what: String,
        /// Characters found.
        len: usize,
    },
    /// A secret that cannot be sent or stored as it is.
    #[error(
        "{what} holds spaces, line breaks or characters outside ASCII: make one with `openssl \
            rand -hex 32`"
    )]
    UnusableSecret {
        /// Which secret.
        what: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}; check that the folder exists and this user may write \
        there", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else than expected.
    #[error("{} cannot be used: {reason}", path.display())]
    BadFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong, where, and what to do.
        reason: String,
    },
    /// A token key cannot be used.
    #[error("token key {name}: {reason}")]
    BadKey {
        /// The key's id, or where it stands.
        name: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// An entry of the origin list cannot be used.
    #[error("allowed origin {entry:?}: {reason}")]
    BadOrigin {
        /// The entry.
        entry: String,
        /// What is wrong and what to do.
        reason: &'static str,
    },
    /// No such scope.
    #[error("unknown scope {found:?}: use one of {}", crate::scope::Scope::names())]
    UnknownScope {
        /// The text found.
        found: String,
    },
    /// The system gave no random bytes.
    #[error("the system's random generator failed: {0}")]
    Random(String),
}
