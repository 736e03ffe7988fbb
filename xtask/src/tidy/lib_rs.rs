//! `lib.rs` is a table of contents: crate doc, attributes, modules and what they show. No logic.

use super::tree::{File, Tree};
use super::{Finding, code};

const MAX_LINES: usize = 120;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().filter(|file| file.path.ends_with("src/lib.rs")).flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let finding = |line, advice| Finding { file: file.path.clone(), line, rule: "lib-rs", advice };
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        let advice = format!("{lines} lines, at most {MAX_LINES}: group modules under a parent");
        findings.push(finding(1, advice));
    }
    if let Some(line) = first_logic(&file.code) {
        let advice = "only docs, attributes, `mod` and `use` belong here: move this into a module";
        findings.push(finding(line, advice.to_owned()));
    }
    findings
}

/// The line of the first item that is neither `mod x;` nor a `use`.
fn first_logic(code: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += code[at..].len() - code[at..].trim_start().len();
        let rest = &code[at..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("#[") || rest.starts_with("#![") {
            at = code::closing(code, at + rest.find('[').unwrap_or(0));
            continue;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        let mut words = rest[..end].split_whitespace().skip_while(|word| word.starts_with("pub"));
        let listed = match words.next() {
            Some("mod") => !rest[..end].contains('{'),
            Some("use" | "extern") => true,
            _ => false,
        };
        if !listed || end == rest.len() {
            return Some(code::line_of(code, at));
        }
        at += end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doc_and_a_module_list_pass() {
        let text = "//! Doc.\n#![warn(x)]\n\n/// Words.\npub mod a;\npub(crate) mod b;\n#[cfg(test)]\nmod tests;\npub use a::{B, C};\n";
        assert!(check(&Tree::of(&[("crates/x/src/lib.rs", text)])).is_empty());
    }

    #[test]
    fn items_with_a_body_are_found_at_their_line() {
        for item in ["pub fn a() {}", "pub struct A;", "mod a {\n}", "macro_rules! m { () => {}; }"]
        {
            let text = format!("//! Doc.\nuse a::b;\n\n{item}\n");
            let found = check(&Tree::of(&[("crates/x/src/lib.rs", &text)]));
            assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [4], "{item}");
        }
    }

    #[test]
    fn a_long_list_is_found() {
        let text = format!("//! Doc.\n{}", "mod a;\n".repeat(120));
        assert_eq!(check(&Tree::of(&[("crates/x/src/lib.rs", &text)])).len(), 1);
    }
}
