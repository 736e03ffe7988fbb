//! Reads what callgrind writes down: the instructions of each function, and of each call from one
//! function to another with everything below it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

/// One dump.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dump {
    /// Instructions of all functions together.
    pub(super) total: u64,
    /// Each function's own.
    pub(super) own: BTreeMap<String, u64>,
    /// Caller, callee: the callee's with everything that it called from there.
    pub(super) calls: BTreeMap<(String, String), u64>,
}

/// Reads the dump in a file.
pub(super) fn read(file: &Path) -> Result<Dump> {
    let bytes = std::fs::read(file).with_context(|| {
        format!("{} is missing: does the stand still call `part_ends`?", file.display())
    })?;
    parse(&String::from_utf8_lossy(&bytes)).with_context(|| format!("in {}", file.display()))
}

/// Reads a dump; see "Callgrind Format Specification".
fn parse(text: &str) -> Result<Dump> {
    let mut dump = Dump::default();
    let mut names = BTreeMap::new();
    let (mut function, mut callee) = (String::new(), String::new());
    let mut is_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = resolve(&mut names, name)?;
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = resolve(&mut names, name)?;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = cost(line)?;
            if std::mem::take(&mut is_call) {
                *dump.calls.entry((function.clone(), callee.clone())).or_default() += cost;
            } else {
                *dump.own.entry(function.clone()).or_default() += cost;
                dump.total += cost;
            }
        }
    }
    Ok(dump)
}

/// A position, then the instructions; no number stands for none.
fn cost(line: &str) -> Result<u64> {
    match line.split_ascii_whitespace().nth(1) {
        None => Ok(0),
        Some(number) => number.parse().with_context(|| format!("no cost in `{line}`")),
    }
}

/// `(7) name` the first time, `(7)` from then on.
fn resolve(names: &mut BTreeMap<String, String>, text: &str) -> Result<String> {
    let (number, name) = text.split_once(')').context("a function without a number")?;
    let name = name.trim();
    if !name.is_empty() {
        names.insert(number.to_owned(), plain(name));
    }
    names.get(number).cloned().with_context(|| format!("function {text} was never named"))
}

/// A name that stays the same from build to build: without the compiler's hash and the number of
/// a recursion.
fn plain(name: &str) -> String {
    let name = match name.rsplit_once('\'') {
        Some((front, depth)) if depth.bytes().all(|b| b.is_ascii_digit()) => front,
        _ => name,
    };
    let hashed = |hash: &str| hash.len() == 17 && hash.starts_with('h');
    match name.rsplit_once("::") {
        Some((front, hash)) if hashed(hash) => front.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn own_instructions_and_calls_are_told_apart_and_compressed_names_resolved() {
        let text = "version: 1\nevents: Ir\n\nfl=(1) a.rs\nfn=(1) a::b::h0123456789abcdef\n\
                    16 400\n+1 5\ncfn=(2) memcpy\ncalls=1 50\n* 90\n\nfn=(2)\n7 80\nfi=(3) b.c\n\
                    9 10\nfn=(3) a::b'2\n1\ntotals: 495\n";
        let dump = parse(text).unwrap();
        assert_eq!(dump.total, 495);
        assert_eq!(dump.own["a::b"], 405);
        assert_eq!(dump.own["memcpy"], 90);
        assert_eq!(dump.calls[&("a::b".to_owned(), "memcpy".to_owned())], 90);
    }

    #[test]
    fn a_function_that_was_never_named_is_an_error() {
        assert!(parse("fn=(4)\n1 1\n").is_err());
    }
}
