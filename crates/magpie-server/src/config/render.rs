//! Writes the key table as text: `docs/config.md`, the example file and the short starter file.
//! Generated, so that documentation and code cannot differ.

use std::fmt::Write as _;

use super::{
    Config,
    environment::variable_of,
    table::{KeyDoc, Section, paragraph},
};

/// The keys that most owners change, for the starter file.
const FIRST_KEYS: [&str; 8] = [
    "server.listen",
    "server.data",
    "server.trusted_proxies",
    "server.allowed_origins",
    "identity.create_unknown_users",
    "dialects.mode",
    "dialects.enabled",
    "log.format",
];

const COMMENT_COLUMNS: usize = 90;

/// The example file with every key, commented out, with its default.
#[must_use]
pub fn example() -> String {
    let mut out = String::from(
        "# Configuration of Magpie: every key with its default. Take the # away in front of a key to set it.\n\
         # Order: these defaults, this file, environment, command line flags; later ones win.\n\
         # Each key also has an environment variable, MAGPIE_<SECTION>__<KEY>: dots become two underscores.\n\
         # Check a file with: magpie check --config FILE\n",
    );
    toml(&mut out, |_, _| true);
    out
}

/// The starter file with the keys that most owners change.
#[must_use]
pub fn starter() -> String {
    let mut out = String::from(
        "# Configuration of Magpie: the keys that are changed most, with their defaults.\n\
         # Take the # away in front of a key to set it. Every key: magpie init --full --print\n\
         # Check this file with: magpie check --config FILE\n",
    );
    toml(&mut out, |section, key| FIRST_KEYS.contains(&format!("{section}.{key}").as_str()));
    out
}

fn toml(out: &mut String, wanted: impl Fn(&str, &str) -> bool) {
    let config = Config::default();
    for section in config.sections() {
        let keys: Vec<_> =
            section.keys().into_iter().filter(|key| wanted(section.name(), key.name)).collect();
        if keys.is_empty() {
            continue;
        }
        out.push('\n');
        comment(out, &paragraph(section.doc()));
        let _ = writeln!(out, "[{}]", section.name());
        for key in keys {
            out.push('\n');
            comment(out, &format!("{}{}", key.text(), range_text(&key)));
            let shown = section.show(key.name).unwrap_or_else(|| (key.example)().to_owned());
            let _ = writeln!(out, "#{} = {shown}", key.name);
        }
    }
}

/// Writes a paragraph as comment lines. Backticks are for the documentation.
fn comment(out: &mut String, text: &str) {
    let mut line = String::new();
    for word in text.replace('`', "").split(' ') {
        if !line.is_empty() && line.len() + word.len() > COMMENT_COLUMNS {
            let _ = writeln!(out, "#{line}");
            line.clear();
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "#{line}");
}

fn range_text(key: &KeyDoc) -> String {
    key.range.as_ref().map_or_else(String::new, |range| {
        format!(" Allowed: {} to {}.", range.start(), range.end())
    })
}

/// `docs/config.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         <!-- Generated from the key table in crates/magpie-server/src/config; do not edit. \
         `MAGPIE_BLESS=1 cargo test -p magpie-server --test cli_docs` writes it anew. -->\n\n\
         Magpie runs without any configuration. What is set is taken from, later ones winning:\n\n\
         1. the defaults below,\n\
         2. a TOML file: `--config FILE`, else `MAGPIE_CONFIG`, else `magpie.toml` in the current directory,\n\
         3. environment variables: `MAGPIE_<SECTION>__<KEY>` for every key (two underscores; entries of a \
         list are separated by commas), and the short names `MAGPIE_LISTEN` and `MAGPIE_DATA`, which lose \
         against the long ones,\n\
         4. command line flags: `--listen`, `--data`, `--dev`.\n\n\
         `magpie init` writes a commented file, `magpie check` judges file and environment without starting \
         anything. An unknown key, a wrong type or a number out of range is an error that names file and \
         line, or the variable; a server with a bad configuration binds no port and exits with code 64.\n\n\
         Two variables carry secrets or paths and have no key: `MAGPIE_API_KEY` (an API key for backends; \
         as a file: `identity.api_key_file`) and `MAGPIE_CONFIG`.\n",
    );
    let config = Config::default();
    for section in config.sections() {
        markdown_section(&mut out, section);
    }
    out
}

fn markdown_section(out: &mut String, section: &dyn Section) {
    let _ = writeln!(out, "\n## `[{}]`\n\n{}\n", section.name(), paragraph(section.doc()));
    out.push_str("| key | default | meaning | environment |\n| --- | --- | --- | --- |\n");
    for key in section.keys() {
        let shown =
            section.show(key.name).map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
        let variable = variable_of(section.name(), key.name);
        let meaning = format!("{}{}", key.text(), range_text(&key)).replace('|', "\\|");
        let _ = writeln!(out, "| `{}` | {shown} | {meaning} | `{variable}` |", key.name);
    }
}
