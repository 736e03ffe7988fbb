//! `cargo xtask tidy`: the house rules as checks, one small file each in `tidy/`.
//! A check reads the tree and returns findings; it never changes a file.

mod code;
mod crate_edges;
mod functions;
mod generated;
mod lib_rs;
mod links;
mod machine_paths;
mod main_path;
mod markdown;
mod module_docs;
mod names;
mod rust_sizes;
mod todos;
mod tree;
mod web_sizes;

use std::path::Path;

use anyhow::Result;

use crate::console;
use tree::Tree;

/// One broken rule: where, which, and what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    advice: String,
}

type Check = fn(&Tree) -> Vec<Finding>;

const CHECKS: &[Check] = &[
    crate_edges::check,
    functions::check,
    generated::check,
    lib_rs::check,
    links::check,
    machine_paths::check,
    main_path::check,
    module_docs::check,
    names::check,
    rust_sizes::check,
    todos::check,
    web_sizes::check,
];

/// Runs every check; `false` when there is a finding.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let tree = Tree::load(root)?;
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    findings.sort();
    for finding in &findings {
        let Finding { file, line, rule, advice } = finding;
        console::complain(&format!("{file}:{line}: [{rule}] {advice}"));
    }
    console::say(&format!(
        "tidy: {} files, {} findings; p90 of Rust files {} lines (at most {}), of functions {} (at most {})",
        tree.paths.len(),
        findings.len(),
        rust_sizes::p90(&tree),
        rust_sizes::P90_LINES,
        functions::p90(&tree),
        functions::P90_LINES,
    ));
    Ok(findings.is_empty())
}

/// The value that nine of ten do not exceed; 0 of nothing.
fn ninth_decile(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    let rank = (values.len() * 9).div_ceil(10);
    rank.checked_sub(1).and_then(|index| values.get(index)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::ninth_decile;

    #[test]
    fn nine_of_ten_values_do_not_exceed_the_ninth_decile() {
        assert_eq!(ninth_decile((1..=10).rev().collect()), 9);
        assert_eq!(ninth_decile(vec![7]), 7);
        assert_eq!(ninth_decile(vec![]), 0);
    }
}
