//! Generated files are fresh, and golden frames under lock stay as they are: what version 1 of the
//! protocol once said it says for ever.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;
use crate::codegen::{self, Fault, LOCK, TYPES};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = frames(tree);
    let fresh =
        tree.file(TYPES).is_some_and(|file| file.text == magpie_proto::schema::typescript());
    if !fresh {
        findings.push(finding(TYPES, "it is not what the code says: run `cargo xtask codegen`"));
    }
    findings
}

fn finding(file: &str, advice: impl Into<String>) -> Finding {
    Finding { file: file.to_owned(), line: 1, rule: "generated", advice: advice.into() }
}

fn frames(tree: &Tree) -> Vec<Finding> {
    let lock = tree.file(LOCK).map(|file| codegen::parse(&file.text)).unwrap_or_default();
    let frames: BTreeMap<String, String> = tree
        .files
        .iter()
        .filter_map(|file| {
            Some((codegen::name_of(&file.path)?, codegen::hash(file.text.as_bytes())))
        })
        .collect();
    let advice = |fault| match fault {
        Fault::Changed => {
            "is under lock and was changed: frames of version 1 stay as they are, add another one"
        }
        Fault::Vanished => {
            "is under lock and not there any more: frames of version 1 stay for ever"
        }
        Fault::New => "is not under lock yet: run `cargo xtask codegen --bless`",
    };
    codegen::faults(&lock, &frames)
        .into_iter()
        .map(|(name, fault)| finding(LOCK, format!("the golden frame {name} {}", advice(fault))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = "crates/magpie-proto/golden/v1/client/ping.json";

    #[test]
    fn a_frame_under_lock_may_neither_change_nor_vanish_and_a_new_one_is_put_under_it() {
        let locked = format!("client/ping {}\n", codegen::hash(b"{}\n"));
        let said = |files: &[(&str, &str)]| {
            let found = frames(&Tree::of(files));
            found.into_iter().map(|one| one.advice).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(said(&[(FRAME, "{}\n"), (LOCK, &locked)]), "");
        assert!(said(&[(FRAME, "{ }\n"), (LOCK, &locked)]).contains("ping is under lock and was"));
        assert!(said(&[(LOCK, &locked)]).contains("client/ping is under lock and not there"));
        assert!(said(&[(FRAME, "{}\n")]).contains("codegen --bless"));
    }

    #[test]
    fn types_that_are_not_what_the_code_says_are_stale() {
        let fresh = magpie_proto::schema::typescript();
        assert_eq!(check(&Tree::of(&[(TYPES, &fresh)])), []);
        let stale = fresh.replace("msg.change", "msg.changed");
        assert_eq!(check(&Tree::of(&[(TYPES, &stale)])).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
