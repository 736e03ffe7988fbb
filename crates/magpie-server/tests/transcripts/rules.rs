//! The rules of `docs/compat.md` against the transcripts that prove them.

use std::{collections::BTreeSet, fs, path::Path};

use super::player::{files, folder};

/// Rule numbers are a letter and two digits, bold at the start of a table row.
fn rules() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compat.md");
    let text = fs::read_to_string(page).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| **"));
    rows.filter_map(|row| row.split_once("**")).map(|(rule, _)| rule.to_owned()).collect()
}

pub fn check() {
    let rules = rules();
    assert!(rules.len() >= 60, "only {} rules found", rules.len());
    let mut proved = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for file in files(&name) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let (rule, words) = stem.split_once('-').expect("RULE-words.txt");
            assert!(rules.contains(rule), "{name}/{stem}: no rule {rule} in docs/compat.md");
            assert!(!words.is_empty());
            proved.insert(rule.to_owned());
        }
    }
    let missing: Vec<_> = rules.difference(&proved).collect();
    assert!(missing.is_empty(), "rules without a transcript: {missing:?}");
}
