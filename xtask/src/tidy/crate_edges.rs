//! Which crate may know which: the direction of the workspace, and the libraries that would
//! break a promise of a layer. Read from `cargo metadata`, so that nothing slips by.

use super::Finding;
use super::tree::Tree;
use crate::metadata::{Dependency, Package};

/// Own crates that each crate may depend on. Tests may use any of them.
const EDGES: &[(&str, &[&str])] = &[
    ("magpie-proto", &[]),
    ("magpie-core", &["magpie-proto"]),
    ("magpie-store", &["magpie-core", "magpie-proto"]),
    ("magpie-bus", &["magpie-core", "magpie-proto"]),
    ("magpie-auth", &["magpie-core", "magpie-proto"]),
    ("magpie-media", &["magpie-core", "magpie-proto"]),
    ("magpie-gateway", &["magpie-core", "magpie-proto", "magpie-auth"]),
    ("magpie-api", &["magpie-core", "magpie-proto", "magpie-auth", "magpie-media"]),
    (
        "magpie-server",
        &[
            "magpie-api",
            "magpie-auth",
            "magpie-bus",
            "magpie-client",
            "magpie-core",
            "magpie-gateway",
            "magpie-media",
            "magpie-proto",
            "magpie-store",
        ],
    ),
    ("magpie-client", &["magpie-proto"]),
    ("magpie-bench", &["magpie-client", "magpie-core", "magpie-proto", "magpie-store"]),
    ("magpie-testkit", &["magpie-core", "magpie-proto", "magpie-client"]),
    (
        "magpie-path",
        &[
            "magpie-auth",
            "magpie-bus",
            "magpie-core",
            "magpie-gateway",
            "magpie-proto",
            "magpie-store",
        ],
    ),
    ("xtask", &["magpie-proto"]),
];

/// Libraries with the only crates that may name them outside tests.
const LIBRARIES: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["magpie-store"], "only the store knows a database"),
    ("axum", &["magpie-api", "magpie-server"], "only the HTTP API knows the web framework"),
    ("hyper", &["magpie-gateway", "magpie-server"], "only the gateway owns sockets"),
    ("getrandom", &["magpie-auth", "magpie-server"], "randomness comes through the ids port"),
    ("image", &["magpie-media"], "only the media crate opens files that strangers made"),
    ("anyhow", &["magpie-server", "magpie-bench", "xtask"], "a library has one `thiserror` enum"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.packages.iter().flat_map(|package| of_package(tree, package)).collect()
}

fn of_package(tree: &Tree, package: &Package) -> Vec<Finding> {
    let manifest = package.manifest_path.to_string_lossy().into_owned();
    let finding =
        |line, advice| Finding { file: manifest.clone(), line, rule: "crate-edge", advice };
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
        let advice = format!(
            "`{}` is not in the table of crate edges: say in xtask/src/tidy/crate_edges.rs what it may depend on",
            package.name
        );
        return vec![finding(1, advice)];
    };
    let normal = package.dependencies.iter().filter(|one| one.kind.as_deref() != Some("dev"));
    normal
        .filter_map(|dependency| {
            let advice = complaint(&package.name, allowed, dependency)?;
            Some(finding(line_of(tree, &manifest, &dependency.name), advice))
        })
        .collect()
}

fn complaint(package: &str, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let own = EDGES.iter().any(|(own, _)| *own == name);
    if own && !allowed.contains(&name) {
        return Some(format!(
            "`{package}` may not depend on `{name}`: go through a port, or make it a dev-dependency if only tests need it"
        ));
    }
    let (_, _, reason) = LIBRARIES
        .iter()
        .find(|(library, users, _)| *library == name && !users.contains(&package))?;
    Some(format!("`{package}` may not depend on `{name}`: {reason}"))
}

fn line_of(tree: &Tree, manifest: &str, dependency: &str) -> usize {
    let position = tree.file(manifest).and_then(|file| {
        file.text.lines().position(|line| {
            line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        })
    });
    position.map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn tree(package: &str, dependencies: &str) -> Tree {
        let json = format!(
            r#"{{"name": "{package}", "version": "0.1.0", "license": null, "source": null,
                "manifest_path": "crates/{package}/Cargo.toml", "dependencies": [{dependencies}]}}"#
        );
        let manifest = format!("crates/{package}/Cargo.toml");
        let mut tree = Tree::of(&[(&manifest, "[dependencies]\nmagpie-store.workspace = true\n")]);
        tree.packages.push(serde_json::from_str(&json).unwrap());
        tree
    }

    #[test]
    fn edges_of_the_table_and_dev_edges_pass() {
        let good = r#"{"name": "magpie-core", "kind": null}, {"name": "serde", "kind": null},
            {"name": "magpie-testkit", "kind": "dev"}, {"name": "magpie-store", "kind": "dev"}"#;
        assert!(check(&tree("magpie-gateway", good)).is_empty());
    }

    #[test]
    fn an_edge_against_the_direction_is_found_at_its_line() {
        let found = check(&tree("magpie-core", r#"{"name": "magpie-store", "kind": null}"#));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{found:?}");
    }

    #[test]
    fn the_testkit_is_never_a_normal_dependency() {
        for crate_name in EDGES.iter().map(|(name, _)| name) {
            let found = check(&tree(crate_name, r#"{"name": "magpie-testkit", "kind": null}"#));
            assert_eq!(found.len(), 1, "{crate_name}");
        }
    }

    #[test]
    fn a_library_of_another_layer_and_an_unlisted_crate_are_found() {
        assert_eq!(check(&tree("magpie-core", r#"{"name": "rusqlite", "kind": null}"#)).len(), 1);
        assert_eq!(check(&tree("magpie-new", "")).len(), 1);
    }
}
