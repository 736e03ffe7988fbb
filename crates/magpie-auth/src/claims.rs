//! What a token says about its bearer, read strictly: right JSON types, known roles, times judged
//! against the caller's clock. Runs behind the signature check in `token.rs` and never without it.

use magpie_core::Role;
use magpie_proto::{UserId, ids::check_text};
use serde_json::{Map, Value};

use crate::TokenError;

/// Latest `exp` taken: the last second of the year 9999. Later ones are milliseconds by mistake.
const EXP_S_MAX: u64 = 253_402_300_799;
const NAME_BYTES_MAX: usize = 256;
const AVATAR_BYTES_MAX: usize = 1_024;
const DEVICE_BYTES_MAX: usize = 64;
const PERMISSIONS_MAX: usize = 32;
const PERMISSION_BYTES_MAX: usize = 64;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Native sockets and the HTTP API; `aud` is `magpie`.
    Native,
    /// Addresses of old clients (`?token=`), short-lived; `aud` is `dialect`.
    Dialect,
}

impl Audience {
    /// The text in `aud`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "magpie",
            Self::Dialect => "dialect",
        }
    }

    /// Reads the text of `aud`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Native, Self::Dialect].into_iter().find(|audience| audience.as_str() == text)
    }
}

/// How times in tokens are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRules {
    /// How far `nbf` and `iat` may lie in the future: clocks of issuers differ.
    pub start_leeway_ms: u64,
    /// How long a token is taken after its `exp`. Zero: the socket of a token is closed at `exp`
    /// sharp, so taking it a moment later would only open a socket that closes at once.
    pub expiry_leeway_ms: u64,
    /// How far ahead the `exp` of a [`Audience::Dialect`] token may lie: it travels in addresses.
    pub dialect_ttl_ms_max: u64,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self { start_leeway_ms: 60_000, expiry_leeway_ms: 0, dialect_ttl_ms_max: 24 * 3_600_000 }
    }
}

/// Who someone is, proved by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user (`sub`).
    pub user: UserId,
    /// `role`, or [`Role::User`].
    pub role: Role,
    /// `perm`, as written by the issuer. Ask [`Identity::may`].
    pub permissions: Vec<String>,
    /// `name`: how the user is shown.
    pub name: Option<String>,
    /// `avatar`: address of a picture.
    pub avatar: Option<String>,
    /// `device`: the only device that may use this token.
    pub device: Option<String>,
    /// `iat`: when the token was made; 0 when it does not say.
    pub issued_ms: u64,
    /// When sockets opened with this token are closed.
    pub expires_ms: u64,
    /// What the token was judged for.
    pub audience: Audience,
    /// Id of the key that signed it; `None` for a key without id.
    pub key_id: Option<String>,
}

impl Identity {
    /// Whether the bearer may do this; admins may do everything.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.role == Role::Admin || self.permissions.iter().any(|held| held == permission)
    }
}

/// What the claims are judged against.
pub(crate) struct Judge<'a> {
    pub(crate) rules: TokenRules,
    pub(crate) audience: Audience,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) key_id: Option<&'a str>,
    pub(crate) now_ms: u64,
}

impl Judge<'_> {
    /// Turns the claims of a token with a proven signature into an identity.
    pub(crate) fn identity(&self, claims: &Map<String, Value>) -> Result<Identity, TokenError> {
        let expires_ms = self.expiry(claims)?;
        self.started(claims, "nbf")?;
        self.started(claims, "iat")?;
        self.audience(claims)?;
        self.issuer(claims)?;
        let subject = text(claims, "sub")?.ok_or(TokenError::MissingClaim("sub"))?;
        Ok(Identity {
            user: UserId::parse(subject).map_err(TokenError::BadSubject)?,
            role: role(claims)?,
            permissions: permissions(claims)?,
            name: short_text(claims, "name", NAME_BYTES_MAX)?,
            avatar: short_text(claims, "avatar", AVATAR_BYTES_MAX)?,
            device: short_text(claims, "device", DEVICE_BYTES_MAX)?,
            issued_ms: seconds(claims, "iat")?.unwrap_or_default().saturating_mul(1_000),
            expires_ms,
            audience: self.audience,
            key_id: self.key_id.map(str::to_owned),
        })
    }

    fn expiry(&self, claims: &Map<String, Value>) -> Result<u64, TokenError> {
        let exp_s = seconds(claims, "exp")?.ok_or(TokenError::MissingClaim("exp"))?;
        if exp_s > EXP_S_MAX {
            let reason = "it lies after the year 9999; it is in seconds, not milliseconds";
            return Err(TokenError::BadClaim { claim: "exp", reason });
        }
        let expires_ms = (exp_s * 1_000).saturating_add(self.rules.expiry_leeway_ms);
        if self.now_ms >= expires_ms {
            return Err(TokenError::Expired { exp_s });
        }
        // The issuer's clock may be ahead of ours by the leeway.
        let ahead_ms_max = self.rules.dialect_ttl_ms_max.saturating_add(self.rules.start_leeway_ms);
        if self.audience == Audience::Dialect && expires_ms - self.now_ms > ahead_ms_max {
            return Err(TokenError::LivesTooLong { max_s: self.rules.dialect_ttl_ms_max / 1_000 });
        }
        Ok(expires_ms)
    }

    fn started(&self, claims: &Map<String, Value>, claim: &'static str) -> Result<(), TokenError> {
        let Some(start_s) = seconds(claims, claim)? else { return Ok(()) };
        let latest_ms = self.now_ms.saturating_add(self.rules.start_leeway_ms);
        if start_s.saturating_mul(1_000) > latest_ms {
            return Err(TokenError::NotYetValid { claim });
        }
        Ok(())
    }

    fn audience(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let wanted = self.audience.as_str();
        let mistyped =
            TokenError::ClaimType { claim: "aud", expected: "a text or a list of texts" };
        let found = match claims.get("aud") {
            None => return Err(TokenError::MissingClaim("aud")),
            Some(Value::String(one)) => one == wanted,
            Some(Value::Array(many)) if many.iter().all(Value::is_string) => {
                many.iter().any(|one| one.as_str() == Some(wanted))
            }
            Some(_) => return Err(mistyped),
        };
        if found { Ok(()) } else { Err(TokenError::WrongAudience { expected: wanted }) }
    }

    fn issuer(&self, claims: &Map<String, Value>) -> Result<(), TokenError> {
        let found = text(claims, "iss")?;
        match self.issuer {
            None => Ok(()),
            Some(_) if found.is_none() => Err(TokenError::MissingClaim("iss")),
            Some(wanted) if found == Some(wanted) => Ok(()),
            Some(_) => Err(TokenError::WrongIssuer),
        }
    }
}

/// A whole number of Unix seconds. A text, a fraction or a negative number is never "absent".
fn seconds(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<u64>, TokenError> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(TokenError::ClaimType {
            claim,
            expected: "a whole number of seconds since 1970, without quotes",
        }),
    }
}

fn text<'a>(
    claims: &'a Map<String, Value>,
    claim: &'static str,
) -> Result<Option<&'a str>, TokenError> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Value::String(found)) => Ok(Some(found)),
        Some(_) => Err(TokenError::ClaimType { claim, expected: "a text" }),
    }
}

fn short_text(
    claims: &Map<String, Value>,
    claim: &'static str,
    bytes_max: usize,
) -> Result<Option<String>, TokenError> {
    // Issuers write `null` or "" for a user without a picture.
    let Some(found) = claims.get(claim).filter(|value| !value.is_null()) else { return Ok(None) };
    let found = found.as_str().ok_or(TokenError::ClaimType { claim, expected: "a text" })?;
    if found.is_empty() {
        return Ok(None);
    }
    if check_text(found, bytes_max).is_err() {
        let reason = "it is too long or holds a control character";
        return Err(TokenError::BadClaim { claim, reason });
    }
    Ok(Some(found.to_owned()))
}

fn role(claims: &Map<String, Value>) -> Result<Role, TokenError> {
    let Some(found) = text(claims, "role")? else { return Ok(Role::User) };
    let reason = "it must be user, agent, bot or admin";
    Role::parse(found).ok_or(TokenError::BadClaim { claim: "role", reason })
}

fn permissions(claims: &Map<String, Value>) -> Result<Vec<String>, TokenError> {
    let mistyped = TokenError::ClaimType { claim: "perm", expected: "a list of texts" };
    let list = match claims.get("perm") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(mistyped),
    };
    if list.len() > PERMISSIONS_MAX {
        return Err(TokenError::BadClaim { claim: "perm", reason: "it has more than 32 entries" });
    }
    list.iter()
        .map(|entry| {
            let entry = entry.as_str().ok_or_else(|| mistyped.clone())?;
            let reason = "an entry is empty, longer than 64 bytes or holds a control character";
            match check_text(entry, PERMISSION_BYTES_MAX) {
                Ok(()) => Ok(entry.to_owned()),
                Err(_) => Err(TokenError::BadClaim { claim: "perm", reason }),
            }
        })
        .collect()
}
