//! The generated pages equal the key table: `docs/config.md` and `magpie.example.toml`.
//! `MAGPIE_BLESS=1 cargo test -p magpie-server --test cli_docs` writes them anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::PathBuf};

use magpie_server::config::{Config, Flags, render};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn assert_fresh(path: &str, wanted: &str) {
    let file = root().join(path);
    if std::env::var_os("MAGPIE_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, wanted).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == wanted,
        "{path} is stale: run MAGPIE_BLESS=1 cargo test -p magpie-server --test cli_docs"
    );
}

#[test]
fn the_configuration_page_is_fresh() {
    assert_fresh("docs/config.md", &render::markdown());
}

#[test]
fn the_example_file_is_fresh() {
    assert_fresh("magpie.example.toml", &render::example());
}

#[test]
fn the_example_changes_nothing_even_with_every_default_written_out() {
    let written_out: String = render::example()
        .lines()
        .map(|line| {
            let key = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
            format!("{}\n", key.unwrap_or(line))
        })
        .collect();
    assert!(written_out.contains("\nlisten = \"127.0.0.1:8080\"\n"), "{written_out}");
    let folder = tempfile::tempdir().unwrap();
    let defaults = Config::default();
    for text in [render::example(), render::starter(), written_out] {
        let file = folder.path().join("magpie.toml");
        fs::write(&file, text).unwrap();
        let flags = Flags { config: Some(file.clone()), ..Flags::default() };
        let mut loaded = Config::load(&flags, []).unwrap();
        assert_eq!(loaded.file.take(), Some(file));
        loaded.places.clear();
        assert_eq!(loaded, defaults);
    }
}

#[test]
fn every_key_has_a_sentence() {
    for section in Config::default().sections() {
        assert!(!section.doc().is_empty(), "{}", section.name());
        for key in section.keys() {
            let text = key.text();
            assert!(
                text.len() > 15 && text.ends_with('.'),
                "{}.{}: {text:?}",
                section.name(),
                key.name
            );
        }
    }
}
