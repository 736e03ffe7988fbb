//! What the checks look at: every file git tracks or would track, and the crates' manifests.
//! Ignored files (build output, dependencies) are never seen here.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::code;
use crate::metadata::{self, Package};
use crate::shell;

/// The repository at one moment.
pub(super) struct Tree {
    /// Every file, also those that are not text.
    pub(super) paths: BTreeSet<String>,
    /// The text files.
    pub(super) files: Vec<File>,
    /// The workspace's own packages.
    pub(super) packages: Vec<Package>,
}

/// One text file; `path` is relative to the root, with `/`.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// Rust only: the text with comments and literals blanked out, line for line.
    pub(super) code: String,
}

impl Tree {
    pub(super) fn load(root: &Path) -> Result<Tree> {
        let listing = shell::output(
            root,
            "git",
            &["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        )?;
        let listing = String::from_utf8(listing).context("a file name is not UTF-8")?;
        let mut tree = Tree {
            paths: BTreeSet::new(),
            files: Vec::new(),
            packages: metadata::workspace(root)?.packages,
        };
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            // A deleted file stays listed until the deletion is committed.
            if !full.is_file() || !tree.paths.insert(path.to_owned()) {
                continue;
            }
            let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                tree.files.push(File::new(path, text));
            }
        }
        for package in &mut tree.packages {
            if let Ok(relative) = package.manifest_path.strip_prefix(root) {
                package.manifest_path = relative.to_path_buf();
            }
        }
        Ok(tree)
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file or folder of this name would be committed.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self
                .paths
                .range(folder.clone()..)
                .next()
                .is_some_and(|next| next.starts_with(&folder))
    }
}

impl File {
    fn new(path: &str, text: String) -> File {
        let code = if path.ends_with(".rs") { code::mask(&text) } else { String::new() };
        File { path: path.to_owned(), text, code }
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Lines without inline tests; all lines of a test file.
    pub(super) fn lines(&self) -> usize {
        let tests: usize =
            code::test_blocks(&self.code).iter().map(|(from, to)| to - from + 1).sum();
        self.text.lines().count() - tests
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of the given files, without packages.
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        Tree {
            paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
            files: files.iter().map(|(path, text)| File::new(path, (*text).to_owned())).collect(),
            packages: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_as_long_as_a_file_is_in_them() {
        let tree = Tree::of(&[("docs/zh/a.md", ""), ("docs-old.md", "")]);
        assert!(tree.has("docs") && tree.has("docs/zh") && tree.has("docs/zh/a.md"));
        assert!(!tree.has("doc") && !tree.has("docs/en"));
    }

    #[test]
    fn inline_tests_do_not_count_as_lines_of_a_file() {
        let text = "//! Doc.\nfn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        let tree = Tree::of(&[("a.rs", text)]);
        assert_eq!(tree.files.iter().map(File::lines).collect::<Vec<_>>(), [2]);
    }
}
