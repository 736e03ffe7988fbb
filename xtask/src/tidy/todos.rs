//! What is left to do is an issue: a marker in the code carries its number.

use super::Finding;
use super::tree::Tree;

/// Written in two parts, so that this file does not find itself.
const NUMBERED: &str = concat!("TO", "DO");
const MARKERS: &[&str] = &[NUMBERED, concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
const ENDINGS: &[&str] =
    &[".rs", ".ts", ".vue", ".js", ".mjs", ".css", ".html", ".sql", ".sh", ".toml", ".md", ".yml"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if name != "Makefile" && !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            if let Some(marker) = bare_marker(line) {
                findings.push(Finding {
                    file: file.path.clone(),
                    line: index + 1,
                    rule: "numbered-todo",
                    advice: format!(
                        "a bare `{marker}`: do it now, or open an issue and write `{NUMBERED}(#12)` with its number"
                    ),
                });
            }
        }
    }
    findings
}

fn bare_marker(line: &str) -> Option<&'static str> {
    MARKERS.iter().copied().find(|marker| {
        line.match_indices(marker).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let rest = &line[at + marker.len()..];
            let inside_word = |c: char| c.is_alphanumeric() || c == '_';
            let is_word = !before.is_some_and(inside_word) && !rest.starts_with(inside_word);
            is_word && !(*marker == NUMBERED && is_numbered(rest))
        })
    })
}

fn is_numbered(rest: &str) -> bool {
    let digits = rest.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
    digits
        .is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_markers_and_longer_words_pass() {
        let text = format!("// {NUMBERED}(#12): words\nlet {NUMBERED}S = 1; // {NUMBERED}_X\n");
        assert!(check(&Tree::of(&[("a.rs", &text)])).is_empty());
    }

    #[test]
    fn bare_markers_are_found() {
        for marker in MARKERS {
            let text = format!("//! Doc.\n// {marker}: words\n");
            let found = check(&Tree::of(&[("a.rs", &text)]));
            assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{marker}");
        }
        assert!(bare_marker(&format!("{NUMBERED}(#)")).is_some());
    }
}
