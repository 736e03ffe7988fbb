//! The first start makes what is needed and shows it once; later starts load it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use magpie_auth::*;

use crate::world::{NOW_MS, SECRET};

fn start(folder: &Path) -> Secrets {
    Secrets::load_or_create(folder, None, NOW_MS).unwrap()
}

fn authenticator(secrets: &Secrets) -> Authenticator {
    Authenticator::new(AuthSettings::new(secrets.signing.clone(), secrets.api_keys.clone()))
        .unwrap()
}

#[test]
fn the_first_start_makes_a_secret_and_one_key_and_later_starts_keep_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = start(&data);
    let key = first.new_api_key.clone().unwrap().key;
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
    let second = start(&data);
    assert!(second.new_api_key.is_none(), "the key is shown once");
    let user = magpie_proto::UserId::parse("a").unwrap();
    let minted = authenticator(&first).mint(&TokenRequest::native(user, 60), NOW_MS).unwrap();
    for secrets in [&first, &second] {
        let authenticator = authenticator(secrets);
        let backend = authenticator.verify_key(Some(&format!("Bearer {key}"))).unwrap();
        assert!(backend.may(Scope::Admin));
        assert!(authenticator.verify_user(&minted.token, Audience::Native, NOW_MS).is_ok());
    }
}

#[test]
fn all_files_are_private_and_two_installations_share_nothing() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys =
        [start(one.path()), start(two.path())].map(|secrets| secrets.new_api_key.unwrap().key);
    assert_ne!(keys[0], keys[1]);
    let read = |folder: &Path| fs::read_to_string(folder.join("signing.key")).unwrap();
    assert_ne!(read(one.path()), read(two.path()));
    assert_eq!(read(one.path()).trim().len(), 43, "32 random bytes in base64");
    assert_ne!(read(one.path()), fs::read_to_string(one.path().join("media.key")).unwrap());
    for file in ["signing.key", "media.key", "api-keys.toml"] {
        let mode = fs::metadata(one.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(fs::read_dir(one.path()).unwrap().count(), 3, "nothing is left beside the files");
}

#[test]
fn a_key_from_the_environment_makes_another_one_unnecessary() {
    let folder = tempfile::tempdir().unwrap();
    let key = EnvironmentKey::from_text("MAGPIE_API_KEY", SECRET).unwrap();
    let secrets = Secrets::load_or_create(folder.path(), Some(&key), NOW_MS).unwrap();
    assert!(secrets.new_api_key.is_none());
    assert_eq!(secrets.api_keys.list().count(), 0);
    assert!(start(folder.path()).new_api_key.is_some(), "a start without it makes one");
}

#[test]
fn a_withdrawn_first_key_is_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = start(folder.path());
    let id = secrets.new_api_key.unwrap().id;
    assert!(secrets.api_keys.revoke(&id).unwrap());
    let again = start(folder.path());
    assert!(again.new_api_key.is_none());
    assert!(again.api_keys.list().all(|key| key.revoked));
}

#[test]
fn a_secret_of_the_operator_is_taken_if_it_is_strong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing.key");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    let own =
        AuthSettings::new(SigningSecret::from_text("test", SECRET).unwrap(), ApiKeys::empty(&path));
    let user = magpie_proto::UserId::parse("a").unwrap();
    let minted =
        Authenticator::new(own).unwrap().mint(&TokenRequest::native(user, 60), NOW_MS).unwrap();
    let loaded = authenticator(&start(folder.path()));
    assert!(
        loaded.verify_user(&minted.token, Audience::Native, NOW_MS).is_ok(),
        "the line's text is the key"
    );

    for (text, reason) in [
        ("secret".to_owned(), "6 characters"),
        (String::new(), "0 characters"),
        ("s".repeat(31), "31 characters"),
        (format!("{SECRET}\n{SECRET}"), "line breaks"),
    ] {
        fs::write(&path, text).unwrap();
        let found = Secrets::load_or_create(folder.path(), None, NOW_MS).unwrap_err().to_string();
        assert!(
            found.contains(reason)
                && found.contains("signing.key")
                && found.contains("openssl rand"),
            "{found}"
        );
    }
}

#[test]
fn a_file_that_others_can_read_gets_a_warning_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path());
    let path = folder.path().join("signing.key");
    for (mode, warned) in
        [(0o644, true), (0o640, true), (0o604, true), (0o600, false), (0o400, false)]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let warnings = start(folder.path()).warnings;
        assert_eq!(warnings.len(), usize::from(warned), "{mode:o}: {warnings:?}");
        assert!(
            warnings.iter().all(|text| text.contains("chmod 600") && text.contains("signing.key"))
        );
    }
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "not a folder").unwrap();
    let found = Secrets::load_or_create(&file, None, NOW_MS).unwrap_err().to_string();
    assert!(found.contains("data") && found.contains("signing.key"), "{found}");
}
