//! Length of functions, tests included. `clippy::too_many_lines` is the second net.

use super::tree::Tree;
use super::{Finding, code, ninth_decile};

const MAX_LINES: usize = 70;
pub(super) const P90_LINES: usize = 40;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for function in code::functions(&file.code) {
            if function.lines > MAX_LINES {
                findings.push(Finding {
                    file: file.path.clone(),
                    line: function.line,
                    rule: "function-size",
                    advice: format!(
                        "`{}` has {} lines, at most {MAX_LINES}: give one of its steps a name and a function",
                        function.name, function.lines
                    ),
                });
            }
        }
    }
    let p90 = p90(tree);
    if p90 > P90_LINES {
        findings.push(Finding {
            file: "Cargo.toml".to_owned(),
            line: 1,
            rule: "function-size",
            advice: format!(
                "nine of ten functions should have at most {P90_LINES} lines, the ninth decile of the workspace is {p90}: shorten the longest"
            ),
        });
    }
    findings
}

/// The ninth decile of all functions outside test files.
pub(super) fn p90(tree: &Tree) -> usize {
    let files = tree.rust().filter(|file| !file.is_test());
    ninth_decile(
        files.flat_map(|file| code::functions(&file.code)).map(|function| function.lines).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    x;\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_over_the_limit_is_found_by_name_and_line() {
        let text = format!("//! Doc.\n{}{}", "fn a() {}\n".repeat(20), function_of(71));
        let found = check(&Tree::of(&[("a.rs", &text)]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found.iter().all(|f| f.line == 22 && f.advice.starts_with("`long` has 71")));
    }

    #[test]
    fn a_function_at_the_limit_passes_unless_most_are_that_long() {
        let text = format!("{}{}", "fn a() {}\n".repeat(20), function_of(70));
        assert!(check(&Tree::of(&[("a.rs", &text)])).is_empty());
        assert_eq!(check(&Tree::of(&[("a.rs", &function_of(70))])).len(), 1);
    }
}
