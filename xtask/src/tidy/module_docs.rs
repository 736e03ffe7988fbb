//! Every Rust file opens with one to five `//!` lines, and `foo.rs` + `foo/` replaces `mod.rs`.

use super::Finding;
use super::tree::Tree;

const MAX_DOC_LINES: usize = 5;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let mut add = |line, advice: String| {
            findings.push(Finding { file: file.path.clone(), line, rule: "module-doc", advice });
        };
        let doc = file.text.lines().take_while(|line| line.starts_with("//!")).count();
        if doc == 0 {
            add(1, "no module doc: open with `//!` what it is, where it stands and what it must not do".to_owned());
        } else if doc > MAX_DOC_LINES {
            add(
                MAX_DOC_LINES + 1,
                format!(
                    "a module doc of {doc} lines, at most {MAX_DOC_LINES}: move the rest to the item it explains or to docs/"
                ),
            );
        } else if file.text.lines().take(doc).all(|line| line.len() <= "//! ".len()) {
            add(1, "an empty module doc: say what the file is".to_owned());
        }
        if file.path.ends_with("/mod.rs") {
            let folder = file.path.trim_end_matches("/mod.rs");
            add(1, format!("no `mod.rs`: rename it to {folder}.rs"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_five_lines_of_doc_pass() {
        let five = "//! Words.\n".repeat(5);
        assert!(check(&Tree::of(&[("a.rs", "//! Words.\n"), ("b.rs", &five)])).is_empty());
    }

    #[test]
    fn a_missing_empty_or_long_doc_and_a_mod_rs_are_found() {
        let six = "//! Words.\n".repeat(6);
        let tree = Tree::of(&[
            ("none.rs", "use a;\n"),
            ("late.rs", "#![no_std]\n//! Words.\n"),
            ("empty.rs", "//!\n"),
            ("long.rs", &six),
            ("a/mod.rs", "//! Words.\n"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|f| (f.file, f.line)).collect();
        let expected =
            [("none.rs", 1), ("late.rs", 1), ("empty.rs", 1), ("long.rs", 6), ("a/mod.rs", 1)];
        assert_eq!(found, expected.map(|(file, line)| (file.to_owned(), line)));
    }
}
