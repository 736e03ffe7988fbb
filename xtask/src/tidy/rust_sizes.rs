//! Size of Rust files: what a reader can hold in mind. Inline tests do not count.

use super::tree::Tree;
use super::{Finding, ninth_decile};

const MAX_LINES: usize = 600;
pub(super) const P90_LINES: usize = 350;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut sizes: Vec<(usize, &str)> =
        tree.rust().map(|file| (file.lines(), file.path.as_str())).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let finding =
        |path: &str, advice| Finding { file: path.to_owned(), line: 1, rule: "file-size", advice };
    let mut findings: Vec<Finding> = sizes
        .iter()
        .take_while(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| {
            let advice = format!(
                "{lines} lines without inline tests, at most {MAX_LINES}: move one of its subjects into a file of its own"
            );
            finding(path, advice)
        })
        .collect();
    let p90 = p90(tree);
    if p90 > P90_LINES
        && let Some((lines, path)) = sizes.first()
    {
        let advice = format!(
            "nine of ten files should have at most {P90_LINES} lines, the ninth decile is {p90}: split the largest, like this one with {lines}"
        );
        findings.push(finding(path, advice));
    }
    findings
}

/// The ninth decile of all files that are not test files.
pub(super) fn p90(tree: &Tree) -> usize {
    ninth_decile(tree.rust().filter(|file| !file.is_test()).map(|file| file.lines()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_found_and_one_at_it_is_not() {
        let (at, over) = ("x\n".repeat(600), "x\n".repeat(601));
        let mut files = vec![("at.rs", at.as_str()), ("over.rs", over.as_str())];
        files.extend([("s.rs", "x\n"); 30]);
        let found = check(&Tree::of(&files));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found.iter().all(|f| f.file == "over.rs" && f.advice.starts_with("601 lines")));
    }

    #[test]
    fn many_files_that_are_each_allowed_may_still_be_too_long_together() {
        let long = "x\n".repeat(400);
        let found = check(&Tree::of(&[("a.rs", &long), ("b.rs", "x\n")]));
        assert!(found.iter().any(|f| f.advice.contains("ninth decile is 400")), "{found:?}");
    }
}
