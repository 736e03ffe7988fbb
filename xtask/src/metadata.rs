//! What `cargo metadata` tells, cut down to the fields the checks read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::shell;

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` is a normal dependency, otherwise `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    /// Whether `cargo test` runs it; false for a module that several tests share.
    #[serde(default = "yes")]
    pub(crate) test: bool,
    /// Without these features of its package it is not even compiled.
    #[serde(default, rename = "required-features")]
    pub(crate) required_features: Vec<String>,
}

/// The workspace's own packages.
pub(crate) fn workspace(root: &Path) -> Result<Metadata> {
    load(root, &["metadata", "--no-deps", "--format-version", "1"])
}

/// The workspace with every package of the lock file, those of features too.
pub(crate) fn with_dependencies(root: &Path) -> Result<Metadata> {
    load(root, &["metadata", "--locked", "--all-features", "--format-version", "1"])
}

fn load(root: &Path, args: &[&str]) -> Result<Metadata> {
    let json = shell::output(root, &shell::cargo(), args)?;
    serde_json::from_slice(&json).context("cargo metadata answered in an unknown format")
}
fn yes() -> bool {
    true
}
