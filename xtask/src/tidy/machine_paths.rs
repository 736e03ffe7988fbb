//! Nothing committed names one person's machine: no absolute paths of a home or build folder,
//! no download hosts. Lock files may name a public index, but no download address.

use super::Finding;
use super::tree::Tree;

/// Written in parts, so that this file does not find itself.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
const HOSTS: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "npmmirror.com"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("rs", "proxy.cn"),
    concat!("proxy.", "golang.org"),
];
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let is_lock = LOCK_FILES.contains(&name);
        for (index, line) in file.text.lines().enumerate() {
            let advice = if is_lock { download_address(line) } else { of_machine(line) };
            if let Some(advice) = advice {
                findings.push(Finding {
                    file: file.path.clone(),
                    line: index + 1,
                    rule: "machine-path",
                    advice,
                });
            }
        }
    }
    findings
}

fn of_machine(line: &str) -> Option<String> {
    if let Some(folder) = FOLDERS.iter().find(|folder| has_absolute(line, folder)) {
        return Some(format!(
            "`{folder}` exists on one machine only: use a path relative to the repository"
        ));
    }
    let host = HOSTS.iter().find(|host| line.contains(**host))?;
    Some(format!("`{host}` is the choice of whoever builds: leave it to their configuration"))
}

/// Whether the folder starts a path here, rather than being the middle of a longer one.
fn has_absolute(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}~)".contains(c))
    })
}

fn download_address(line: &str) -> Option<String> {
    line.trim_start().starts_with("\"resolved\": \"http").then(|| {
        "a download address in the lock file: `npm install` with omit-lockfile-registry-resolved=true in .npmrc leaves it out"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_and_download_hosts_are_found() {
        for bad in FOLDERS.iter().chain(HOSTS) {
            let text = format!("ok\nsee \"{bad}x\"\n");
            let found = check(&Tree::of(&[("docs/a.md", &text)]));
            assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{bad}");
        }
        let lock = format!("{{\n  \"resolved\": \"https://{}/a.tgz\"\n}}\n", "example.com");
        assert_eq!(check(&Tree::of(&[("web/package-lock.json", &lock)])).len(), 1);
    }

    #[test]
    fn longer_paths_and_the_index_in_a_lock_file_pass() {
        let page = FOLDERS.iter().map(|folder| format!("https://example.com{folder}a\n"));
        let page = page.collect::<String>();
        let lock = format!("source = \"registry+https://{}\"\n", concat!("index.", "crates.io"));
        assert_eq!(check(&Tree::of(&[("a.md", &page), ("Cargo.lock", &lock)])), []);
    }
}
