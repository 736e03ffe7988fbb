//! The way of one message, socket to socket, stays short enough to read in one sitting:
//! the `path` block of ARCHITECTURE.md lists its eight files, and their lines are counted.

use super::Finding;
use super::markdown;
use super::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";
const FILES: usize = 8;
const MAX_LINES: usize = 2_400;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let finding = |line, advice| Finding { file: PAGE.to_owned(), line, rule: "main-path", advice };
    let Some(page) = tree.file(PAGE) else {
        let advice = format!(
            "the page is missing: write it, with a fenced block ```path that lists the {FILES} files of the main path, one a line"
        );
        return vec![finding(1, advice)];
    };
    let Some((start, entries)) = markdown::fenced_block(&page.text, "path") else {
        let advice =
            format!("no fenced block ```path: list the {FILES} files of the main path, one a line");
        return vec![finding(1, advice)];
    };
    let mut findings = Vec::new();
    let mut lines = 0;
    for (line, path) in &entries {
        match tree.file(path) {
            Some(file) => lines += file.lines(),
            None => findings.push(finding(
                *line,
                format!("`{path}` does not exist: name the file that took its place"),
            )),
        }
    }
    if entries.len() != FILES {
        let advice = format!("the main path has {} files, it should have {FILES}", entries.len());
        findings.push(finding(start, advice));
    }
    if lines > MAX_LINES {
        let advice = format!(
            "the main path has {lines} lines without tests, at most {MAX_LINES}: move side paths out of its files"
        );
        findings.push(finding(start, advice));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(paths: &[&str]) -> String {
        format!("# A\n\n```path\n{}\n```\n", paths.join("  # words\n"))
    }

    #[test]
    fn eight_short_files_pass() {
        let names: Vec<String> = (0..8).map(|n| format!("src/{n}.rs")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = page(&names);
        let code = "x\n".repeat(300);
        let mut files = vec![(PAGE, text.as_str())];
        files.extend(names.iter().map(|name| (*name, code.as_str())));
        assert_eq!(check(&Tree::of(&files)), []);

        let long = "x\n".repeat(301);
        files.pop();
        files.push((names[7], &long));
        assert!(check(&Tree::of(&files))[0].advice.contains("2401 lines"));
    }

    #[test]
    fn a_missing_page_block_or_file_is_named() {
        assert!(check(&Tree::of(&[]))[0].advice.contains("page is missing"));
        assert!(check(&Tree::of(&[(PAGE, "# A\n")]))[0].advice.contains("no fenced block"));
        let found = check(&Tree::of(&[(PAGE, &page(&["src/gone.rs"]))]));
        assert!(found.iter().any(|f| f.line == 4 && f.advice.contains("src/gone.rs")), "{found:?}");
        assert!(found.iter().any(|f| f.advice.contains("has 1 files")), "{found:?}");
    }
}
