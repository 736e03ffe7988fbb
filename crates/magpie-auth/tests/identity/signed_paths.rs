//! Signed dialect paths: a known answer for other languages, and every way to spoil one.

use magpie_auth::{
    ApiKeys, AuthSettings, Authenticator, PathError, PathSigner, SignedQuery, SigningSecret,
};

use crate::world::{NOW_MS, NOW_S, SECRET};

const PATH: &str = "/websocket/小明/翠花";
const EXP_S: u64 = NOW_S + 3_600;
/// Made with Python's hmac module over `v1\nlocal\nmarket\n/websocket/小明/翠花\n1700003600`.
const SIGNATURE: &str = "-JfwbFOXgEYv76CvY1uMcOFWMFWqGY_CXykakvB40d4";
const SIGNATURE_HEX: &str = "f897f06c539780462fefa0af635b8c70e1563055aa198fc25f291a92f078d1de";

fn signer() -> PathSigner {
    PathSigner::new(&SigningSecret::from_text("test", SECRET).unwrap())
}

fn verify(dialect: &str, path: &str, query: &str, now_ms: u64) -> Result<u64, PathError> {
    let query = SignedQuery::parse(query)?;
    signer().verify(dialect, path, &query, now_ms).map(|proved| proved.expires_ms)
}

fn query() -> String {
    format!("kid=local&exp={EXP_S}&sig={SIGNATURE}")
}

#[test]
fn the_signature_of_the_documented_text_is_the_known_one() {
    let signed = signer().sign("market", PATH, EXP_S, NOW_MS).unwrap();
    assert_eq!(signed.to_query(), query());
}

#[test]
fn both_writings_of_the_signature_are_taken_until_exp() {
    let hex = format!("room=1&sig={SIGNATURE_HEX}&exp={EXP_S}&kid=local&t");
    for query in [query(), hex.clone(), hex.replace(SIGNATURE_HEX, &SIGNATURE_HEX.to_uppercase())] {
        assert_eq!(verify("market", PATH, &query, NOW_MS), Ok(EXP_S * 1_000), "{query}");
        assert_eq!(verify("market", PATH, &query, EXP_S * 1_000 - 1), Ok(EXP_S * 1_000));
        assert_eq!(verify("market", PATH, &query, EXP_S * 1_000), Err(PathError::Expired));
    }
}

#[test]
fn every_spoiled_query_is_refused_with_its_own_reason() {
    let bad_kid = "it must be 1 to 64 letters, digits, dots, dashes or underscores";
    let bad_exp = "it must be a plain number of Unix seconds";
    let bad_sig = "it must be 32 bytes in base64url without padding, or 64 hexadecimal digits";
    let bad = |name, reason| PathError::BadParameter { name, reason };
    let good = query();
    let exp = |text: &str| good.replace(&EXP_S.to_string(), text);
    let sig = |text: &str| good.replace(SIGNATURE, text);
    let kid = |text: &str| good.replace("local", text);
    for (query, expected) in [
        (String::new(), PathError::Missing("kid")),
        (format!("exp={EXP_S}&sig={SIGNATURE}"), PathError::Missing("kid")),
        (format!("kid=local&sig={SIGNATURE}"), PathError::Missing("exp")),
        (format!("kid=local&exp={EXP_S}"), PathError::Missing("sig")),
        (format!("{good}&exp=9999999999"), bad("exp", "it stands there twice")),
        (format!("{good}&sig={SIGNATURE}"), bad("sig", "it stands there twice")),
        (kid("loc%61l"), bad("kid", bad_kid)),
        (kid(""), bad("kid", bad_kid)),
        (kid("other"), PathError::UnknownKey),
        (kid("Local"), PathError::UnknownKey),
        (exp(""), bad("exp", bad_exp)),
        (exp("soon"), bad("exp", bad_exp)),
        (exp(&format!("0{EXP_S}")), bad("exp", bad_exp)),
        (exp(&format!("+{EXP_S}")), bad("exp", bad_exp)),
        (exp("-1"), bad("exp", bad_exp)),
        (exp("1.7e9"), bad("exp", bad_exp)),
        (exp("99999999999999999999"), bad("exp", bad_exp)),
        (exp(&(EXP_S + 1).to_string()), PathError::BadSignature),
        (exp(&u64::MAX.to_string()), PathError::BadSignature),
        (sig(""), bad("sig", bad_sig)),
        (sig(&SIGNATURE[..42]), bad("sig", bad_sig)),
        (sig(&format!("{SIGNATURE}=")), bad("sig", bad_sig)),
        (sig(&SIGNATURE.replace('-', "%2D")), bad("sig", bad_sig)),
        (sig(&SIGNATURE_HEX[..63]), bad("sig", bad_sig)),
        (sig(&SIGNATURE_HEX.replace('f', "g")), bad("sig", bad_sig)),
        (sig(&SIGNATURE.replace('J', "K")), PathError::BadSignature),
        (sig(&"0".repeat(64)), PathError::BadSignature),
    ] {
        assert_eq!(verify("market", PATH, &query, NOW_MS), Err(expected), "{query}");
    }
}

#[test]
fn a_signature_is_good_for_its_path_and_dialect_only() {
    for (dialect, path) in [
        ("miao", PATH),
        ("market", "/websocket/翠花/小明"),
        ("market", "/websocket/小明/翠花/"),
        ("market", "/websocket/%E5%B0%8F%E6%98%8E/%E7%BF%A0%E8%8A%B1"),
        ("", PATH),
    ] {
        assert_eq!(
            verify(dialect, path, &query(), NOW_MS),
            Err(PathError::BadSignature),
            "{dialect} {path}"
        );
    }
    let moved = verify("market", "/websocket/小明\n翠花", &query(), NOW_MS);
    assert_eq!(moved, Err(PathError::BadPath));
}

#[test]
fn nothing_is_signed_or_taken_for_more_than_a_day() {
    let signer = signer();
    let day_s = 24 * 3_600;
    let sign = |exp_s| signer.sign("market", PATH, exp_s, NOW_MS);
    assert!(sign(NOW_S + day_s).is_ok());
    assert_eq!(sign(NOW_S), Err(PathError::Expired));
    for exp_s in [NOW_S + day_s + 61, NOW_MS + 3_600_000, u64::MAX] {
        assert_eq!(sign(exp_s), Err(PathError::TooFarAhead), "{exp_s}");
    }
    let signed = sign(NOW_S + day_s).unwrap();
    let early_ms = NOW_MS - 120_000;
    assert_eq!(signer.verify("market", PATH, &signed, early_ms), Err(PathError::TooFarAhead));
}

#[test]
fn a_second_key_has_its_own_id_and_must_be_strong() {
    let other = "another-test-only-secret-of-enough-characters";
    let signer = signer().with_key("shop-1", other).unwrap();
    let local = signer.sign("market", PATH, EXP_S, NOW_MS).unwrap();
    assert_eq!(signer.verify("market", PATH, &local, NOW_MS).unwrap().key_id, "local");
    let claimed = SignedQuery::parse(&query().replace("local", "shop-1")).unwrap();
    assert_eq!(signer.verify("market", PATH, &claimed, NOW_MS), Err(PathError::BadSignature));
    for (kid, secret) in
        [("shop-1", other), ("local", other), ("a b", other), ("", other), ("weak", "short")]
    {
        assert!(signer.clone().with_key(kid, secret).is_err(), "{kid}");
    }
}

#[test]
fn the_authenticator_reads_the_raw_query() {
    let settings = AuthSettings::new(
        SigningSecret::from_text("test", SECRET).unwrap(),
        ApiKeys::empty(std::path::Path::new("k")),
    );
    let authenticator = Authenticator::new(settings).unwrap();
    let signed = authenticator.sign_path("market", PATH, EXP_S, NOW_MS).unwrap();
    let proved = authenticator.verify_path("market", PATH, &signed.to_query(), NOW_MS).unwrap();
    assert_eq!(proved.expires_ms, EXP_S * 1_000);
    let late =
        authenticator.verify_path("market", PATH, &signed.to_query(), EXP_S * 1_000).unwrap_err();
    assert_eq!(late.code().as_str(), "token_expired");
    let none = authenticator.verify_path("market", PATH, "", NOW_MS).unwrap_err();
    assert_eq!(none.code().as_str(), "unauthorized");
}
