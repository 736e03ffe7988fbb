//! The corpus: every row is a token somebody might send, with the one reason for its refusal.

use magpie_auth::{Audience, TokenError};
use magpie_proto::{ErrorCode, IdError};
use serde_json::{Value, json};

use crate::world::*;

const NOT_AN_OBJECT: &str =
    "its header or claims are not a JSON object, or a standard claim in it is a list or an object";

type Row = (&'static str, String, TokenError);

const WHOLE_SECONDS: &str = "a whole number of seconds since 1970, without quotes";

fn good() -> String {
    token(&header("HS256", "hs"), &claims(), &hs())
}

fn hs_claims(name: &str, value: Value) -> String {
    token(&header("HS256", "hs"), &claims_with(name, value), &hs())
}

fn hs_header(name: &str, value: Value) -> String {
    let mut head = header("HS256", "hs");
    head[name] = value;
    token(&head, &claims(), &hs())
}

fn not_a_jwt() -> Vec<Row> {
    let parts = TokenError::Malformed("it needs three parts separated by dots");
    let head = TokenError::Malformed("its header is not base64url without padding");
    let object = TokenError::Malformed("its header is not a JSON object");
    let part = TokenError::Malformed("a part is not base64url without padding");
    let json = TokenError::Malformed(NOT_AN_OBJECT);
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head_part, claims_part) = message.split_once('.').unwrap();
    vec![
        ("nothing", String::new(), TokenError::Missing),
        ("a word", "magpie".into(), parts.clone()),
        ("two parts", message.into(), parts.clone()),
        ("four parts", format!("{good}.{signature}"), parts.clone()),
        ("a dot at the end", format!("{good}."), parts.clone()),
        ("five parts, like an encrypted token", "a.b.c.d.e".into(), parts),
        ("only dots", "..".into(), object.clone()),
        ("a header that is not base64", format!("!!!.{claims_part}.{signature}"), head.clone()),
        ("a header with padding", format!("{head_part}=.{claims_part}.{signature}"), head.clone()),
        ("white space in front", format!(" {good}"), head.clone()),
        ("the scheme left in", format!("Bearer {good}"), head),
        ("a line break behind", format!("{good}\n"), part.clone()),
        ("a header that is a list", raw("[]", &claims().to_string(), &hs()), object.clone()),
        ("a header nested a thousand deep", raw(&"[".repeat(1_000), "{}", &hs()), object.clone()),
        ("a header that is not JSON", raw("{", &claims().to_string(), &hs()), object),
        (
            "claims that are a list",
            raw(&header("HS256", "hs").to_string(), "[1]", &hs()),
            json.clone(),
        ),
        (
            "claims that are not JSON",
            raw(&header("HS256", "hs").to_string(), "{\"sub\":", &hs()),
            json.clone(),
        ),
        (
            "claims nested a thousand deep",
            raw(&header("HS256", "hs").to_string(), &"[".repeat(1_000), &hs()),
            json,
        ),
        ("a signature that is not base64", format!("{message}.###"), part),
        (
            "a token of 5,000 bytes",
            hs_claims("name", json!("x".repeat(3_600))),
            TokenError::TooLong {
                len: hs_claims("name", json!("x".repeat(3_600))).len(),
                max: 4_096,
            },
        ),
    ]
}

fn by(alg: &str, kid: &str, signer: &Signer) -> String {
    token(&header(alg, kid), &claims(), signer)
}

fn unsigned() -> Vec<Row> {
    let good = good();
    let (message, _) = good.rsplit_once('.').unwrap();
    let unsigned = |alg: &str| {
        format!("{}.{}.", b64(json!({"alg": alg}).to_string()), b64(claims().to_string()))
    };
    let no_alg = raw(r#"{"typ":"JWT","kid":"hs"}"#, &claims().to_string(), &hs());
    let twice = raw(r#"{"alg":"HS256","alg":"HS256","kid":"hs"}"#, &claims().to_string(), &hs());
    vec![
        ("algorithm none", unsigned("none"), TokenError::Unsigned),
        ("algorithm nOnE", unsigned("nOnE"), TokenError::Unsigned),
        ("algorithm none with a signature", by("none", "hs", &hs()), TokenError::Unsigned),
        ("the signature cut off", format!("{message}."), TokenError::Unsigned),
        ("no algorithm", no_alg, TokenError::Malformed("its header has no `alg`")),
        (
            "an algorithm that is a number",
            hs_header("alg", json!(256)),
            TokenError::Malformed("its header has no `alg`"),
        ),
        ("the algorithm named twice", twice, TokenError::Malformed(NOT_AN_OBJECT)),
        ("an algorithm that does not exist", by("HS1", "hs", &hs()), TokenError::UnknownAlgorithm),
        ("the algorithm in lower case", by("hs256", "hs", &hs()), TokenError::UnknownAlgorithm),
        ("HS512 with the right secret", by("HS512", "hs", &hs512()), TokenError::UnknownAlgorithm),
        ("PS256 with the right RSA key", by("PS256", "rs", &ps()), TokenError::UnknownAlgorithm),
    ]
}

fn forged() -> Vec<Row> {
    let mismatch = |found| TokenError::AlgorithmMismatch { found };
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let head = message.split('.').next().unwrap();
    let other_claims = b64(claims_with("sub", json!("admin")).to_string());
    vec![
        (
            "HS256 signed with the RSA public key as the secret",
            by("HS256", "rs", &hs_with(RSA_PUBLIC.as_bytes())),
            mismatch("HS256"),
        ),
        (
            "the same without naming a key",
            token(&json!({"alg": "HS256"}), &claims(), &hs_with(RSA_PUBLIC.as_bytes())),
            TokenError::BadSignature,
        ),
        (
            "HS256 signed with the EC public key as the secret",
            by("HS256", "es", &hs_with(EC_PUBLIC.as_bytes())),
            mismatch("HS256"),
        ),
        ("RS256 under the id of the secret", by("RS256", "hs", &rs()), mismatch("RS256")),
        ("EdDSA under the id of the EC key", by("EdDSA", "es", &ed()), mismatch("EdDSA")),
        (
            "another RSA key under a known id",
            by("RS256", "rs", &other_rs()),
            TokenError::BadSignature,
        ),
        (
            "another secret",
            by("HS256", "hs", &hs_with(b"another secret that is long enough here")),
            TokenError::BadSignature,
        ),
        ("an empty secret", by("HS256", "hs", &hs_with(b"")), TokenError::BadSignature),
        ("an ES256 token signed by RSA", by("ES256", "es", &rs()), TokenError::BadSignature),
        (
            "claims exchanged below a good signature",
            format!("{head}.{other_claims}.{signature}"),
            TokenError::BadSignature,
        ),
        ("a signature of one byte", format!("{message}.{}", b64([0])), TokenError::BadSignature),
        (
            "an ES256 signature of zeros",
            format!("{}.{}", by("ES256", "es", &es()).rsplit_once('.').unwrap().0, b64([0; 64])),
            TokenError::BadSignature,
        ),
        (
            "an unknown key id",
            by("HS256", "hs2", &hs()),
            TokenError::UnknownKey { kid: "hs2".into() },
        ),
        ("an empty key id", by("HS256", "", &hs()), TokenError::UnknownKey { kid: String::new() }),
        (
            "a key id that is a path",
            by("HS256", "../../dev/null", &hs_with(b"")),
            TokenError::UnknownKey { kid: "../../dev/null".into() },
        ),
        (
            "a key id that is a number",
            hs_header("kid", json!(1)),
            TokenError::Malformed("its `kid` is not a text"),
        ),
    ]
}

fn bringing_a_key() -> Vec<Row> {
    let jwk = json!({"kty": "oct", "k": b64(SECRET)});
    vec![
        (
            "jku",
            hs_header("jku", json!("https://evil.example/keys")),
            TokenError::ForeignKey("jku"),
        ),
        ("jwk", hs_header("jwk", jwk), TokenError::ForeignKey("jwk")),
        (
            "x5u",
            hs_header("x5u", json!("https://evil.example/cert")),
            TokenError::ForeignKey("x5u"),
        ),
        ("x5c", hs_header("x5c", json!(["AAAA"])), TokenError::ForeignKey("x5c")),
        ("a null jku", hs_header("jku", Value::Null), TokenError::ForeignKey("jku")),
        ("crit", hs_header("crit", json!(["b64"])), TokenError::CriticalHeader),
        ("another type", hs_header("typ", json!("dpop+jwt")), TokenError::WrongType),
        ("a type that is a number", hs_header("typ", json!(1)), TokenError::WrongType),
    ]
}

fn bad_times() -> Vec<Row> {
    let mistyped = |claim| TokenError::ClaimType { claim, expected: WHOLE_SECONDS };
    let expired = |exp_s| TokenError::Expired { exp_s };
    let far = TokenError::BadClaim {
        claim: "exp",
        reason: "it lies after the year 9999; it is in seconds, not milliseconds",
    };
    let huge =
        raw(&header("HS256", "hs").to_string(), r#"{"sub":"a","aud":"magpie","exp":1e400}"#, &hs());
    let null =
        raw(&header("HS256", "hs").to_string(), r#"{"sub":"a","aud":"magpie","exp":null}"#, &hs());
    let json = TokenError::Malformed(NOT_AN_OBJECT);
    vec![
        ("no exp", hs_claims("exp", Value::Null), TokenError::MissingClaim("exp")),
        ("a null exp", null, mistyped("exp")),
        ("expired this very moment", hs_claims("exp", json!(NOW_S)), expired(NOW_S)),
        ("expired an hour ago", hs_claims("exp", json!(NOW_S - 3_600)), expired(NOW_S - 3_600)),
        ("exp zero", hs_claims("exp", json!(0)), expired(0)),
        ("exp as a text", hs_claims("exp", json!((NOW_S + 3_600).to_string())), mistyped("exp")),
        ("exp as a fraction", hs_claims("exp", json!(1_700_003_600.5)), mistyped("exp")),
        ("exp negative", hs_claims("exp", json!(-1)), mistyped("exp")),
        ("exp true", hs_claims("exp", json!(true)), mistyped("exp")),
        ("exp in a list", hs_claims("exp", json!([NOW_S + 3_600])), json.clone()),
        ("exp in milliseconds", hs_claims("exp", json!(NOW_MS)), far.clone()),
        ("exp the largest integer", hs_claims("exp", json!(u64::MAX)), far),
        ("exp beyond any integer", hs_claims("exp", json!(1e300)), mistyped("exp")),
        ("exp beyond any number", huge, json),
        (
            "nbf in two minutes",
            hs_claims("nbf", json!(NOW_S + 120)),
            TokenError::NotYetValid { claim: "nbf" },
        ),
        (
            "nbf the largest integer",
            hs_claims("nbf", json!(u64::MAX)),
            TokenError::NotYetValid { claim: "nbf" },
        ),
        ("nbf as a text", hs_claims("nbf", json!("now")), mistyped("nbf")),
        (
            "issued tomorrow",
            hs_claims("iat", json!(NOW_S + 86_400)),
            TokenError::NotYetValid { claim: "iat" },
        ),
        ("iat as a fraction", hs_claims("iat", json!(0.5)), mistyped("iat")),
    ]
}

fn bad_claims() -> Vec<Row> {
    let object = TokenError::Malformed(NOT_AN_OBJECT);
    let typed = |claim, expected| TokenError::ClaimType { claim, expected };
    let bad = |claim, reason| TokenError::BadClaim { claim, reason };
    let audience = TokenError::WrongAudience { expected: "magpie" };
    let texts = typed("aud", "a text or a list of texts");
    let by_issuer = |iss: Value| token(&header("RS256", "rs"), &claims_with("iss", iss), &rs());
    let long = "it is too long or holds a control character";
    vec![
        ("no aud", hs_claims("aud", Value::Null), TokenError::MissingClaim("aud")),
        ("another aud", hs_claims("aud", json!("shop")), audience.clone()),
        ("the dialect's aud", hs_claims("aud", json!("dialect")), audience.clone()),
        ("aud in another case", hs_claims("aud", json!("Magpie")), audience.clone()),
        ("aud as an empty list", hs_claims("aud", json!([])), audience.clone()),
        ("aud as a list of others", hs_claims("aud", json!(["a", "b"])), audience),
        ("aud as a list with a number", hs_claims("aud", json!(["magpie", 1])), texts.clone()),
        ("aud as an object", hs_claims("aud", json!({"magpie": true})), texts),
        (
            "no iss for a key with an issuer",
            by_issuer(Value::Null),
            TokenError::MissingClaim("iss"),
        ),
        ("another iss", by_issuer(json!("https://evil.example")), TokenError::WrongIssuer),
        ("iss as a list", by_issuer(json!(["https://id.example"])), typed("iss", "a text")),
        ("iss with a slash more", by_issuer(json!("https://id.example/")), TokenError::WrongIssuer),
        ("no sub", hs_claims("sub", Value::Null), TokenError::MissingClaim("sub")),
        ("sub as a number", hs_claims("sub", json!(17)), typed("sub", "a text")),
        ("sub as an object", hs_claims("sub", json!({"$ne": ""})), object),
        ("sub empty", hs_claims("sub", json!("")), TokenError::BadSubject(IdError::Empty)),
        ("sub -1", hs_claims("sub", json!("-1")), TokenError::BadSubject(IdError::Reserved)),
        (
            "sub with a NUL",
            hs_claims("sub", json!("a\0b")),
            TokenError::BadSubject(IdError::Control),
        ),
        (
            "sub of 65 bytes",
            hs_claims("sub", json!("x".repeat(65))),
            TokenError::BadSubject(IdError::TooLong { len: 65, max: 64 }),
        ),
        (
            "an unknown role",
            hs_claims("role", json!("root")),
            bad("role", "it must be user, agent, bot or admin"),
        ),
        ("a role in a list", hs_claims("role", json!(["admin"])), typed("role", "a text")),
        ("perm as a text", hs_claims("perm", json!("broadcast")), typed("perm", "a list of texts")),
        ("perm with a number", hs_claims("perm", json!([1])), typed("perm", "a list of texts")),
        (
            "perm with 33 entries",
            hs_claims("perm", json!(vec!["p"; 33])),
            bad("perm", "it has more than 32 entries"),
        ),
        ("a name as a number", hs_claims("name", json!(1)), typed("name", "a text")),
        ("a name with a line break", hs_claims("name", json!("a\nb")), bad("name", long)),
        ("an avatar as a list", hs_claims("avatar", json!([])), typed("avatar", "a text")),
        (
            "a device that is too long",
            hs_claims("device", json!("d".repeat(65))),
            bad("device", long),
        ),
    ]
}

#[test]
fn every_bad_token_is_refused_with_its_own_reason() {
    let rows =
        [not_a_jwt(), unsigned(), forged(), bringing_a_key(), bad_times(), bad_claims()].concat();
    assert!(rows.len() >= 100, "{} rows", rows.len());
    let verifier = verifier();
    for (name, token, expected) in rows {
        let refusal = verifier.verify(&token, Audience::Native, NOW_MS).expect_err(name);
        assert_eq!(refusal, expected, "{name}");
        let code = if matches!(expected, TokenError::Expired { .. }) {
            "token_expired"
        } else {
            "unauthorized"
        };
        assert_eq!(refusal.code().as_str(), code, "{name}");
        let text = refusal.to_string();
        assert!(token.len() < 20 || !text.contains(&token), "{name}: the text repeats the token");
        assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
    }
}

#[test]
fn the_token_all_rows_are_made_from_is_accepted() {
    assert!(verifier().verify(&good(), Audience::Native, NOW_MS).is_ok());
}

#[test]
fn a_token_with_any_one_character_changed_or_cut_off_is_refused() {
    let verifier = verifier();
    for good in [good(), token(&header("EdDSA", "ed"), &claims(), &ed())] {
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                verifier.verify(&changed, Audience::Native, NOW_MS).is_err(),
                "changed at {at}"
            );
            assert!(verifier.verify(&good[..at], Audience::Native, NOW_MS).is_err(), "cut at {at}");
        }
    }
}

#[test]
fn a_token_for_addresses_is_not_taken_natively_and_may_not_live_long() {
    let verifier = verifier();
    let for_an_hour = hs_claims("aud", json!("dialect"));
    assert!(verifier.verify(&for_an_hour, Audience::Dialect, NOW_MS).is_ok());
    let mut claims = claims_with("aud", json!("dialect"));
    claims["exp"] = json!(NOW_S + 30 * 86_400);
    let for_a_month = token(&header("HS256", "hs"), &claims, &hs());
    assert_eq!(
        verifier.verify(&for_a_month, Audience::Dialect, NOW_MS),
        Err(TokenError::LivesTooLong { max_s: 86_400 })
    );
    assert_eq!(
        verifier.verify(&good(), Audience::Dialect, NOW_MS),
        Err(TokenError::WrongAudience { expected: "dialect" })
    );
}

#[test]
fn a_long_unknown_key_id_is_cut_in_the_error() {
    let long = token(&header("HS256", &"k".repeat(1_000)), &claims(), &hs());
    let refusal = verifier().verify(&long, Audience::Native, NOW_MS).unwrap_err();
    assert_eq!(refusal, TokenError::UnknownKey { kid: "k".repeat(64) });
    assert_eq!(refusal.code(), ErrorCode::Unauthorized);
}
