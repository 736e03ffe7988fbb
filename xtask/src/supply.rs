//! `cargo xtask supply`: licences, sources and version floors of every locked dependency.
//! Needs nothing but cargo; `cargo deny` (deny.toml) is run on top where it is installed.

mod licence;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::console::{complain, say};
use crate::metadata::{self, Package};
use crate::shell;

/// Below these versions a published advisory or a missing limit applies.
const FLOORS: &[(&str, [u64; 3])] = &[
    ("async-nats", [0, 29, 0]),
    ("h2", [0, 4, 16]),
    ("jsonwebtoken", [10, 3, 0]),
    ("rustls-webpki", [0, 103, 13]),
    ("sqlx", [0, 8, 1]),
    ("tungstenite", [0, 20, 1]),
];

/// The only place packages may come from, besides this repository.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the lock file; `false` when something is not allowed.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let packages = metadata::with_dependencies(root)?.packages;
    let complaints: Vec<String> = packages.iter().flat_map(complaints).collect();
    for complaint in &complaints {
        complain(&format!("Cargo.lock: [supply] {complaint}"));
    }
    say(&format!("supply: {} packages, {} findings", packages.len(), complaints.len()));
    if !shell::has_cargo_subcommand("deny") {
        say("supply: `cargo deny` is not installed, so deny.toml itself was not run; \
            the checks above cover the same licences, sources and floors \
            (cargo install cargo-deny --locked)");
        return Ok(complaints.is_empty());
    }
    let status = Command::new(shell::cargo())
        .args(["deny", "--locked", "check", "licenses", "bans", "sources"])
        .current_dir(root)
        .status()
        .context("cannot start cargo deny")?;
    Ok(complaints.is_empty() && status.success())
}

fn complaints(package: &Package) -> Vec<String> {
    let Package { name, version, .. } = package;
    let mut found = Vec::new();
    match package.license.as_deref() {
        Some(licence) if licence::is_allowed(name, licence) => {}
        Some(licence) => found.push(format!(
            "{name} {version} has the licence `{licence}`, which is not on the list: choose another crate, or decide it in xtask/src/supply/licence.rs and deny.toml"
        )),
        None => found.push(format!("{name} {version} names no licence: choose another crate")),
    }
    if package.source.as_deref().is_some_and(|source| source != SOURCE) {
        found.push(format!(
            "{name} {version} does not come from crates.io: use a published version"
        ));
    }
    let floor = FLOORS.iter().find(|(floor_name, _)| floor_name == name).map(|(_, floor)| floor);
    if let Some(floor) = floor
        && numbers(version) < *floor
    {
        let [major, minor, patch] = floor;
        found.push(format!(
            "{name} {version} is below {major}.{minor}.{patch}: run `cargo update -p {name}`"
        ));
    }
    found
}

/// `1.2.3-rc.1+build` as numbers; what is missing counts as 0.
fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = plain.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn package(name: &str, version: &str, licence: &str, source: &str) -> Package {
        serde_json::from_value(serde_json::json!({
            "name": name, "version": version, "license": licence, "source": source,
            "manifest_path": "x/Cargo.toml",
        }))
        .unwrap()
    }

    #[test]
    fn an_allowed_package_at_its_floor_passes() {
        assert!(complaints(&package("h2", "0.4.16", "MIT", SOURCE)).is_empty());
        assert!(complaints(&package("jsonwebtoken", "11.1.0", "MIT", SOURCE)).is_empty());
    }

    #[test]
    fn an_old_version_a_foreign_source_and_a_strange_licence_are_found() {
        assert_eq!(complaints(&package("h2", "0.4.9", "MIT", SOURCE)).len(), 1);
        assert_eq!(complaints(&package("a", "1.0.0", "MIT", "git+https://example.com/a")).len(), 1);
        assert_eq!(complaints(&package("a", "1.0.0", "AGPL-3.0-only", SOURCE)).len(), 1);
    }

    #[test]
    fn deny_toml_has_the_same_floors() {
        let floor = |(name, [major, minor, patch]): &(&str, [u64; 3])| {
            format!("  {{ crate = \"{name}:<{major}.{minor}.{patch}\" }},\n")
        };
        let list: String = FLOORS.iter().map(floor).collect();
        let text = include_str!("../../deny.toml");
        assert!(text.contains(&format!("\ndeny = [\n{list}]\n")), "expected in deny.toml:\n{list}");
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("0.103.13") > numbers("0.103.9"));
        assert_eq!(numbers("1.2-rc.1"), [1, 2, 0]);
    }
}
