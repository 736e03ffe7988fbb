//! Reads environment variables into the configuration: `MAGPIE_<SECTION>__<KEY>` for every key
//! and short names for the few that scripts use most. Takes the variables; reads no environment.

use std::collections::BTreeMap;

use super::{Config, Place, Problem, SecretText, problem::did_you_mean, setting::Raw};

/// Names without a section, and the key they stand for.
const SHORT_NAMES: [(&str, Option<(&str, &str)>); 4] = [
    ("MAGPIE_LISTEN", Some(("server", "listen"))),
    ("MAGPIE_DATA", Some(("server", "data"))),
    ("MAGPIE_API_KEY", None),
    ("MAGPIE_CONFIG", None),
];

/// The variable of a key: `dialects.market` and `id_prefix` give `MAGPIE_DIALECTS__MARKET__ID_PREFIX`.
#[must_use]
pub(super) fn variable_of(section: &str, key: &str) -> String {
    format!("MAGPIE_{}__{}", section.replace('.', "__"), key).to_ascii_uppercase()
}

/// Reads the variables that begin with `MAGPIE_`. A short name loses against the long one.
pub(super) fn read_into(
    config: &mut Config,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) {
    for (name, target) in SHORT_NAMES {
        let Some(text) = variables.get(name).filter(|text| !text.is_empty()) else { continue };
        let place = Place::Environment(name.to_owned());
        match target {
            Some((section, key)) => config.set(section, key, Raw::Text(text), place, problems),
            None if name == "MAGPIE_API_KEY" => {
                config.api_key = Some(SecretText::new(text));
                config.places.insert("identity.api_key".to_owned(), place);
            }
            // Names the file itself: used before anything is read.
            None => {}
        }
    }
    let known: BTreeMap<String, (&'static str, &'static str)> = config
        .sections()
        .iter()
        .flat_map(|section| {
            let name = section.name();
            section
                .keys()
                .into_iter()
                .map(move |key| (variable_of(name, key.name), (name, key.name)))
        })
        .collect();
    for (name, text) in variables {
        let place = Place::Environment(name.clone());
        if let Some((section, key)) = known.get(name) {
            config.set(section, key, Raw::Text(text), place, problems);
        } else if let Some(text) = unknown(name, &known) {
            problems.push(Problem { place, key: String::new(), text });
        }
    }
}

/// What to say about a variable that is no key. Names without `__` may belong to other programs
/// (a container's `MAGPIE_PORT`), so only a slip of a short name is worth an error.
fn unknown<V>(name: &str, known: &BTreeMap<String, V>) -> Option<String> {
    let short = || SHORT_NAMES.iter().map(|(short, _)| *short);
    if short().any(|known| known == name) {
        return None;
    }
    if name.contains("__") {
        let hint = did_you_mean(name, known.keys().map(String::as_str));
        return Some(format!("no such key{hint}"));
    }
    let one_slip = |short: &&str| strsim::damerau_levenshtein(name, short) == 1;
    short().find(one_slip).map(|short| format!("no such variable; did you mean `{short}`?"))
}
