//! Reads a TOML file into the configuration, key by key, with the line of everything wrong.

use std::{fs, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Config, ConfigError, Place, Problem, problem::did_you_mean, setting::Raw, table::Section,
};

/// Reads a file into the configuration; what is wrong with single keys is collected.
///
/// # Errors
/// [`ConfigError`] when the file cannot be read or is not TOML.
pub(super) fn read_into(
    config: &mut Config,
    path: &Path,
    problems: &mut Vec<Problem>,
) -> Result<(), ConfigError> {
    let unreadable = |text: String| {
        let place = Place::File { path: path.to_owned(), line: 1 };
        ConfigError::one(place, "", text)
    };
    let bytes = fs::read(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        unreadable(format!("is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))
    })?;
    let reader = Reader { path, text: &text };
    let (root, faults) = DeTable::parse_recoverable(&text);
    if let Some(fault) = faults.first() {
        let place = reader.place(fault.span().map_or(0, |span| span.start));
        return Err(ConfigError::one(place, "", format!("not TOML: {}", fault.message())));
    }
    reader.table(config, "", root.get_ref(), problems);
    Ok(())
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn place(&self, at: usize) -> Place {
        let head = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + head.iter().filter(|byte| **byte == b'\n').count();
        Place::File { path: self.path.to_owned(), line }
    }

    /// Reads a table that is a section, or holds sections, or both.
    fn table(
        &self,
        config: &mut Config,
        name: &str,
        table: &DeTable<'_>,
        problems: &mut Vec<Problem>,
    ) {
        for (key, value) in table {
            let found = key.get_ref().as_ref();
            let dotted = if name.is_empty() { found.to_owned() } else { format!("{name}.{found}") };
            if let DeValue::Table(inner) = value.get_ref()
                && is_section_or_parent(config, &dotted)
            {
                self.table(config, &dotted, inner, problems);
            } else if has_key(config, name, found) {
                let place = self.place(value.span().start);
                config.set(name, found, Raw::Toml(value.get_ref()), place, problems);
            } else {
                problems.push(self.unknown(config, name, key, value));
            }
        }
    }

    fn unknown(
        &self,
        config: &Config,
        name: &str,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Problem {
        let found = key.get_ref().as_ref();
        let dotted = if name.is_empty() { found.to_owned() } else { format!("{name}.{found}") };
        let sections = config.sections();
        let text = if value.get_ref().is_table() {
            let hint = did_you_mean(&dotted, sections.iter().map(|section| section.name()));
            format!("no such section{hint}")
        } else if is_section_or_parent(config, &dotted) {
            format!("this is a section: write `[{dotted}]` and its keys below")
        } else {
            unknown_key(&sections, name, found)
        };
        Problem { place: self.place(key.span().start), key: dotted, text }
    }
}

/// "no such key", with the nearest name of its section or the section where that name exists.
fn unknown_key(sections: &[&dyn Section], name: &str, found: &str) -> String {
    let here = sections.iter().find(|section| section.name() == name);
    let keys = here.map(|section| section.keys()).unwrap_or_default();
    let near = did_you_mean(found, keys.iter().map(|key| key.name));
    if !near.is_empty() {
        return format!("no such key{near}");
    }
    let elsewhere: Vec<_> = sections
        .iter()
        .filter(|section| section.keys().iter().any(|key| key.name == found))
        .map(|section| format!("`[{}]`", section.name()))
        .collect();
    if elsewhere.is_empty() {
        "no such key; docs/config.md lists all keys".to_owned()
    } else {
        format!("no such key here; it belongs under {}", elsewhere.join(" or "))
    }
}

fn is_section_or_parent(config: &Config, dotted: &str) -> bool {
    let inside = |name: &str| name.strip_prefix(dotted).is_some_and(|rest| rest.starts_with('.'));
    config.sections().iter().any(|section| section.name() == dotted || inside(section.name()))
}

fn has_key(config: &Config, section: &str, key: &str) -> bool {
    config
        .sections()
        .iter()
        .any(|found| found.name() == section && found.keys().iter().any(|known| known.name == key))
}
