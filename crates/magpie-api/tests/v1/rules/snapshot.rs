//! The description of the API as files in the repository: a change of the API is a change there.
//! `MAGPIE_BLESS=1 cargo test -p magpie-api` writes them anew.

use std::{env, fmt::Write, fs, path::Path};

use serde_json::Value;

use crate::world::contract::{self, DOCUMENT};

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if env::var_os("MAGPIE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/{name} is not what the code says: run `MAGPIE_BLESS=1 cargo test -p magpie-api` and \
         look at the difference"
    );
}

#[test]
fn the_openapi_document_is_the_one_in_the_repository() {
    compare("openapi.json", &format!("{}\n", magpie_api::document()));
}

#[test]
fn the_pages_for_people_say_what_the_document_says() {
    compare("http-api.md", &markdown());
}

fn markdown() -> String {
    let mut out = String::from(
        "# HTTP API v1\n\n<!-- Generated from docs/openapi.json by the tests of magpie-api; do not \
         edit. -->\n\n",
    );
    let about = DOCUMENT["info"]["description"].as_str().unwrap();
    let _ = write!(
        out,
        "{about}\n\nA running server shows the same at `/docs`, and as OpenAPI at `/openapi.json`.\n\
         Requests and answers are JSON. Unknown fields in a request are refused, so that a \
         misspelled one is noticed; answers may grow fields.\n\n"
    );
    errors(&mut out);
    for tag in DOCUMENT["tags"].as_array().unwrap() {
        let name = tag["name"].as_str().unwrap();
        let _ = write!(out, "## {name}\n\n{}\n\n", tag["description"].as_str().unwrap());
        let own = contract::operations().into_iter().filter(|o| o.value["tags"][0] == name);
        own.for_each(|operation| section(&mut out, &operation));
    }
    out
}

fn errors(out: &mut String) {
    out.push_str("## Errors\n\n| code | status | retry |\n| --- | --- | --- |\n");
    for code in magpie_proto::ErrorCode::ALL {
        let retry = match code.retry() {
            magpie_proto::Retry::Never => "never".to_owned(),
            magpie_proto::Retry::Later => "later".to_owned(),
            magpie_proto::Retry::AfterMs(ms) => format!("after {ms} ms"),
        };
        let _ = writeln!(out, "| `{}` | {} | {retry} |", code.as_str(), code.http_status());
    }
    out.push('\n');
}

fn section(out: &mut String, operation: &contract::Operation) {
    let value = operation.value;
    let summary = value["summary"].as_str().unwrap();
    let _ = write!(out, "### {} {}\n\n{summary}\n\n", operation.method, operation.path);
    if let Some(text) = value["description"].as_str() {
        let _ = write!(out, "{}\n\n", text.trim());
    }
    let _ = write!(out, "Needs {}.\n\n", needs(value));
    let parameters = value["parameters"].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<[String; 3]> = Vec::new();
    for parameter in &parameters {
        let place =
            format!("{}, {}", parameter["in"].as_str().unwrap(), kind(&parameter["schema"]));
        rows.push([text(&parameter["name"]), place, text(&parameter["description"])]);
    }
    fields(&mut rows, &value["requestBody"]["content"]["application/json"]["schema"], "body");
    for (status, response) in value["responses"].as_object().unwrap() {
        if status.starts_with('2') {
            let schema = &response["content"]["application/json"]["schema"];
            fields(&mut rows, schema, &format!("answer {status}"));
        }
    }
    if !rows.is_empty() {
        out.push_str("| name | where, type | meaning |\n| --- | --- | --- |\n");
        for [name, place, meaning] in rows {
            let meaning = meaning.replace('\n', " ").replace('|', "\\|");
            let _ = writeln!(out, "| `{name}` | {place} | {meaning} |");
        }
        out.push('\n');
    }
    let statuses: Vec<_> = value["responses"].as_object().unwrap().keys().cloned().collect();
    let _ = write!(out, "Statuses: {}.\n\n", statuses.join(", "));
}

fn needs(value: &Value) -> String {
    let Some(list) = value["security"].as_array() else { return "nothing".to_owned() };
    let each = list.iter().map(|entry| match entry["api_key"][0].as_str() {
        Some(scope) => format!("an API key with the scope `{scope}`"),
        None => "the user's own token".to_owned(),
    });
    each.collect::<Vec<_>>().join(" or ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Follows references, and the one that is not `null` out of a choice.
fn resolve(schema: &Value) -> &Value {
    if let Some(path) = schema["$ref"].as_str() {
        return &DOCUMENT["components"]["schemas"][path.rsplit('/').next().unwrap()];
    }
    let choice = schema["oneOf"].as_array().into_iter().flatten().find(|one| one["type"] != "null");
    choice.filter(|one| one.get("$ref").is_some()).map_or(schema, resolve)
}

fn fields(rows: &mut Vec<[String; 3]>, schema: &Value, place: &str) {
    let schema = resolve(schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fields(rows, part, place);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}, {}", kind(field));
        let choice = field["oneOf"].as_array().into_iter().flatten();
        let inner = choice.filter(|one| one.get("$ref").is_some());
        let inner = inner.filter_map(|one| one["description"].as_str()).next();
        let own = field["description"].as_str().or(inner);
        let meaning = own.or_else(|| resolve(field)["description"].as_str()).unwrap_or_default();
        rows.push([name.clone(), place, meaning.to_owned()]);
    }
}

fn kind(schema: &Value) -> String {
    let schema = resolve(schema);
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return words.join(" / ");
    }
    if let Some(all) = schema["oneOf"].as_array() {
        let constants: Vec<_> = all
            .iter()
            .filter_map(|one| one["const"].as_str().or(one["enum"][0].as_str()))
            .collect();
        return if constants.is_empty() { "object".to_owned() } else { constants.join(" / ") };
    }
    if schema.get("allOf").is_some() {
        return "object".to_owned();
    }
    let named = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(many) => text(many.iter().find(|one| *one != "null").unwrap_or(&Value::Null)),
        _ => "any JSON".to_owned(),
    };
    if named == "array" { format!("list of {}", kind(&schema["items"])) } else { named }
}
