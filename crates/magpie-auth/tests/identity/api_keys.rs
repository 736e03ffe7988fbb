//! API keys of backends: accepted while valid, hashed at rest, withdrawn for good.

use std::{fs, path::PathBuf};

use magpie_auth::*;
use tempfile::TempDir;

use crate::world::{NOW_MS, SECRET};

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api-keys.toml");
    (folder, path)
}

fn authenticator(api_keys: ApiKeys, environment_key: Option<&str>) -> Authenticator {
    let environment_key =
        environment_key.map(|key| EnvironmentKey::from_text("MAGPIE_API_KEY", key).unwrap());
    let signing = SigningSecret::from_text("test", SECRET).unwrap();
    Authenticator::new(AuthSettings { environment_key, ..AuthSettings::new(signing, api_keys) })
        .unwrap()
}

#[test]
fn a_key_opens_its_scopes_also_after_a_restart() {
    let (_folder, path) = place();
    let mut keys = ApiKeys::empty(&path);
    let made = keys.create("shop", Scopes::of(&[Scope::Push]), NOW_MS).unwrap();
    let reloaded = ApiKeys::load(&path).unwrap().unwrap();
    for keys in [keys, reloaded] {
        let info = keys.list().next().unwrap().clone();
        assert_eq!((info.name.as_str(), info.created_ms, info.revoked), ("shop", NOW_MS, false));
        let identity =
            authenticator(keys, None).verify_key(Some(&format!("Bearer {}", made.key))).unwrap();
        assert_eq!(identity.id, made.id);
        assert!(identity.may(Scope::Push) && !identity.may(Scope::Kick));
    }
}

#[test]
fn a_key_has_the_documented_form_and_256_random_bits() {
    let (_folder, path) = place();
    let mut keys = ApiKeys::empty(&path);
    let first = keys.create("a", Scopes::all(), NOW_MS).unwrap();
    let second = keys.create("b", Scopes::all(), NOW_MS).unwrap();
    for made in [&first, &second] {
        let parts: Vec<_> = made.key.split('_').collect();
        assert_eq!((parts[0], parts[1]), ("mk", made.id.as_str()));
        assert_eq!((parts[1].len(), parts[2].len(), parts.len()), (16, 64, 3));
    }
    assert_ne!(first.key, second.key);
}

#[test]
fn the_file_holds_hashes_and_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let mut keys = ApiKeys::empty(&path);
    let made = keys.create("shop", Scopes::all(), NOW_MS).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let secret = made.key.rsplit_once('_').unwrap().1;
    assert!(!text.contains(secret) && text.contains(&made.id), "{text}");
    assert!(!format!("{keys:?} {made:?}").contains(secret));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn a_withdrawn_key_stays_withdrawn_and_the_others_stay_valid() {
    let (_folder, path) = place();
    let mut keys = ApiKeys::empty(&path);
    let (old, new) = (
        keys.create("old", Scopes::all(), NOW_MS).unwrap(),
        keys.create("new", Scopes::all(), NOW_MS).unwrap(),
    );
    assert!(keys.revoke(&old.id).unwrap());
    assert!(!keys.revoke("no such key").unwrap());
    let keys = ApiKeys::load(&path).unwrap().unwrap();
    assert_eq!(keys.verify(&old.key), Err(KeyError::Revoked));
    assert!(keys.verify(&new.key).is_ok());
}

#[test]
fn wrong_keys_are_refused_whatever_is_wrong_with_them() {
    let (_folder, path) = place();
    let mut keys = ApiKeys::empty(&path);
    let made = keys.create("shop", Scopes::all(), NOW_MS).unwrap();
    let authenticator = authenticator(keys, Some(SECRET));
    let key = made.key.as_str();
    let with = |key: &str| format!("Bearer {key}");
    let other_secret = format!("mk_{}_{}", made.id, "0".repeat(64));
    let other_id = key.replace(&made.id, "0000000000000000");
    let rows = [
        (String::new(), KeyError::Missing),
        ("   ".into(), KeyError::Missing),
        (key.into(), KeyError::Malformed),
        ("Bearer".into(), KeyError::Malformed),
        (format!("Basic {key}"), KeyError::Malformed),
        (with("mk_"), KeyError::Unknown),
        (with("mk__"), KeyError::Unknown),
        (with(&other_secret), KeyError::Unknown),
        (with(&other_id), KeyError::Unknown),
        (with(&key.to_uppercase()), KeyError::Unknown),
        (with(&key[..key.len() - 1]), KeyError::Unknown),
        (with(&format!("{key}0")), KeyError::Unknown),
        (with(&format!("{key} {key}")), KeyError::Unknown),
        (with(&SECRET[1..]), KeyError::Unknown),
    ];
    for (header, expected) in rows {
        assert_eq!(authenticator.verify_key(Some(&header)), Err(expected), "{header:?}");
        assert_eq!(expected.code().as_str(), "unauthorized");
    }
    assert_eq!(authenticator.verify_key(None), Err(KeyError::Missing));
    for header in [with(key), format!("bearer  {key} "), with(SECRET)] {
        assert!(authenticator.verify_key(Some(&header)).is_ok(), "{header}");
    }
}

#[test]
fn the_key_of_the_environment_may_do_everything_and_must_be_strong() {
    let (_folder, path) = place();
    let authenticator = authenticator(ApiKeys::empty(&path), Some(&format!(" {SECRET}\n")));
    let identity = authenticator.verify_key(Some(&format!("Bearer {SECRET}"))).unwrap();
    assert_eq!(identity.id, "env");
    assert!(Scope::ALL.into_iter().all(|scope| identity.may(scope)));
    assert!(!path.exists(), "it is not written to disk");

    let refused =
        |text: &str| EnvironmentKey::from_text("MAGPIE_API_KEY", text).unwrap_err().to_string();
    let weak = refused(&"k".repeat(31));
    assert!(
        weak.contains("MAGPIE_API_KEY") && weak.contains("31") && weak.contains("openssl rand"),
        "{weak}"
    );
    assert!(refused("").contains("0 characters"));
    assert!(refused(&"密".repeat(31)).contains("31 characters"), "characters count, not bytes");
    assert!(refused(&"密".repeat(32)).contains("outside ASCII"));
    assert!(refused(&format!("{SECRET} {SECRET}")).contains("spaces"));
    assert!(EnvironmentKey::from_text("MAGPIE_API_KEY", &"k".repeat(32)).is_ok());
}

#[test]
fn a_spoiled_key_file_is_refused_with_file_and_place() {
    let (_folder, path) = place();
    let entry = |hash: &str, scopes: &str| {
        format!(
            "[[key]]\nid = \"a\"\nname = \"n\"\nsha256 = \"{hash}\"\nscopes = {scopes}\ncreated_ms = 1\n"
        )
    };
    let good = entry(&"0".repeat(64), "[\"push\"]");
    for (name, text, reason) in [
        ("not TOML", "[[key".to_owned(), "line 1"),
        ("a missing field", "[[key]]\nid = \"a\"\n".to_owned(), "missing field"),
        ("an unknown field", format!("{good}colour = 1\n"), "colour"),
        ("a short hash", entry("00", "[]"), "64 hexadecimal"),
        ("a hash of other letters", entry(&"+".repeat(64), "[]"), "64 hexadecimal"),
        ("an unknown scope", entry(&"0".repeat(64), "[\"fly\"]"), "\"fly\""),
        ("the same id twice", format!("{good}{good}"), "two keys"),
    ] {
        fs::write(&path, text).unwrap();
        let found = ApiKeys::load(&path).unwrap_err().to_string();
        assert!(found.contains(reason) && found.contains("api-keys.toml"), "{name}: {found}");
    }
    fs::write(&path, &good).unwrap();
    assert!(ApiKeys::load(&path).unwrap().is_some());
}

#[test]
fn a_key_that_could_not_be_written_does_not_exist() {
    let (_folder, path) = place();
    fs::write(&path, "a file where a folder should be").unwrap();
    let mut keys = ApiKeys::empty(&path.join("api-keys.toml"));
    let found = keys.create("shop", Scopes::all(), NOW_MS).unwrap_err().to_string();
    assert!(found.contains("api-keys.toml") && found.contains("may write"), "{found}");
    assert_eq!(keys.list().count(), 0);
}
