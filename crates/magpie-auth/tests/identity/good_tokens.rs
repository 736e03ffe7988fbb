//! Tokens that are accepted, from every kind of key, and what is read from them.

use magpie_auth::{Audience, Identity, KeySource, TokenError, TokenKey, TokenRules, Verifier};
use serde_json::{Value, json};

use crate::world::*;

/// Made with Python's hmac module, so that our own signing code is not its own judge.
const FOREIGN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJzdWIiOiLlsI_mmI4iLCJhdWQiOiJtYWdwaWUiLCJleHAiOjE3MDAwMDM2MDB9.\
    HtsYuwobaYqtePCHhjmZLG857Xwg1YGMBDfHHqSm-x0";

fn accepted(token: &str) -> Identity {
    verifier().verify(token, Audience::Native, NOW_MS).unwrap()
}

#[test]
fn every_kind_of_key_proves_a_user() {
    let with_issuer = claims_with("iss", json!("https://id.example"));
    for (kid, token) in [
        ("hs", token(&header("HS256", "hs"), &claims(), &hs())),
        ("rs", token(&header("RS256", "rs"), &with_issuer, &rs())),
        ("es", token(&header("ES256", "es"), &claims(), &es())),
        ("ed", token(&header("EdDSA", "ed"), &claims(), &ed())),
    ] {
        let identity = accepted(&token);
        assert_eq!(identity.user.as_str(), "小明", "{kid}");
        assert_eq!(identity.key_id.as_deref(), Some(kid));
        assert_eq!(identity.expires_ms, (NOW_S + 3_600) * 1_000, "{kid}");
    }
}

#[test]
fn a_token_of_another_library_without_key_id_is_taken() {
    let identity = accepted(FOREIGN);
    assert_eq!((identity.user.as_str(), identity.role), ("小明", magpie_core::Role::User));
    assert_eq!(identity.key_id.as_deref(), Some("hs"));
}

#[test]
fn a_token_without_key_id_finds_its_key_among_several_of_its_algorithm() {
    let secret = |secret: &str| KeySource::Secret { kid: None, secret: secret.to_owned() };
    let sources =
        [secret("an old secret, still accepted.. no".replace(' ', "-").as_str()), secret(SECRET)];
    let keys = sources.iter().flat_map(|source| TokenKey::load(source, None).unwrap()).collect();
    let verifier = Verifier::new(keys, TokenRules::default()).unwrap();
    let identity = verifier.verify(FOREIGN, Audience::Native, NOW_MS).unwrap();
    assert_eq!(identity.key_id, None);
}

#[test]
fn all_claims_are_read() {
    let all = json!({
        "sub": "17", "aud": ["shop", "magpie"], "exp": NOW_S + 60, "nbf": NOW_S + 60, "iat": NOW_S,
        "iss": "anyone", "name": "阿姨", "avatar": "https://img.example/17.png", "role": "agent",
        "perm": ["broadcast"], "device": "phone-1", "unknown": {"is": "ignored"},
    });
    let identity = accepted(&token(&json!({"alg": "HS256"}), &all, &hs()));
    assert_eq!(identity.user.as_str(), "17");
    assert_eq!(identity.role, magpie_core::Role::Agent);
    assert!(identity.may("broadcast") && !identity.may("kick"));
    assert_eq!(identity.name.as_deref(), Some("阿姨"));
    assert_eq!(identity.avatar.as_deref(), Some("https://img.example/17.png"));
    assert_eq!(identity.device.as_deref(), Some("phone-1"));
    assert_eq!(identity.audience, Audience::Native);
}

#[test]
fn an_empty_name_or_picture_counts_as_none() {
    let mut spoiled = claims();
    spoiled["name"] = json!("");
    spoiled["avatar"] = Value::Null;
    let identity = accepted(&token(&header("HS256", "hs"), &spoiled, &hs()));
    assert_eq!((identity.name, identity.avatar), (None, None));
}

#[test]
fn an_admin_may_do_what_no_one_listed() {
    let identity =
        accepted(&token(&header("HS256", "hs"), &claims_with("role", json!("admin")), &hs()));
    assert!(identity.may("broadcast"));
}

#[test]
fn exp_is_exact_and_nbf_has_a_minute_of_leeway_by_the_given_clock() {
    let verifier = verifier();
    let judge = |token: &str, now_ms| verifier.verify(token, Audience::Native, now_ms);
    let ends = token(&header("HS256", "hs"), &claims_with("exp", json!(NOW_S)), &hs());
    assert!(judge(&ends, NOW_MS - 1).is_ok());
    assert_eq!(judge(&ends, NOW_MS), Err(TokenError::Expired { exp_s: NOW_S }));
    let starts = token(&header("HS256", "hs"), &claims_with("nbf", json!(NOW_S)), &hs());
    assert!(judge(&starts, NOW_MS - 60_000).is_ok());
    assert_eq!(judge(&starts, NOW_MS - 60_001), Err(TokenError::NotYetValid { claim: "nbf" }));
    assert!(judge(&starts, 0).is_err(), "a clock at zero is no reason to panic");
    assert!(judge(&starts, u64::MAX).is_err(), "nor is one at the end of time");
}

#[test]
fn the_leeway_of_exp_can_be_widened_and_moves_the_end_of_the_session() {
    let source = KeySource::Secret { kid: None, secret: SECRET.to_owned() };
    let rules = TokenRules { expiry_leeway_ms: 5_000, ..TokenRules::default() };
    let verifier = Verifier::new(TokenKey::load(&source, None).unwrap(), rules).unwrap();
    let ends = token(&json!({"alg": "HS256"}), &claims_with("exp", json!(NOW_S)), &hs());
    let identity = verifier.verify(&ends, Audience::Native, NOW_MS + 4_999).unwrap();
    assert_eq!(identity.expires_ms, NOW_MS + 5_000);
    assert!(verifier.verify(&ends, Audience::Native, NOW_MS + 5_000).is_err());
}

#[test]
fn a_key_set_gives_one_pinned_key_for_each_signing_key_in_it() {
    let keys = TokenKey::load(&KeySource::Jwks { json: JWKS.to_owned() }, None).unwrap();
    let ids: Vec<_> =
        keys.iter().map(|key| (key.kid().unwrap(), key.algorithm().as_str())).collect();
    assert_eq!(ids, [("rsa-1", "RS256"), ("ec-1", "ES256"), ("ed-1", "EdDSA")]);
    let verifier = Verifier::new(keys, TokenRules::default()).unwrap();
    for (alg, kid, signer) in
        [("RS256", "rsa-1", rs()), ("ES256", "ec-1", es()), ("EdDSA", "ed-1", ed())]
    {
        let named = token(&header(alg, kid), &claims(), &signer);
        let unnamed = token(&json!({"alg": alg}), &claims(), &signer);
        for token in [named, unnamed] {
            let identity = verifier.verify(&token, Audience::Native, NOW_MS).unwrap();
            assert_eq!(identity.key_id.as_deref(), Some(kid));
        }
    }
}
