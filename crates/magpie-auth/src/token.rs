//! User tokens: proves the signature of a JWT with the one algorithm its key is pinned to, then
//! has `claims.rs` judge it; and makes tokens with the local signing secret.
//! Follows no address and takes no key from a token; reads no clock.

use std::fmt;

use jsonwebtoken::{EncodingKey, Header, Validation, decode, encode, errors::ErrorKind};
use magpie_proto::UserId;
use serde_json::{Map, Value, json};

use crate::{
    Audience, Identity, KeyAlgorithm, SetupError, SigningSecret, TokenError, TokenKey, TokenRules,
    claims::Judge, jwks,
};
use magpie_core::Role;

/// Longest token taken, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// Id of the key behind the local signing secret.
pub const LOCAL_KEY_ID: &str = "local";
const KEYS_MAX: usize = 32;
const KID_CHARS_SHOWN: usize = 64;
/// Headers with which a token would bring or point to its own key.
const FOREIGN_KEY_HEADERS: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"];

/// Turns tokens into identities.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Vec<TokenKey>,
    rules: TokenRules,
}

impl Verifier {
    /// Takes the keys that tokens may be signed with.
    ///
    /// # Errors
    /// [`SetupError::BadKey`] when two keys share an id or there are more than 32.
    pub fn new(keys: Vec<TokenKey>, rules: TokenRules) -> Result<Self, SetupError> {
        if keys.len() > KEYS_MAX {
            let reason =
                format!("{} keys are configured, at most {KEYS_MAX} are taken", keys.len());
            return Err(SetupError::BadKey { name: "list".to_owned(), reason });
        }
        for (index, key) in keys.iter().enumerate() {
            if let Some(kid) = key.kid()
                && keys[..index].iter().any(|earlier| earlier.kid() == Some(kid))
            {
                let reason = "two keys have this id: give each its own".to_owned();
                return Err(SetupError::BadKey { name: format!("{kid:?}"), reason });
            }
        }
        Ok(Self { keys, rules })
    }

    /// Who the bearer of a token is, for this audience and at this time.
    ///
    /// # Errors
    /// [`TokenError`] names the rule that was broken.
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        now_ms: u64,
    ) -> Result<Identity, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong { len: token.len(), max: TOKEN_BYTES_MAX });
        }
        let header = read_header(token)?;
        let (key, claims) = self.prove(token, &header)?;
        let issuer = key.issuer.as_deref();
        Judge { rules: self.rules, audience, issuer, key_id: key.kid(), now_ms }.identity(&claims)
    }

    /// Finds the key that signed the token. `kid` only picks from our own keys; a token without it
    /// is tried with the keys of its algorithm, each of which is pinned to that algorithm.
    fn prove(
        &self,
        token: &str,
        header: &ReadHeader,
    ) -> Result<(&TokenKey, Map<String, Value>), TokenError> {
        let named = |key: &&TokenKey| header.kid.is_none() || key.kid() == header.kid.as_deref();
        if let Some(kid) = &header.kid
            && !self.keys.iter().any(|key| named(&key))
        {
            return Err(TokenError::UnknownKey {
                kid: kid.chars().take(KID_CHARS_SHOWN).collect(),
            });
        }
        let mut refusal = TokenError::AlgorithmMismatch { found: header.algorithm.as_str() };
        for key in self.keys.iter().filter(named).filter(|key| key.algorithm == header.algorithm) {
            match prove_with(token, key) {
                Ok(claims) => return Ok((key, claims)),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

struct ReadHeader {
    algorithm: KeyAlgorithm,
    kid: Option<String>,
}

/// Reads the unproven header only as far as needed to pick a key, and refuses what the library
/// would tolerate.
fn read_header(token: &str) -> Result<ReadHeader, TokenError> {
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Malformed("it needs three parts separated by dots"));
    };
    let head = jwks::decode(head)
        .ok_or(TokenError::Malformed("its header is not base64url without padding"))?;
    let head: Map<String, Value> = serde_json::from_slice(&head)
        .ok()
        .ok_or(TokenError::Malformed("its header is not a JSON object"))?;
    let algorithm = read_algorithm(&head, signature)?;
    if let Some(found) = FOREIGN_KEY_HEADERS.into_iter().find(|name| head.contains_key(*name)) {
        return Err(TokenError::ForeignKey(found));
    }
    if head.contains_key("crit") {
        return Err(TokenError::CriticalHeader);
    }
    match head.get("typ") {
        None => {}
        Some(Value::String(typ))
            if ["jwt", "at+jwt"].contains(&typ.to_ascii_lowercase().as_str()) => {}
        Some(_) => return Err(TokenError::WrongType),
    }
    let kid = match head.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()),
        Some(_) => return Err(TokenError::Malformed("its `kid` is not a text")),
    };
    Ok(ReadHeader { algorithm, kid })
}

fn read_algorithm(head: &Map<String, Value>, signature: &str) -> Result<KeyAlgorithm, TokenError> {
    let Some(name) = head.get("alg").and_then(Value::as_str) else {
        return Err(TokenError::Malformed("its header has no `alg`"));
    };
    if name.eq_ignore_ascii_case("none") || signature.is_empty() {
        return Err(TokenError::Unsigned);
    }
    KeyAlgorithm::parse(name).ok_or(TokenError::UnknownAlgorithm)
}

fn prove_with(token: &str, key: &TokenKey) -> Result<Map<String, Value>, TokenError> {
    // The library judges by the machine's clock and tolerates absent claims: `claims.rs` judges.
    let mut validation = Validation::new(key.algorithm.to_library());
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    match decode::<Map<String, Value>>(token, &key.key, &validation) {
        Ok(proven) => Ok(proven.claims),
        Err(error) => Err(match error.kind() {
            ErrorKind::InvalidSignature => TokenError::BadSignature,
            ErrorKind::Base64(_) => {
                TokenError::Malformed("a part is not base64url without padding")
            }
            ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenError::Malformed(
                "its header or claims are not a JSON object, or a standard claim in it is a list \
                    or an object",
            ),
            _ => TokenError::BadSignature,
        }),
    }
}

/// What to put into a new token.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// Who the bearer is.
    pub user: UserId,
    /// What the token is for.
    pub audience: Audience,
    /// How long it lives.
    pub ttl_s: u64,
    /// The bearer's role.
    pub role: Role,
    /// Named permissions, like `broadcast`.
    pub permissions: Vec<String>,
    /// How the user is shown.
    pub name: Option<String>,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// The only device that may use the token.
    pub device: Option<String>,
}

impl TokenRequest {
    /// A plain user's token for native clients.
    #[must_use]
    pub fn native(user: UserId, ttl_s: u64) -> Self {
        Self {
            user,
            audience: Audience::Native,
            ttl_s,
            role: Role::User,
            permissions: Vec::new(),
            name: None,
            avatar: None,
            device: None,
        }
    }

    /// A plain user's token for the addresses of old clients.
    #[must_use]
    pub fn dialect(user: UserId, ttl_s: u64) -> Self {
        Self { audience: Audience::Dialect, ..Self::native(user, ttl_s) }
    }
}

/// A new token. Does not print itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// When it expires.
    pub expires_ms: u64,
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedToken").field("expires_ms", &self.expires_ms).finish_non_exhaustive()
    }
}

/// Makes tokens with the local signing secret.
#[derive(Clone)]
pub struct Issuer {
    key: EncodingKey,
    verifier: Verifier,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

impl Issuer {
    /// Takes the signing secret.
    #[must_use]
    pub fn new(secret: &SigningSecret, rules: TokenRules) -> Self {
        let key = EncodingKey::from_secret(secret.as_bytes());
        Self { key, verifier: Verifier { keys: vec![secret.token_key()], rules } }
    }

    /// Makes a token and takes it back once, so that no token is handed out which this server
    /// would refuse.
    ///
    /// # Errors
    /// [`TokenError`] when a value breaks a rule of tokens.
    pub fn mint(&self, request: &TokenRequest, now_ms: u64) -> Result<MintedToken, TokenError> {
        if request.ttl_s == 0 {
            let reason = "the lifetime must be at least one second";
            return Err(TokenError::BadClaim { claim: "exp", reason });
        }
        let now_s = now_ms / 1_000;
        let mut claims = json!({
            "sub": request.user.as_str(),
            "aud": request.audience.as_str(),
            "iat": now_s,
            "exp": now_s.saturating_add(request.ttl_s),
            "role": request.role.as_str(),
        });
        if !request.permissions.is_empty() {
            claims["perm"] = json!(request.permissions);
        }
        for (claim, value) in
            [("name", &request.name), ("avatar", &request.avatar), ("device", &request.device)]
        {
            if let Some(value) = value {
                claims[claim] = json!(value);
            }
        }
        let header = Header { kid: Some(LOCAL_KEY_ID.to_owned()), ..Header::default() };
        let token = encode(&header, &claims, &self.key).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            TokenError::Malformed("it could not be signed")
        })?;
        let identity = self.verifier.verify(&token, request.audience, now_ms)?;
        Ok(MintedToken { token, expires_ms: identity.expires_ms })
    }
}
