//! What every test of identity starts from: one key of each kind, a fixed time, hand-made tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use magpie_auth::{KeyAlgorithm, KeySource, TokenKey, TokenRules, Verifier};
use serde_json::{Value, json};

/// The time of all tests: a whole second.
pub(crate) const NOW_S: u64 = 1_700_000_000;
pub(crate) const NOW_MS: u64 = NOW_S * 1_000;
pub(crate) const SECRET: &str = "test-only-secret-of-more-than-32-characters";

pub(crate) const RSA_PUBLIC: &str = include_str!("../keys/test-only-rsa.public.pem");
pub(crate) const EC_PUBLIC: &str = include_str!("../keys/test-only-ec.public.pem");
pub(crate) const ED_PUBLIC: &str = include_str!("../keys/test-only-ed25519.public.pem");
pub(crate) const RSA_PRIVATE: &str = include_str!("../keys/test-only-rsa.private.pem");
pub(crate) const JWKS: &str = include_str!("../keys/test-only.jwks.json");
const OTHER_RSA_PRIVATE: &str = include_str!("../keys/test-only-other-rsa.private.pem");
const EC_PRIVATE: &str = include_str!("../keys/test-only-ec.private.pem");
const ED_PRIVATE: &str = include_str!("../keys/test-only-ed25519.private.pem");

/// A key that signs test tokens.
pub(crate) struct Signer(EncodingKey, Algorithm);

pub(crate) fn hs() -> Signer {
    hs_with(SECRET.as_bytes())
}

pub(crate) fn hs_with(secret: &[u8]) -> Signer {
    Signer(EncodingKey::from_secret(secret), Algorithm::HS256)
}

pub(crate) fn hs512() -> Signer {
    Signer(EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS512)
}

pub(crate) fn rs() -> Signer {
    Signer(EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap(), Algorithm::RS256)
}

pub(crate) fn ps() -> Signer {
    Signer(EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap(), Algorithm::PS256)
}

pub(crate) fn other_rs() -> Signer {
    Signer(EncodingKey::from_rsa_pem(OTHER_RSA_PRIVATE.as_bytes()).unwrap(), Algorithm::RS256)
}

pub(crate) fn es() -> Signer {
    Signer(EncodingKey::from_ec_pem(EC_PRIVATE.as_bytes()).unwrap(), Algorithm::ES256)
}

pub(crate) fn ed() -> Signer {
    Signer(EncodingKey::from_ed_pem(ED_PRIVATE.as_bytes()).unwrap(), Algorithm::EdDSA)
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs any two texts, JSON or not.
pub(crate) fn raw(header: &str, claims: &str, signer: &Signer) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let signature = sign(message.as_bytes(), &signer.0, signer.1).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn token(header: &Value, claims: &Value, signer: &Signer) -> String {
    raw(&header.to_string(), &claims.to_string(), signer)
}

/// A header and claims that are accepted, to be spoiled in one place.
pub(crate) fn header(alg: &str, kid: &str) -> Value {
    json!({"alg": alg, "typ": "JWT", "kid": kid})
}

pub(crate) fn claims() -> Value {
    json!({"sub": "小明", "aud": "magpie", "exp": NOW_S + 3_600})
}

/// Good claims with one replaced; `Value::Null` as the replacement removes it.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

pub(crate) fn pem(kid: &str, algorithm: KeyAlgorithm, pem: &str) -> KeySource {
    KeySource::PublicPem { kid: Some(kid.to_owned()), algorithm, pem: pem.to_owned() }
}

/// Keys `hs`, `rs` (only for the issuer https://id.example), `es`, `ed`, and no key without id.
pub(crate) fn verifier() -> Verifier {
    let hs = KeySource::Secret { kid: Some("hs".to_owned()), secret: SECRET.to_owned() };
    let sources = [
        (hs, None),
        (pem("rs", KeyAlgorithm::Rs256, RSA_PUBLIC), Some("https://id.example")),
        (pem("es", KeyAlgorithm::Es256, EC_PUBLIC), None),
        (pem("ed", KeyAlgorithm::EdDsa, ED_PUBLIC), None),
    ];
    let keys = sources.iter().flat_map(|(source, issuer)| TokenKey::load(source, *issuer).unwrap());
    Verifier::new(keys.collect(), TokenRules::default()).unwrap()
}
