//! Pages lead somewhere: relative links and their anchors, and files named in inline code,
//! have to exist in the repository. Links to other hosts are not followed.

use super::Finding;
use super::markdown;
use super::tree::{File, Tree};

/// A span of inline code that starts so and names a file is taken as a promise that it exists.
const FOLDERS: &[&str] =
    &["crates/", "docs/", "scripts/", "web/src/", "xtask/", "fuzz/", "deploy/"];
/// This page tells of files that are gone.
const HISTORY: &str = "CHANGELOG.md";

/// Written by typedoc, which numbers headings of the same name in a way of its own.
const GENERATED: &str = "sdk/js/docs/api/";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let ours = |file: &&File| file.path.ends_with(".md") && !file.path.starts_with(GENERATED);
    let pages = tree.files.iter().filter(ours);
    pages.flat_map(|page| of_page(tree, page)).collect()
}

fn of_page(tree: &Tree, page: &File) -> Vec<Finding> {
    let finding =
        |line, advice| Finding { file: page.path.clone(), line, rule: "dead-link", advice };
    let mut findings: Vec<Finding> = markdown::links(&page.text)
        .into_iter()
        .filter_map(|(line, target)| Some(finding(line, dead(tree, page, &target)?)))
        .collect();
    if page.path != HISTORY {
        for (line, span) in markdown::code_spans(&page.text) {
            if names_file(span) && !tree.has(span) {
                findings.push(finding(
                    line,
                    format!("`{span}` does not exist: name the file that took its place"),
                ));
            }
        }
    }
    findings
}

fn names_file(span: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    FOLDERS.iter().any(|folder| span.starts_with(folder))
        && span.chars().all(plain)
        && span.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

/// Why the link leads nowhere, if it does.
fn dead(tree: &Tree, page: &File, target: &str) -> Option<String> {
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = percent_decoded(path);
    let Some(full) = resolve(&page.path, &path) else {
        return Some(format!("`{target}` leads out of the repository: copy what the reader needs"));
    };
    if !tree.has(&full) {
        return Some(format!("`{target}` does not exist: correct or remove the link"));
    }
    let linked = tree.file(&full).filter(|file| file.path.ends_with(".md"))?;
    if anchor.is_empty() || markdown::anchors(&linked.text).contains(&percent_decoded(anchor)) {
        return None;
    }
    Some(format!("`{full}` has no heading `#{anchor}`: correct the anchor"))
}

/// The path from the root; `None` when it would leave the repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(page.to_owned());
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(links: &str) -> Vec<Finding> {
        check(&Tree::of(&[
            ("docs/a.md", links),
            ("docs/b.md", "# Two words\n# 开始\n"),
            ("README.md", "# Top\n"),
        ]))
    }

    #[test]
    fn links_to_files_folders_anchors_and_other_hosts_pass() {
        let good = "# Here\n[x](b.md) [x](../README.md#top) [x](#here) [x](b.md#two-words) [x](.)\n\
            [x](b.md#%E5%BC%80%E5%A7%8B) [x](/docs) [x](https://example.com/x) `docs/b.md` `docs/*.md`\n";
        assert_eq!(found_in(good), []);
    }

    #[test]
    fn dead_files_anchors_and_paths_are_found() {
        for bad in
            ["[x](c.md)", "[x](b.md#three)", "[x](../../a.md)", "[x](#nowhere)", "`docs/c.md`"]
        {
            let found = found_in(&format!("ok\n{bad}\n"));
            assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{bad}");
        }
    }
}
