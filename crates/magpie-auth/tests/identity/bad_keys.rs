//! Keys that cannot be used are refused when they are loaded, with what to do instead.

use magpie_auth::{KeyAlgorithm, KeySource, SetupError, TokenKey, TokenRules, Verifier};
use serde_json::json;

use crate::world::*;

fn refused(source: &KeySource) -> String {
    TokenKey::load(source, None).expect_err("must be refused").to_string()
}

fn set(keys: &serde_json::Value) -> KeySource {
    KeySource::Jwks { json: json!({ "keys": keys }).to_string() }
}

#[test]
fn a_secret_of_31_characters_is_weak_and_one_of_32_is_taken() {
    let source = |len: usize| KeySource::Secret { kid: None, secret: "s".repeat(len) };
    let text = refused(&source(31));
    assert!(text.contains("31 characters") && text.contains("openssl rand -hex 32"), "{text}");
    assert!(TokenKey::load(&source(32), None).is_ok());
}

#[test]
fn a_pem_of_the_wrong_kind_is_refused_with_its_reason() {
    let short = include_str!("../keys/test-only-short-rsa.public.pem");
    let p384 = include_str!("../keys/test-only-p384.public.pem");
    let (rs, es, ed) = (KeyAlgorithm::Rs256, KeyAlgorithm::Es256, KeyAlgorithm::EdDsa);
    let cut = RSA_PUBLIC.replace("MII", "MIJ");
    for (name, algorithm, text, reason) in [
        ("a private key", rs, RSA_PRIVATE, "private key"),
        ("no PEM", rs, "ssh-rsa AAAA", "BEGIN PUBLIC KEY"),
        ("an empty file", ed, "", "BEGIN PUBLIC KEY"),
        ("a damaged key", rs, cut.as_str(), "not a public key for RS256"),
        ("a public key as a secret", KeyAlgorithm::Hs256, RSA_PUBLIC, "HS256 needs a secret"),
        ("an EC key for RSA", rs, EC_PUBLIC, "RS256"),
        ("an RSA key for EC", es, RSA_PUBLIC, "ES256"),
        ("an RSA key for Ed25519", ed, RSA_PUBLIC, "EdDSA"),
        ("1,024 bits", rs, short, "1024 bits"),
        ("another curve", es, p384, "P-256"),
    ] {
        let found = refused(&pem("k", algorithm, text));
        assert!(found.contains(reason), "{name}: {found}");
        assert!(found.contains("\"k\""), "{name}: names the key: {found}");
    }
}

#[test]
fn a_key_set_with_a_fault_is_refused_with_its_reason() {
    let ec = |x: &str, y: &str| json!([{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]);
    let ed = |x: &str| json!([{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]);
    let rsa = |n: &str, e: &str| json!([{"kty": "RSA", "kid": "k", "n": n, "e": e}]);
    let bytes = |byte: u8, len: usize| b64(vec![byte; len]);
    for (name, keys, reason) in [
        ("no key", json!([]), "no key in it"),
        (
            "only encryption keys",
            json!([{"kty": "RSA", "use": "enc", "n": "AQ", "e": "AQAB"}]),
            "no key in it",
        ),
        ("only unknown kinds", json!([{"kty": "quantum"}]), "no key in it"),
        ("another RSA algorithm", json!([{"kty": "RSA", "alg": "RS512"}]), "no key in it"),
        ("a shared secret", json!([{"kty": "oct", "k": b64(SECRET)}]), "public keys only"),
        (
            "a private key",
            json!([{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}]),
            "public keys only",
        ),
        ("an entry that is a text", json!(["key"]), "entry 1"),
        ("a key id that is a number", json!([{"kty": "RSA", "kid": 1}]), "`kid` of a key"),
        ("no modulus", json!([{"kty": "RSA", "kid": "k", "e": "AQAB"}]), "`n` is missing"),
        ("a short Ed25519 key", ed(&bytes(1, 31)), "31 bytes"),
        ("an empty Ed25519 key", ed(""), "0 bytes"),
        ("a key in standard base64", ed("++++"), "base64url"),
        ("a point off the curve", ec(&bytes(1, 32), &bytes(1, 32)), "ES256"),
        ("a short point", ec(&bytes(1, 31), &bytes(1, 32)), "64 bytes"),
        ("a tiny modulus", rsa("AQAB", "AQAB"), "17 bits"),
        ("an enormous modulus", rsa(&bytes(255, 1_024), "AQAB"), "8192 bits"),
        ("an even exponent", rsa(&bytes(255, 256), "AQAA"), "exponent"),
        ("an exponent of one", rsa(&bytes(255, 256), "AQ"), "exponent"),
    ] {
        let found = refused(&set(&keys));
        assert!(found.contains(reason), "{name}: {found}");
    }
    for (json, reason) in
        [("", "not JSON"), ("{}", "a list `keys`"), ("{\"keys\": 1}", "a list `keys`")]
    {
        let found = refused(&KeySource::Jwks { json: json.to_owned() });
        assert!(found.contains(reason), "{found}");
    }
}

#[test]
fn two_keys_with_one_id_and_more_than_32_keys_are_refused() {
    let key = |kid: Option<&str>| {
        let source = KeySource::Secret { kid: kid.map(str::to_owned), secret: SECRET.to_owned() };
        TokenKey::load(&source, None).unwrap().remove(0)
    };
    let refusal = |keys| match Verifier::new(keys, TokenRules::default()) {
        Err(SetupError::BadKey { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(refusal(vec![key(Some("a")), key(Some("a"))]).contains("its own"));
    assert!(refusal(vec![key(None); 33]).contains("at most 32"));
    assert!(Verifier::new(vec![key(None); 32], TokenRules::default()).is_ok());
}
