//! Type names say what a thing is. Endings that would fit any type are refused.

use super::tree::Tree;
use super::{Finding, code};

const ENDINGS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Service"];
const KEYWORDS: &[&str] = &["struct", "enum", "trait", "type", "union"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (line, name) in type_names(&file.code) {
            if let Some(ending) = ENDINGS.iter().find(|ending| name.ends_with(**ending)) {
                findings.push(Finding {
                    file: file.path.clone(),
                    line,
                    rule: "type-name",
                    advice: format!(
                        "`{name}` ends in `{ending}`, which says nothing: name what it is or does"
                    ),
                });
            }
        }
    }
    findings
}

/// The names that follow a keyword which declares a type.
fn type_names(masked: &str) -> Vec<(usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut declares = false;
    for word in masked.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()) {
        if declares && word.starts_with(char::is_uppercase) {
            let at = word.as_ptr().addr() - masked.as_ptr().addr();
            found.push((code::line_of(masked, at), word));
        }
        declares = KEYWORDS.contains(&word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_found_where_they_are_declared() {
        let text = "struct Outbox;\npub(crate) enum SendHelper {}\nfn f(x: tower::Service) {}\n";
        let found = check(&Tree::of(&[("a.rs", text)]));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{found:?}");
    }

    #[test]
    fn plain_names_and_words_in_comments_pass() {
        let text =
            "// struct PushManager\nstruct Manage;\ntype Utility = u8;\nimpl Service for X {}\n";
        assert!(check(&Tree::of(&[("a.rs", text)])).is_empty());
    }
}
