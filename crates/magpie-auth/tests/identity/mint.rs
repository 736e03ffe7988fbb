//! Tokens made here: accepted here, limited like all others, never printed by accident.

use magpie_auth::*;
use magpie_proto::UserId;

use crate::world::{NOW_MS, NOW_S, SECRET};

fn secret() -> SigningSecret {
    SigningSecret::from_text("test", SECRET).unwrap()
}

fn authenticator() -> Authenticator {
    let keys = ApiKeys::empty(std::path::Path::new("api-keys.toml"));
    Authenticator::new(AuthSettings::new(secret(), keys)).unwrap()
}

fn user() -> UserId {
    UserId::parse("翠花").unwrap()
}

#[test]
fn a_minted_token_says_what_was_asked_for() {
    let authenticator = authenticator();
    let request = TokenRequest {
        role: magpie_core::Role::Agent,
        permissions: vec!["broadcast".into()],
        name: Some("翠花".into()),
        avatar: Some("/a.png".into()),
        device: Some("tablet".into()),
        ..TokenRequest::native(user(), 600)
    };
    let minted = authenticator.mint(&request, NOW_MS + 999).unwrap();
    assert_eq!(minted.expires_ms, (NOW_S + 600) * 1_000);
    let identity = authenticator.verify_user(&minted.token, Audience::Native, NOW_MS).unwrap();
    let expected = Identity {
        user: user(),
        role: magpie_core::Role::Agent,
        permissions: vec!["broadcast".into()],
        name: Some("翠花".into()),
        avatar: Some("/a.png".into()),
        device: Some("tablet".into()),
        issued_ms: NOW_S * 1_000,
        expires_ms: minted.expires_ms,
        audience: Audience::Native,
        key_id: Some("local".into()),
    };
    assert_eq!(identity, expected);
    let later = authenticator.verify_user(&minted.token, Audience::Native, minted.expires_ms);
    assert_eq!(later, Err(TokenError::Expired { exp_s: NOW_S + 600 }));
}

#[test]
fn a_token_for_addresses_lives_a_day_at_most() {
    let authenticator = authenticator();
    let minted = authenticator.mint(&TokenRequest::dialect(user(), 86_400), NOW_MS).unwrap();
    assert!(authenticator.verify_user(&minted.token, Audience::Dialect, NOW_MS).is_ok());
    assert!(authenticator.verify_user(&minted.token, Audience::Native, NOW_MS).is_err());
    let refusal =
        authenticator.mint(&TokenRequest::dialect(user(), 7 * 86_400), NOW_MS).unwrap_err();
    assert_eq!(refusal, TokenError::LivesTooLong { max_s: 86_400 });
}

#[test]
fn a_token_that_would_be_refused_is_not_made() {
    let authenticator = authenticator();
    let native = |ttl_s| TokenRequest::native(user(), ttl_s);
    let long_name = TokenRequest { name: Some("n".repeat(300)), ..native(60) };
    for request in [native(0), native(u64::MAX), long_name] {
        assert!(
            matches!(authenticator.mint(&request, NOW_MS), Err(TokenError::BadClaim { .. })),
            "{request:?}"
        );
    }
}

#[test]
fn another_installation_does_not_take_the_token() {
    let minted = authenticator().mint(&TokenRequest::native(user(), 60), NOW_MS).unwrap();
    let keys = ApiKeys::empty(std::path::Path::new("api-keys.toml"));
    let other =
        Authenticator::new(AuthSettings::new(SigningSecret::random().unwrap(), keys)).unwrap();
    let refusal = other.verify_user(&minted.token, Audience::Native, NOW_MS);
    assert_eq!(refusal, Err(TokenError::BadSignature));
}

#[test]
fn nothing_that_carries_a_secret_prints_it() {
    let minted = authenticator().mint(&TokenRequest::native(user(), 60), NOW_MS).unwrap();
    let source = KeySource::Secret { kid: Some("k".into()), secret: SECRET.into() };
    let key = TokenKey::load(&source, None).unwrap();
    let environment = EnvironmentKey::from_text("MAGPIE_API_KEY", SECRET).unwrap();
    let paths = PathSigner::new(&secret()).with_key("backend", SECRET).unwrap();
    let settings = AuthSettings {
        token_keys: key.clone(),
        environment_key: Some(environment.clone()),
        ..AuthSettings::new(secret(), ApiKeys::empty(std::path::Path::new("k")))
    };
    let issuer = Issuer::new(&secret(), TokenRules::default());
    let query = paths.sign("market", "/p", NOW_S + 60, NOW_MS).unwrap();
    let printed = format!(
        "{source:?} {key:?} {environment:?} {paths:?} {minted:?} {:?} {settings:?} {:?} {issuer:?} {query:?}",
        secret(),
        authenticator()
    );
    let signature = query.to_query().rsplit_once("sig=").unwrap().1.to_owned();
    let bytes = format!("{:?}", SECRET.as_bytes());
    let needles =
        [SECRET, &minted.token, &signature, bytes.trim_matches(['[', ']']), "116, 101, 115, 116"];
    for needle in needles {
        assert!(!printed.contains(needle), "{needle} in {printed}");
    }
}
