//! Broken versions of every golden client frame: each scalar replaced by what an injection would
//! put there.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

/// A frame with one scalar replaced.
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) text: String,
    /// `null` stands for "absent" where a field is optional, and a body's own fields are not the
    /// server's business: no error then.
    pub(crate) may_pass: bool,
}

/// Fields that may be absent.
const OPTIONAL: [&str; 8] = ["r", "cid", "limit", "before", "after", "re", "name", "avatar"];

/// The golden frames that are sent after hello (`hello` false) or the hellos.
pub(crate) fn mutants(hello: bool) -> Vec<Mutant> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../magpie-proto/golden/v1/client");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("hello") == hello)
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut out = Vec::new();
    for name in names {
        let frame: Value =
            serde_json::from_str(&fs::read_to_string(folder.join(&name)).unwrap()).unwrap();
        let mut places = Vec::new();
        scalars(&frame, String::new(), &mut places);
        for place in places {
            for evil in [json!({"$ne": ""}), json!([1]), Value::Null] {
                let mut broken = frame.clone();
                *broken.pointer_mut(&place).unwrap() = evil.clone();
                let field = place.trim_start_matches('/');
                let passing = place.starts_with("/b/") && !["b/k", "b/x"].contains(&field);
                out.push(Mutant {
                    name: format!("{} with {place} = {evil}", name.trim_end_matches(".json")),
                    text: broken.to_string(),
                    may_pass: passing || (evil.is_null() && OPTIONAL.contains(&field)),
                });
            }
        }
    }
    out
}

fn scalars(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| scalars(v, format!("{at}/{k}"), out)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| scalars(v, format!("{at}/{i}"), out));
        }
        _ => out.push(at),
    }
}
