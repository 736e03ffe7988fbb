//! What holds for every answer of the API, whoever asked for it: its status is declared by the
//! OpenAPI document, errors have the one shape, and nothing is left to a browser's guess.

use std::sync::LazyLock;

use serde_json::Value;

use super::Answer;

/// The document as served.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&magpie_api::document()).unwrap());

/// One documented operation.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub value: &'static Value,
}

/// All of them.
pub fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, value)| Operation {
            id: value["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase(),
            path: path.clone(),
            value,
        })
    });
    each.collect()
}

/// The documented path that this address belongs to; plain segments win over parameters.
pub fn template(path: &str) -> Option<String> {
    let fits = |template: &str| {
        let (mut a, mut b) = (template.split('/'), path.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(t), Some(p)) if t == p || (t.starts_with('{') && !p.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().keys();
    paths.filter(|path| fits(path)).min_by_key(|path| path.matches('{').count()).cloned()
}

/// Fails when an answer breaks the contract.
pub fn hold(method: &str, path: &str, answer: &Answer) {
    let shown = format!("{method} {path} -> {} {}", answer.status, answer.text);
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{shown}");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{shown}");
    let file = answer.header("content-security-policy").starts_with("sandbox");
    // A range that is not there has an answer of its own, without a body.
    if answer.status >= 400 && method != "HEAD" && !(file && answer.status == 416) {
        error_shape(answer, &shown);
    }
    if file {
        assert!(answer.header("cache-control").ends_with("immutable"), "{shown}");
    } else if path.starts_with("/v1") {
        assert_eq!(answer.header("cache-control"), "no-store", "{shown}");
    }
    if method == "OPTIONS" || method == "HEAD" {
        return;
    }
    let Some(template) = template(path) else { return };
    let operation = &DOCUMENT["paths"][&template][method.to_lowercase()];
    if operation.is_null() {
        assert_eq!(answer.status, 405, "an undocumented method: {shown}");
        assert!(!answer.header("allow").is_empty(), "405 without Allow: {shown}");
        return;
    }
    let declared = &operation["responses"][answer.status.to_string()];
    assert!(!declared.is_null(), "an undeclared status: {shown}");
    let has_body = declared.get("content").is_some();
    assert_eq!(has_body, !answer.text.is_empty(), "declared content and body differ: {shown}");
}

fn error_shape(answer: &Answer, shown: &str) {
    assert_eq!(answer.header("content-type"), "application/json", "{shown}");
    let error = answer.json["error"].as_object().unwrap_or_else(|| panic!("no error: {shown}"));
    let code = error["code"].as_str().unwrap();
    let known = magpie_proto::ErrorCode::ALL.iter().find(|known| known.as_str() == code);
    assert_eq!(known.unwrap().http_status(), answer.status, "{shown}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{shown}");
    let retry = error["retry"].as_str().unwrap();
    assert!(["never", "later", "after_ms"].contains(&retry), "{shown}");
    assert_eq!(retry == "after_ms", error.contains_key("after_ms"), "{shown}");
}
