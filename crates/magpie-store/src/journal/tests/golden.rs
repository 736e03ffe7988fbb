//! Journals that earlier versions wrote are read for ever; format 1 does not change.

use std::{fs, path::PathBuf};

use super::{Owned, filled};
use crate::journal::{Batch, read};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/journal-v1")
}

#[test]
fn a_journal_of_format_1_is_read_for_ever() {
    let mut found = Vec::new();
    let mut each = |batch: Batch<'_>| {
        found.push(Owned::of(batch));
        Ok(())
    };
    let recovered = read(&folder(), 0, &mut each).expect("the golden files are sound");
    let (_, known) = filled(12, 2026);
    assert_eq!(found, known.kept);
    assert_eq!(recovered.last, known.last());
}

#[test]
fn the_same_batches_still_make_the_same_bytes() {
    let (sim, _) = filled(12, 2026);
    for name in sim.names() {
        let golden = fs::read(folder().join(&name)).expect("committed");
        assert!(golden == sim.contents(&name), "{name}: a new format needs a new version");
    }
}
