//! The keys user tokens are verified with: a shared secret, a public key in PEM, a JWKS file.
//! Each key is pinned to one algorithm when it is loaded. Checked here, at start, so that no token
//! can meet a key that makes the crypto library fail. Never fetches a key.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::verify,
    jwk::{AlgorithmParameters, Jwk},
};

use crate::{SetupError, jwks, secret::check_strength};

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// One secret shared with the issuer.
    Hs256,
    /// RSA, PKCS #1 v1.5, 2,048 to 4,096 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl KeyAlgorithm {
    const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in a token's `alg`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads the exact name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    pub(crate) fn to_library(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// Where a key comes from; the caller has read the file.
#[derive(Clone)]
pub enum KeySource {
    /// HS256 with this text as the secret.
    Secret {
        /// Id in the header of tokens, if the issuer sets one.
        kid: Option<String>,
        /// At least 32 characters; its bytes are the key.
        secret: String,
    },
    /// A public key in PEM (`BEGIN PUBLIC KEY`).
    PublicPem {
        /// Id in the header of tokens, if the issuer sets one.
        kid: Option<String>,
        /// RS256, ES256 or EdDSA.
        algorithm: KeyAlgorithm,
        /// The text of the file.
        pem: String,
    },
    /// A JSON Web Key Set. Encryption keys and unknown kinds in it are left out with a warning.
    Jwks {
        /// The text of the file.
        json: String,
    },
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { kid, .. } => {
                f.debug_struct("Secret").field("kid", kid).finish_non_exhaustive()
            }
            Self::PublicPem { kid, algorithm, .. } => f
                .debug_struct("PublicPem")
                .field("kid", kid)
                .field("algorithm", algorithm)
                .finish_non_exhaustive(),
            Self::Jwks { .. } => f.debug_struct("Jwks").finish_non_exhaustive(),
        }
    }
}

/// One key, pinned to one algorithm and, if wanted, to one issuer.
#[derive(Clone)]
pub struct TokenKey {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) issuer: Option<String>,
    pub(crate) key: DecodingKey,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl TokenKey {
    /// Reads and checks the keys of a source. With `issuer`, tokens signed by them need that `iss`:
    /// the name is bound to the key, so one issuer cannot speak for another.
    ///
    /// # Errors
    /// [`SetupError::WeakSecret`] or [`SetupError::BadKey`], which say what to do.
    pub fn load(source: &KeySource, issuer: Option<&str>) -> Result<Vec<Self>, SetupError> {
        let mut keys = match source {
            KeySource::Secret { kid, secret } => vec![Self::from_secret(kid.clone(), secret)?],
            KeySource::PublicPem { kid, algorithm, pem } => {
                vec![Self::from_pem(kid.clone(), *algorithm, pem)?]
            }
            KeySource::Jwks { json } => jwks::read(json)?,
        };
        for key in &mut keys {
            key.issuer = issuer.map(str::to_owned);
        }
        Ok(keys)
    }

    /// The key's id.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm it is pinned to.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(crate) fn from_secret(kid: Option<String>, secret: &str) -> Result<Self, SetupError> {
        check_strength(&format!("the secret of token key {}", name_of(kid.as_deref())), secret)?;
        let key = DecodingKey::from_secret(secret.as_bytes());
        Ok(Self { kid, algorithm: KeyAlgorithm::Hs256, issuer: None, key })
    }

    fn from_pem(
        kid: Option<String>,
        algorithm: KeyAlgorithm,
        pem: &str,
    ) -> Result<Self, SetupError> {
        let bad = |reason: &str| bad_key(kid.as_deref(), reason);
        if pem.contains("PRIVATE KEY") {
            return Err(bad("this is a private key, which only the issuer may hold: \
                give the public one (`openssl pkey -in private.pem -pubout`)"));
        }
        if !pem.contains("PUBLIC KEY") {
            return Err(bad(
                "not a public key in PEM: the text must hold `-----BEGIN PUBLIC KEY-----`",
            ));
        }
        let key = match algorithm {
            KeyAlgorithm::Hs256 => {
                return Err(bad(
                    "HS256 needs a secret; a public key belongs to RS256, ES256 or EdDSA",
                ));
            }
            KeyAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
            KeyAlgorithm::Es256 => DecodingKey::from_ec_pem(pem.as_bytes()),
            KeyAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let key = key.map_err(|error| {
            bad(&format!(
                "not a public key for {} ({error}): check key and algorithm",
                algorithm.as_str()
            ))
        })?;
        Self::checked(kid, algorithm, key)
    }

    /// Makes sure that the library can verify with this key: it would panic on an Ed25519 key that
    /// is too short, and report a wrong signature for an RSA key it cannot use.
    pub(crate) fn checked(
        kid: Option<String>,
        algorithm: KeyAlgorithm,
        key: DecodingKey,
    ) -> Result<Self, SetupError> {
        let usable = match algorithm {
            KeyAlgorithm::Hs256 => Ok(()),
            KeyAlgorithm::Rs256 => check_rsa(&key),
            KeyAlgorithm::Es256 => check_point(&key, 65, "a point on P-256"),
            KeyAlgorithm::EdDsa => check_point(&key, 32, "an Ed25519 key of 32 bytes"),
        };
        usable.map_err(|reason| bad_key(kid.as_deref(), &reason))?;
        if let Err(error) = verify("", b"", &key, algorithm.to_library()) {
            return Err(bad_key(
                kid.as_deref(),
                &format!("not a usable {} key: {error}", algorithm.as_str()),
            ));
        }
        Ok(Self { kid, algorithm, issuer: None, key })
    }
}

fn check_rsa(key: &DecodingKey) -> Result<(), String> {
    let jwk =
        Jwk::from_decoding_key(key, None).map_err(|error| format!("not an RSA key: {error}"))?;
    let AlgorithmParameters::RSA(parts) = jwk.algorithm else {
        return Err("not an RSA key".to_owned());
    };
    let modulus = jwks::decode(&parts.n).ok_or("the modulus is not base64url")?;
    let modulus: Vec<_> = modulus.into_iter().skip_while(|byte| *byte == 0).collect();
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if !(2_048..=4_096).contains(&bits) {
        return Err(format!("the RSA key has {bits} bits, 2048 to 4096 are required"));
    }
    let exponent = jwks::decode(&parts.e).ok_or("the exponent is not base64url")?;
    let value = exponent
        .iter()
        .try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()));
    match value {
        Some(value) if value >= 3 && value % 2 == 1 && value <= u64::from(u32::MAX) => Ok(()),
        _ => Err("the RSA exponent must be odd, at least 3 and below 2^32".to_owned()),
    }
}

fn check_point(key: &DecodingKey, bytes: usize, what: &str) -> Result<(), String> {
    let found = key.try_get_as_bytes().map_err(|error| error.to_string())?;
    if found.len() == bytes { Ok(()) } else { Err(format!("not {what}: {} bytes", found.len())) }
}

pub(crate) fn bad_key(kid: Option<&str>, reason: &str) -> SetupError {
    SetupError::BadKey { name: name_of(kid), reason: reason.to_owned() }
}

fn name_of(kid: Option<&str>) -> String {
    kid.map_or_else(|| "(without id)".to_owned(), |kid| format!("{kid:?}"))
}
